/** Processes that compute for the benchmark, one for each subject, and what is missing for those that cannot run. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const LIBRARIES = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"];
const found = (name) => LIBRARIES.map((folder) => `${folder}/${name}`).find(existsSync);

/** OpenBLAS chooses its kernels by the processor, whatever this environment would have it choose. */
const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...UNTUNED } = process.env;
const coretype = (kernels) => (kernels === undefined ? {} : { OPENBLAS_CORETYPE: kernels });

/** A process that answers one line with one line. */
function open(command, args, env = {}) {
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...UNTUNED, ...env },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let failed;
  child.on("error", (error) => (failed = error.message));
  child.stdin.on("error", () => undefined); // It has died; the answer says so.
  return {
    pid: child.pid,
    ask: async (request) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await lines.next();
      if (done) return { error: failed ?? `ended (${child.exitCode ?? child.signalCode ?? "no answer"})` };
      return JSON.parse(value);
    },
    close: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.on("close", resolve);
        child.stdin.end();
      }),
  };
}

/** A network on one of our engines: native, wasm relaxed, wasm plain, jax. */
export const openEngine = (engine, network, threads, cpuTime) =>
  open(process.execPath, [here("worker.mjs"), JSON.stringify({ engine, ...network, threads, cpuTime })], {
    EQUIMOL_THREADS: String(threads),
  });

/** What keeps OpenBLAS from being called; undefined when nothing does. */
export function blasProblem() {
  try {
    createRequire(import.meta.url).resolve("koffi");
  } catch {
    return "koffi is not installed (npm ci)";
  }
  return blasLibrary() === undefined ? "OpenBLAS is not installed (Debian: libopenblas0)" : undefined;
}
const blasLibrary = () =>
  found("openblas-pthread/libblas.so.3") ??
  found("openblas-openmp/libblas.so.3") ??
  found("libopenblas.so.0");

export const openBlas = (threads, kernels) =>
  open(process.execPath, [here("sgemm.mjs"), blasLibrary()], {
    OPENBLAS_NUM_THREADS: String(threads),
    OMP_NUM_THREADS: String(threads),
    ...coretype(kernels),
  });

/** The system's Python, which Debian's packages belong to. */
const PYTHON = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

/** What keeps the peer from running; undefined when nothing does. */
export function peerProblem() {
  const { status } = spawnSync(PYTHON, ["-c", "import torch"], {
    stdio: "ignore",
    env: { ...UNTUNED, ...peerEnvironment(1) },
  });
  return status === 0 ? undefined : "PyTorch is not installed (Debian: python3-torch)";
}

/**
 * OpenBLAS with OpenMP, whose threads PyTorch shares, and jemalloc that keeps what was freed, in large pages. Measured
 * for a training step at 64 × 4: 760 ms without either, 255 ms with the first, 200 ms with both.
 */
function peerEnvironment(threads) {
  const openmp = found("openblas-openmp");
  const jemalloc = found("libjemalloc.so.2");
  return {
    OMP_NUM_THREADS: String(threads),
    ...(openmp === undefined ? {} : { LD_LIBRARY_PATH: openmp }),
    ...(jemalloc === undefined ? {} : { LD_PRELOAD: jemalloc, MALLOC_CONF: KEEP_MEMORY }),
  };
}

const KEEP_MEMORY = "dirty_decay_ms:-1,muzzy_decay_ms:-1,thp:always";

/** What the peer is tuned with. */
export const peerTuning = () =>
  [
    found("openblas-openmp") ? "OpenBLAS (OpenMP)" : "its default BLAS",
    found("libjemalloc.so.2") ? "jemalloc that keeps memory" : "the system's allocator",
  ].join(", ");

export const openPeer = (network, threads, kernels) =>
  open(PYTHON, [here("peer/dense_edm.py"), JSON.stringify({ ...network, threads })], {
    ...peerEnvironment(threads),
    ...coretype(kernels),
  });
