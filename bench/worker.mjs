/**
 * One subject of the benchmark in a process of its own: a network on an engine. Reads one request a line and answers
 * with one line. Requests: { do: "batch", sizes }, { do: "train" | "denoise" }, { do: "memory" }.
 *
 * node bench/worker.mjs '{"engine":"native","hidden":64,"layers":4,"threads":2}'
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { loadWasmEngine } from "../dist/engines/egnn/wasm.js";
import { openEngine } from "../dist/engines/open-engine.js";
import { stream } from "../dist/math/random.js";
import { dynamicsLayout } from "../dist/nets/egnn/dynamics-layout.js";
import { initialParameters } from "../dist/nets/layers/parameters.js";
import { createOptimizerState, optimizerStep, plainUpdater } from "../dist/train/optimizer.js";
import { networkConfig } from "./cases.mjs";

const { engine: wanted, hidden, layers, threads, cpuTime } = JSON.parse(process.argv[2]);
const config = networkConfig(hidden, layers);
const engine =
  wanted === "wasm plain"
    ? await loadWasmEngine(config, { threads, variant: "SIMD" })
    : await openEngine({ denoiser: config }, { engine: wanted === "wasm relaxed" ? "wasm" : wanted });
const updater = engine.updater ?? plainUpdater;
const options = {
  ...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-12, amsgrad: true },
  ...{ learningRate: 1e-6, emaDecay: 0.999 },
};
const state = createOptimizerState(initialParameters(dynamicsLayout(config), 1), options);
let gradient;
let batch;
let target;

const requests = {
  batch: async ({ sizes }) => {
    const atoms = sizes.reduce((sum, n) => sum + n, 0);
    const random = stream({ seed: 1, purpose: "test" });
    batch = {
      sizes: Int32Array.from(sizes),
      positions: random.normals(new Float32Array(3 * atoms)),
      features: random.normals(new Float32Array(config.inFeatures * atoms)),
    };
    const weight = new Float32Array(sizes.length).fill(1 / sizes.length);
    target = {
      target: random.normals(new Float32Array((3 + config.outFeatures) * atoms)),
      positionWeight: weight,
      featureWeight: weight,
    };
    return { engine: engine.name, parameters: state.parameters.length };
  },
  denoise: () => timed(() => engine.forward(state.parameters, batch)),
  /** Loss, gradient, its norm, clipping, AdamW, moving average. */
  train: () =>
    timed(async () => {
      gradient ??= new Float32Array(state.parameters.length);
      await engine.squaredError(state.parameters, batch, target, gradient);
      const norm = await updater.gradientNorm(gradient);
      await optimizerStep(updater, state, gradient, options.learningRate, Math.min(1, 10 / norm), options);
    }),
  memory: async () => ({ peakMb: peakMegabytes() }),
};

async function timed(run) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await run();
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = (user + system) / 1000;
  return { ms: cpuTime ? cpuMs / threads : wallMs, cpuMs };
}

/** Most memory that the process has had resident. */
function peakMegabytes() {
  try {
    return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1000;
  } catch {
    return process.resourceUsage().maxRSS / 1000;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const answer = await requests[request.do](request).catch((error) => ({ error: error.message }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
