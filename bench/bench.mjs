/**
 * The benchmark: training and denoising steps on every engine, beside PyTorch and the machine's own matrix product, in
 * one run. Writes report.md and report.json and prints the Markdown.
 *
 * npm run bench -- [--quick] [--parts steps,scaling,epoch] [--networks 64x4,128x6,256x9] [--batches 64,100]
 *                  [--engines native,wasm relaxed,wasm plain,jax] [--threads 1,2] [--seconds 3] [--no-peer]
 *                  [--cpu-time] [--kernels Haswell] [--out out/bench]
 *
 * --cpu-time takes the processor time of our engines, by thread, in place of wall time: for a machine that is busy. The
 * peer and sgemm are then left out, because their threads wait by spinning.
 * --kernels makes OpenBLAS, in the peak and in the peer, use the kernels of another processor: Haswell has AVX2 only.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { wasmStatus } from "../dist/engines/egnn/wasm.js";
import { nativeStatus } from "../dist/engines/native-addon.js";
import { drawSizes, median, parseNetwork } from "./cases.mjs";
import { measureEpoch, measurePeerEpoch, miniQm9 } from "./epoch.mjs";
import { markdown } from "./report.mjs";
import { measureScaling } from "./scaling.mjs";
import { measureSteps } from "./steps.mjs";
import { blasProblem, peerProblem, peerTuning } from "./subjects.mjs";

const { values } = parseArgs({
  allowNegative: true,
  options: {
    quick: { type: "boolean", default: false },
    parts: { type: "string", default: "steps,scaling,epoch" },
    networks: { type: "string" },
    batches: { type: "string" },
    engines: { type: "string" },
    threads: { type: "string" },
    seconds: { type: "string" },
    peer: { type: "boolean", default: true },
    kernels: { type: "string" },
    "cpu-time": { type: "boolean", default: false },
    out: { type: "string", default: "out/bench" },
  },
});
const quick = values.quick;
const list = (text, full, short) => (text ?? (quick ? short : full)).split(",");
const parts = values.parts.split(",");
const cores = availableParallelism();
const networks = list(values.networks, "64x4,128x6,256x9", "64x4").map(parseNetwork);
const threads = list(values.threads, cores > 1 ? "1,2" : "1", cores > 1 ? "1,2" : "1").map(Number);
const counts = list(values.batches, "64,100", "64").map(Number);
const seconds = Number(values.seconds ?? (quick ? 0.5 : 3));

const began = performance.now();
const log = (text) =>
  console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}`);
const notices = [];
const notice = (text) => {
  notices.push(text);
  log(text);
};

const native = nativeStatus();
const { variants } = await wasmStatus();
const missing = {
  ...(native.available ? {} : { native: native.reason }),
  ...(variants.includes("relaxed SIMD") ? {} : { "wasm relaxed": "not in this JavaScript engine" }),
  ...(variants.includes("SIMD") ? {} : { "wasm plain": "not in this JavaScript engine" }),
};
const engines = list(
  values.engines,
  "native,wasm relaxed,wasm plain,jax",
  "native,wasm relaxed,wasm plain",
).filter((engine) => {
  if (missing[engine] !== undefined) notice(`without the engine ${engine}: ${missing[engine]}`);
  return missing[engine] === undefined;
});
const cpuTime = values["cpu-time"];
if (cpuTime) notice("times are processor time by thread, not wall time");
const noBlas = cpuTime ? "processor time is taken" : blasProblem();
if (noBlas !== undefined) notice(`without the peak of sgemm: ${noBlas}`);
const noPeer = cpuTime ? "processor time is taken" : values.peer ? peerProblem() : "left out (--no-peer)";
if (noPeer !== undefined) notice(`without the peer: ${noPeer}`);

const model = new URL("../models/qm9-fast/config.json", import.meta.url);
const histogram = JSON.parse(readFileSync(model, "utf8")).sizes;
const drawn = (numbers) =>
  Object.fromEntries(numbers.map((count) => [count, drawSizes(histogram, count, 1)]));

const steps = { rows: [], peaks: {} };
const gathered = {};
for (const network of parts.includes("steps") ? networks : []) {
  const options = { engines, threads, batches: drawn(counts), operations: ["train", "denoise"], seconds };
  const { rows, peaks } = await measureSteps(network, {
    ...options,
    peer: noPeer === undefined,
    blas: noBlas === undefined,
    kernels: values.kernels,
    cpuTime,
    log,
  });
  steps.rows.push(...rows);
  for (const count of threads) gathered[count] = [...(gathered[count] ?? []), ...(peaks[count] ?? [])];
  steps.kernel = peaks.kernel;
}
for (const [count, runs] of Object.entries(gathered)) if (runs.length > 0) steps.peaks[count] = median(runs);

const scaling = parts.includes("scaling")
  ? await measureScaling(quick ? { hidden: 64, layers: 4 } : { hidden: 128, layers: 6 }, {
      engine: engines[0],
      threads: Math.max(...threads),
      sizes: quick ? [5, 18, 50] : [5, 10, 18, 29, 50, 100],
      batches: drawn(quick ? [1, 16, 64] : [1, 4, 16, 64, 256]),
      seconds: seconds / 2,
      cpuTime,
      log,
    })
  : [];

const epochs = [];
if (parts.includes("epoch")) {
  const data = await miniQm9();
  if (data === undefined)
    notice("without the epoch of mini-qm9: the data set qm9 is not here (equimol data fetch qm9)");
  else {
    for (const engine of ["native", "wasm"].filter((name) => missing[name] === undefined)) {
      log(`an epoch of mini-qm9: ${engine}`);
      epochs.push(await measureEpoch(data, engine, Math.max(...threads), quick ? 1 : 4));
    }
    if (noPeer === undefined) {
      log("an epoch of mini-qm9: peer");
      epochs.push(await measurePeerEpoch(data));
    }
  }
}

const report = {
  machine: {
    cpu: cpuName(),
    cores,
    memoryGb: Math.round(totalmem() / 1e9),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
  },
  peer: noPeer === undefined ? peerTuning() : undefined,
  seconds: Math.round((performance.now() - began) / 1000),
  sizes: drawn(counts),
  ...{ notices, steps, scaling, epochs },
};
mkdirSync(values.out, { recursive: true });
const text = markdown(report);
writeFileSync(`${values.out}/report.json`, `${JSON.stringify(report, null, 2)}\n`);
writeFileSync(`${values.out}/report.md`, text);
console.log(text);
log(`written to ${fileURLToPath(new URL(values.out, `file://${process.cwd()}/`))}`);

/** Model, and family where the name says little. */
function cpuName() {
  const name = cpus()[0]?.model.trim() ?? "unknown";
  try {
    const facts = readFileSync("/proc/cpuinfo", "utf8");
    const of = (key) => new RegExp(`^${key}\\s*: (.*)$`, "m").exec(facts)?.[1];
    const flags = of("flags") ?? "";
    return `${name} (family ${of("cpu family")}, model ${of("model")}${flags.includes("avx512f") ? ", AVX-512" : flags.includes("avx2") ? ", AVX2" : ""})`;
  } catch {
    return name;
  }
}
