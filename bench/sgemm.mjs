/**
 * The machine's peak: C = A B of 2048 × 2048 floats by OpenBLAS, called through koffi. Speaks as worker.mjs does and
 * answers { do: "train" } with { ms, gflops }. The number of threads is OPENBLAS_NUM_THREADS.
 *
 * OPENBLAS_NUM_THREADS=2 node bench/sgemm.mjs /usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3
 */
import { createInterface } from "node:readline";
import koffi from "koffi";

const N = 2048;
const library = koffi.load(process.argv[2]);
const sgemm = library.func("cblas_sgemm", "void", [
  ...["int", "int", "int", "int", "int", "int", "float"],
  ...["float *", "int", "float *", "int", "float", "_Inout_ float *", "int"],
]);
const matrix = (f) => Float32Array.from({ length: N * N }, (_, k) => f(k % 97));
const [A, B, C] = [matrix(Math.sin), matrix(Math.cos), new Float32Array(N * N)];
const multiply = () => sgemm(101, 111, 111, N, N, N, 1, A, N, B, N, 0, C, N);

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer = { engine: kernelName() };
  if (request.do !== "batch") {
    const cpu = process.cpuUsage();
    const start = performance.now();
    multiply();
    const ms = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    answer = { ms, cpuMs: (user + system) / 1000, gflops: (2 * N ** 3) / ms / 1e6 };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** Which of its kernels OpenBLAS chose. */
function kernelName() {
  try {
    return `OpenBLAS ${library.func("openblas_get_corename", "str", [])()}`;
  } catch {
    return "OpenBLAS";
  }
}
