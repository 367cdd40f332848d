/** Disks that are full or read-only: every verb that writes says so in one line, nothing old is lost, nothing half is left. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { importDataset } from "../../src/data/import.ts";
import { makeMinimol } from "../../src/data/minimol.ts";
import { loadDataset } from "../../src/data/store.ts";
import { InputError } from "../../src/errors.ts";
import { conformersToFile } from "../../src/workflows/node/conformers-to-file.ts";
import { evaluateFiles } from "../../src/workflows/node/evaluate-files.ts";
import { sampleLabModel } from "../../src/workflows/node/lab/sample.ts";
import { trainLabModel } from "../../src/workflows/node/lab/train.ts";
import { predictFiles } from "../../src/workflows/node/predict-files.ts";
import { sampleToFiles } from "../../src/workflows/node/sample-to-files.ts";
import { simulateToFolder } from "../../src/workflows/node/simulate-to-folder.ts";
import { trainEdmRun } from "../../src/workflows/node/train.ts";
import { writeSmallData } from "../cli/tiny-model.ts";
import { hidden } from "./processes.ts";

const root = mkdtempSync(join(tmpdir(), "equimol-disk-"));
const disk = join(root, "disk");
mkdirSync(disk);
const mounted = mount("size=4m");
/** tmpfs counts pages of 4 kB. */
function mount(options: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", disk], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
const remount = (options: string): unknown => execFileSync("mount", ["-o", `remount,${options}`, disk]);
afterAll(() => {
  if (mounted) execFileSync("umount", [disk]);
  rmSync(root, { recursive: true, force: true });
});

const filler = (): string => join(disk, "filler");
/** Leaves so many bytes, in pages. */
function fill(left = 0): void {
  const size = 4 * 2 ** 20;
  execFileSync("sh", ["-c", `head -c ${size} /dev/zero > "$0" 2>/dev/null || true`, filler()]);
  if (left > 0) execFileSync("truncate", ["-s", `-${left}`, filler()]);
}

let data: string;
let lab: string;
const tiny = [
  {
    network: { hidden: 8, layers: 1 },
    schedule: { steps: 20 },
    training: { epochs: 2, batchSize: 16, checkpointSeconds: 0.001 },
    validation: { molecules: 4, samples: 0 },
  },
];
const labSet = [
  {
    data: { count: 200, test: 50 },
    model: { hidden: 8, steps: 5, sampleSteps: 2 },
    training: { steps: 4, batchSize: 50 },
  },
];
const labTrain = (out: string) =>
  trainLabModel({ model: "ddpm", data: "four-points", out, set: labSet, samples: 20, likelihoodRows: 10 });

beforeAll(async () => {
  data = await writeSmallData(root);
  lab = join(root, "lab");
  await labTrain(lab);
});

/** What writes to a place, whose name is its last word. */
const VERBS: Readonly<Record<string, (place: string) => Promise<unknown>>> = {
  sample: (place) => sampleToFiles({ count: 2, steps: 2, out: `${place}.sdf` }),
  "sample, a compressed file": (place) => sampleToFiles({ count: 2, steps: 2, out: `${place}.xyz.gz` }),
  conformers: (place) => conformersToFile({ molecule: "CCO", count: 1, out: `${place}.sdf` }),
  predict: (place) =>
    predictFiles({
      model: "rmd17-ethanol-painn",
      files: [join(root, "ethanol.xyz")],
      out: `${place}.extxyz`,
    }),
  evaluate: (place) => evaluateFiles({ files: [data], gallery: `${place}.html` }),
  "data import": (place) => importDataset({ name: "mine", files: [data], home: place }),
  "data make": (place) => makeMinimol({ count: 10, home: place }),
  train: (place) => trainEdmRun({ data, out: place, set: tiny }),
  "lab train": labTrain,
  "lab sample": (place) => sampleLabModel({ model: lab, count: 5, out: `${place}.csv` }),
  simulate: (place) =>
    simulateToFolder({ start: data, potential: "harmonic", steps: 40, every: 10, out: place }),
};
const ETHANOL =
  "9\n\nC 0.01 -0.57 0\nC -1.22 0.33 0\nO 1.17 0.25 0\nH 0.02 -1.22 0.88\nH 0.02 -1.22 -0.88\nH -2.14 -0.26 0\nH -1.22 0.97 0.88\nH -1.22 0.97 -0.88\nH 1.93 -0.34 0\n";

const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => new Error("it was written"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  const { message } = error as InputError;
  expect(message).not.toContain("\n");
  return message;
};

describe.skipIf(!mounted)("on a disk that", () => {
  beforeAll(() => writeFileSync(join(root, "ethanol.xyz"), ETHANOL));
  beforeEach(() => {
    remount("rw");
    for (const name of readdirSync(disk)) rmSync(join(disk, name), { recursive: true });
  });

  test.each(Object.keys(VERBS))(
    "is full, %s says so, leaves nothing, and works when there is room",
    async (verb) => {
      const place = join(disk, "made");
      for (const ending of [".sdf", ".xyz.gz", ".extxyz", ".html", ".csv"])
        writeFileSync(place + ending, "old");
      fill();
      expect(await refusal(VERBS[verb](place))).toMatch(/the disk is full|no space left/);
      for (const ending of [".sdf", ".xyz.gz", ".extxyz", ".html", ".csv"])
        expect(readFileSync(place + ending, "utf8")).toBe("old");
      expect(hidden(disk)).toEqual([]);
      rmSync(filler());
      await VERBS[verb](place);
      expect(hidden(disk)).toEqual([]);
    },
  );

  test.each(Object.keys(VERBS))("is read-only, %s says so", async (verb) => {
    remount("ro");
    const message = await refusal(VERBS[verb](join(disk, "made")));
    expect(message).toMatch(/EROFS/);
    expect(message).not.toContain("does not exist");
  });

  test("fills while a simulation runs: the message says how it goes on, and it ends as a straight one", async () => {
    const start = join(root, "ethanol.xyz");
    const request = { start, potential: "harmonic", replicas: 4, every: 1 } as const;
    const [out, straight] = [join(disk, "md"), join(root, "md-straight")];
    await simulateToFolder({ ...request, steps: 40, out });
    fill(3 * 4096);
    expect(await refusal(simulateToFolder({ out, resume: true, steps: 400 }))).toMatch(
      /md\/\w+\.\w+: cannot be written: the disk is full; .*; then go on with resume: the last checkpoint is intact$/,
    );
    expect(hidden(disk)).toEqual([]);
    rmSync(filler());
    await simulateToFolder({ out, resume: true, steps: 400 });
    await simulateToFolder({ ...request, steps: 400, out: straight });
    for (const file of ["trajectory.extxyz", "observables.jsonl", "final.extxyz"])
      expect(readFileSync(join(out, file)).equals(readFileSync(join(straight, file))), file).toBe(true);
  });

  test("fills while a model trains: the message says how it goes on, and the checkpoint is intact", async () => {
    const out = join(disk, "run");
    const set = [...tiny, { training: { epochs: 3 } }];
    await trainEdmRun({ data, out, set, maxSeconds: 0.001 });
    fill();
    expect(await refusal(trainEdmRun({ data, out, resume: true }))).toMatch(/the disk is full/);
    rmSync(filler());
    expect((await trainEdmRun({ data, out, resume: true })).finished).toBe(true);
    expect(hidden(disk)).toEqual([]);
  });

  test("is full when a data set is replaced: the old one stays", async () => {
    await importDataset({ name: "mine", files: [data], home: disk });
    fill();
    await refusal(importDataset({ name: "mine", files: [data], home: disk, replace: true }));
    expect((await loadDataset("mine", { home: disk })).info.name).toBe("mine");
    expect(existsSync(join(disk, "data/mine/data.safetensors"))).toBe(true);
  });
});
