/**
 * Speed of the compiled engines: training step (squared error and gradient) and denoising step (forward) on batches
 * like QM9's. Needs a build (npm run build). Prints Markdown, or JSON with --json; times are the best of the runs.
 * Useful FLOP/s count the products over real pairs and atoms once forward and twice backward, no recomputation.
 *
 * node bench/kernels.mjs [--engines native,wasm] [--threads 1,2] [--networks 64x4,128x6,256x9] [--batch 64]
 *                        [--seconds 3] [--json]
 */
import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { loadNativeEngine } from "../dist/kernels/native.js";
import { loadWasmEngine } from "../dist/kernels/wasm.js";
import { stream } from "../dist/math/random.js";
import { egnnLayout } from "../dist/nets/egnn-config.js";
import { tensorSize } from "../dist/nets/parameters.js";

const { values: options } = parseArgs({
  options: {
    engines: { type: "string", default: "native,wasm" },
    threads: { type: "string", default: "1,2" },
    networks: { type: "string", default: "64x4,128x6,256x9" },
    batch: { type: "string", default: "64" },
    seconds: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
  },
});
const list = (text) => text.split(",");
const seconds = Number(options.seconds);
const sizes = qm9LikeSizes(Number(options.batch));
const peaks = Object.fromEntries(list(options.threads).map((threads) => [threads, openBlasPeak(threads)]));

const rows = [];
for (const network of list(options.networks)) {
  for (const engine of list(options.engines)) {
    for (const threads of list(options.threads)) rows.push(await measure(network, engine, Number(threads)));
  }
}
if (options.json)
  console.log(JSON.stringify({ cpu: cpus()[0].model, batch: sizes.length, peaks, rows }, null, 2));
else printMarkdown();

async function measure(network, engineName, threads) {
  const [hidden, layers] = network.split("x").map(Number);
  const config = {
    ...{ inFeatures: 7, outFeatures: 6, hidden, layers, sublayers: 1, attention: true, tanh: true },
    ...{ coordsRange: 3, normConstant: 1, aggregation: "sum", normalizationFactor: 4, sinEmbedding: false },
  };
  const engine =
    engineName === "native"
      ? loadNativeEngine(config, { threads })
      : await loadWasmEngine(config, { threads });
  if (engine === undefined) throw new Error(`the ${engineName} engine is not available here`);
  const random = stream({ seed: 1, purpose: "test" });
  const parameters = Float32Array.from(
    egnnLayout(config).flatMap(({ shape, bound }) =>
      Array.from({ length: tensorSize(shape) }, () => (2 * random.uniform() - 1) * bound),
    ),
  );
  const atoms = sizes.reduce((sum, n) => sum + n, 0);
  const batch = {
    sizes: Int32Array.from(sizes),
    positions: random.normals(new Float32Array(3 * atoms)),
    features: random.normals(new Float32Array(7 * atoms)),
  };
  const weight = new Float32Array(sizes.length).fill(1);
  const target = {
    target: random.normals(new Float32Array(9 * atoms)),
    positionWeight: weight,
    featureWeight: weight,
  };
  const gradient = new Float32Array(parameters.length);
  const training = await best(() => engine.squaredError(parameters, batch, target, gradient));
  const denoising = await best(() => engine.forward(parameters, batch));
  engine.dispose();
  const flop = usefulFlop(config);
  return {
    ...{ network, engine: engine.name, threads, trainingMs: training, denoisingMs: denoising },
    moleculesPerSecond: (sizes.length / training) * 1000,
    trainingGflops: (3 * flop) / training / 1e6,
    denoisingGflops: flop / denoising / 1e6,
    shareOfPeak: peaks[threads] && (3 * flop) / training / 1e6 / peaks[threads],
    rssMb: process.memoryUsage().rss / 1e6,
  };
}

/** Milliseconds of the fastest of at least three runs. */
async function best(run) {
  let least = Number.POSITIVE_INFINITY;
  const end = performance.now() + 1000 * seconds;
  for (let runs = 0; runs < 3 || performance.now() < end; runs++) {
    const start = performance.now();
    await run();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

/** Of one forward pass: second edge layers on pairs; first edge layers and node networks on atoms. */
function usefulFlop({ hidden, layers, sublayers }) {
  const rows = sizes.map((n) => (sublayers + 1) * n * (n - 1) + (2 * (sublayers + 1) + 3 * sublayers) * n);
  return 2 * hidden ** 2 * layers * rows.reduce((sum, r) => sum + r, 0);
}

/** 5 to 29 atoms, mean 18. */
function qm9LikeSizes(count) {
  const random = stream({ seed: 1, purpose: "test", index: 4 });
  return Array.from({ length: count }, () => Math.min(29, Math.max(5, Math.round(18 + 3 * random.normal()))));
}

/** GFLOP/s of OpenBLAS' sgemm through numpy in this run; undefined without them. */
function openBlasPeak(threads) {
  const program = `
import numpy, time
a = numpy.random.rand(2048, 2048).astype("f"); best = 0
for _ in range(10):
    t = time.perf_counter(); a @ a; best = max(best, 2 * 2048**3 / (time.perf_counter() - t) / 1e9)
print(best)`;
  const env = { ...process.env, OPENBLAS_NUM_THREADS: threads, OMP_NUM_THREADS: threads };
  const { status, stdout } = spawnSync("python3", ["-c", program], { encoding: "utf8", env });
  return status === 0 ? Number(stdout) : undefined;
}

function printMarkdown() {
  console.log(
    `${cpus()[0].model}, batch of ${sizes.length} molecules (mean ${(sizes.reduce((a, b) => a + b) / sizes.length).toFixed(1)} atoms)\n`,
  );
  for (const [threads, peak] of Object.entries(peaks)) {
    console.log(
      `sgemm peak, ${threads} thread(s): ${peak ? `${peak.toFixed(1)} GFLOP/s (OpenBLAS through numpy)` : "not measured"}`,
    );
  }
  console.log(
    "\n| network | engine | threads | training step | molecules/s | GFLOP/s | of peak | denoising step | GFLOP/s | RSS |",
  );
  console.log("|---|---|---|---|---|---|---|---|---|---|");
  for (const r of rows) {
    const share = r.shareOfPeak ? `${(100 * r.shareOfPeak).toFixed(0)} %` : "–";
    console.log(
      `| ${r.network} | ${r.engine} | ${r.threads} | ${r.trainingMs.toFixed(1)} ms | ${r.moleculesPerSecond.toFixed(0)} | ${r.trainingGflops.toFixed(1)} | ${share} | ${r.denoisingMs.toFixed(1)} ms | ${r.denoisingGflops.toFixed(1)} | ${r.rssMb.toFixed(0)} MB |`,
    );
  }
}
