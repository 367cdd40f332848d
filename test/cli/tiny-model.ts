/** Words that train a model in a second, and the data for it. */
import { join } from "node:path";
import { moleculesOf } from "../../src/data/molecule-set.ts";
import { nativeStatus } from "../../src/engines/native-addon.ts";
import { writeMolecules } from "../../src/platform/node/molecules.ts";
import { smallDataset } from "../train/small-data.ts";
import { type Ended, equimol } from "./command-line.ts";

/** The fastest engine that is built here. */
export const ENGINE = nativeStatus().available ? "native" : "wasm";

/** `--set` for each key. */
export const settings = (values: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(values).map(([key, value]) => `--set=${key}=${value}`);

/** A network and a run as small as they come; later settings win. */
export const TINY = [
  `--engine=${ENGINE}`,
  ...settings({
    "network.hidden": 16,
    "network.layers": 1,
    "network.coordsRange": 3,
    "schedule.steps": 50,
    "training.batchSize": 16,
    "training.epochs": 2,
    "training.learningRate": 0.003,
    "training.emaDecay": 0.9,
    "training.logEvery": 2,
    "validation.molecules": 4,
    "validation.samples": 3,
    "validation.sampleSteps": 5,
  }),
];

/** A file of distorted ammonia and methane in the folder. */
export async function writeSmallData(folder: string, count = 40): Promise<string> {
  const file = join(folder, "small.extxyz");
  await writeMolecules(file, moleculesOf(smallDataset(count).train));
  return file;
}

/** `equimol` with its data sets in a folder of the test. */
export const equimolIn =
  (home: string) =>
  (...words: readonly string[]): Promise<Ended> =>
    equimol(words, { cwd: home, env: { ...process.env, EQUIMOL_HOME: home } });
