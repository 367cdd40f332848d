/**
 * Seconds of an epoch of the preset mini-qm9 on 3,000 molecules, as `equimol train edm` trains it: noise, gradient,
 * optimiser, log and all; validation left out.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { epochBatches } from "../dist/data/batches.js";
import { datasetInfo } from "../dist/data/dataset-info.js";
import { sizesOf, subset } from "../dist/data/molecule-set.js";
import { loadDataset } from "../dist/data/store.js";
import { openEngine } from "../dist/engines/open-engine.js";
import { readSettings } from "../dist/train/config-file.js";
import { edmSettingsSchema, PRESETS } from "../dist/train/edm/settings.js";
import { trainEdm } from "../dist/train/edm/train.js";
import { median } from "./cases.mjs";
import { openPeer } from "./subjects.mjs";

const MOLECULES = 3000;
const LARGEST = 15;
/** Molecules of a batch, and AdamW: what the peer is timed with. */
const BATCH = 128;

/** The first molecules of QM9 that are small enough, and a few more for validation; undefined where QM9 is not here. */
export async function miniQm9() {
  const all = await loadDataset("qm9").catch(() => undefined);
  if (all === undefined) return undefined;
  const sizes = sizesOf(all.train);
  const small = [...sizes.keys()].filter((i) => sizes[i] <= LARGEST).slice(0, MOLECULES + 20);
  const train = subset(all.train, small.slice(0, MOLECULES));
  const info = datasetInfo({
    ...{ name: "mini-qm9", train, sha256: all.info.sha256 },
    provenance: { command: "bench", sources: [], options: {}, dropped: {} },
  });
  return { info, train, valid: subset(all.train, small.slice(MOLECULES)), test: undefined };
}

/** @returns median seconds of the epochs after the first */
export async function measureEpoch(data, engine, threads, epochs) {
  const { settings: preset } = PRESETS["mini-qm9"];
  const settings = readSettings(edmSettingsSchema, {
    base: preset,
    files: [],
    assignments: [
      ...[
        `training.epochs=${epochs}`,
        `training.batchSize=${BATCH}`,
        "training.optimizer=adamw",
        "training.validateEvery=1000000",
        "training.checkpointSeconds=1000000",
      ],
      ...["validation.molecules=1", "validation.samples=0"],
    ],
  });
  const folder = mkdtempSync(join(tmpdir(), "equimol-bench-"));
  const before = process.env.EQUIMOL_THREADS;
  process.env.EQUIMOL_THREADS = String(threads);
  const ends = [];
  let name;
  try {
    await trainEdm({
      ...{ settings, data, out: join(folder, "run") },
      openEngine: (config) => openEngine({ denoiser: config }, { engine }),
      onStart: (facts) => {
        name = facts.engine;
        ends.push(performance.now());
      },
      onProgress: ({ step, totalSteps }) => {
        if (step % (totalSteps / epochs) === 0) ends.push(performance.now());
      },
    });
  } finally {
    if (before === undefined) delete process.env.EQUIMOL_THREADS;
    else process.env.EQUIMOL_THREADS = before;
    rmSync(folder, { recursive: true, force: true });
  }
  const seconds = ends.slice(1).map((end, k) => (end - ends[k]) / 1000);
  return { engine: name, threads, seconds: median(seconds.slice(seconds.length > 1 ? 1 : 0)), epochs };
}

/** The peer's training steps on the same batches. */
export async function measurePeerEpoch(data) {
  const { network } = PRESETS["mini-qm9"].settings;
  const sizes = sizesOf(data.train);
  const batches = epochBatches(sizes, { batchSize: BATCH, seed: 0, epoch: 0 });
  const peer = openPeer({ hidden: network.hidden, layers: network.layers }, 2);
  try {
    let engine;
    let ms = 0;
    for (const [k, batch] of [batches[0], ...batches].entries()) {
      ({ engine } = await peer.ask({ do: "batch", sizes: Array.from(batch, (i) => sizes[i]) }));
      const run = await peer.ask({ do: "train" });
      if (k > 0) ms += run.ms; // The first is a warm-up.
    }
    return { engine, threads: 2, seconds: ms / 1000, epochs: 1 };
  } finally {
    await peer.close();
  }
}
