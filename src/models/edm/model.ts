/** A trained EDM: its configuration, parameters and schedule, read from and written to a model folder. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BondRule, RULE_ELEMENTS } from "../../chem/bond-tables.ts";
import { symbolOf } from "../../chem/elements.ts";
import { learnedSchedule } from "../../diffusion/learned-schedule.ts";
import { type NoiseSchedule, scheduleFrom } from "../../diffusion/schedule.ts";
import { InputError } from "../../errors.ts";
import { dynamicsLayout } from "../../nets/egnn/dynamics.ts";
import { type Layout, layoutSize } from "../../nets/layers/parameters.ts";
import { readModelConfig, readModelParameters, writeModelFolder } from "../model-folder.ts";
import { dynamicsConfig, type EdmConfig, edmConfigSchema } from "./config.ts";
import { GAMMA_LAYOUT, gammaParameters } from "./gamma-parameters.ts";

export interface EdmModel {
  readonly config: EdmConfig;
  /** In the order of `modelLayout`. */
  readonly parameters: Float32Array;
  /** The part of them that the engine needs. */
  readonly network: Float32Array;
  readonly schedule: NoiseSchedule;
}

/** Names and shapes of all parameters: the network's, then those of a learned schedule. */
export const modelLayout = (config: EdmConfig): Layout => [
  ...dynamicsLayout(dynamicsConfig(config)),
  ...(config.schedule.kind === "learned" ? GAMMA_LAYOUT : []),
];

/** The model with its schedule. */
export function modelOf(config: EdmConfig, parameters: Float32Array): EdmModel {
  if (config.schedule.kind !== "learned")
    return { config, parameters, network: parameters, schedule: scheduleFrom(config.schedule) };
  const networkSize = layoutSize(dynamicsLayout(dynamicsConfig(config)));
  const network = parameters.subarray(0, networkSize);
  const gamma = gammaParameters(parameters.subarray(networkSize));
  return { config, parameters, network, schedule: learnedSchedule(gamma, config.schedule.steps) };
}

/** Writes model.safetensors and config.json, each atomically; the folder is made if need be. */
export const saveEdm = (folder: string, config: EdmConfig, parameters: Float32Array): Promise<void> =>
  writeModelFolder(folder, config, modelLayout(config), parameters);

/** Reads a model folder. @throws InputError naming the file and the tensor or key that is wrong */
export async function loadEdm(folder: string): Promise<EdmModel> {
  const config = await readEdmConfig(folder);
  return modelOf(config, await readModelParameters(folder, modelLayout(config)));
}

/** The configuration of a model folder. @throws InputError naming the key that is wrong */
export const readEdmConfig = (folder: string): Promise<EdmConfig> => readModelConfig(folder, edmConfigSchema);

/** Folder of shipped models, beside the compiled code or the sources. */
const shippedModels = (): string => fileURLToPath(new URL("../../../models/", import.meta.url));

/** The model that is taken where none is named. */
export const DEFAULT_MODEL = "qm9-fast";

/** Models that are no longer shipped under their name, and those that took their place. */
const RENAMED: Readonly<Record<string, string>> = { "qm9-small": DEFAULT_MODEL };

/** Names of the shipped models, sorted. */
export function shippedModelNames(): string[] {
  const folder = shippedModels();
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "config.json")))
    .sort();
}

/**
 * The model folder that the user means: a model folder, a run (its best, else its last checkpoint), or the name of a
 * shipped model. @throws InputError saying what was looked for
 */
export function findModel(nameOrPath: string): string {
  const candidates = [
    nameOrPath,
    join(nameOrPath, "checkpoints", "best"),
    join(nameOrPath, "checkpoints", "last"),
    join(shippedModels(), nameOrPath),
    join(shippedModels(), RENAMED[nameOrPath] ?? nameOrPath),
  ];
  for (const folder of candidates) if (existsSync(join(folder, "config.json"))) return folder;
  const shipped = shippedModelNames();
  const known = shipped.length > 0 ? `the shipped models are ${shipped.join(", ")}` : "no model is shipped";
  throw new InputError(
    `model "${nameOrPath}" not found: there is no model folder (config.json, model.safetensors) nor run with checkpoints at that place; ${known}`,
  );
}

/** The bond rule that fits the model's elements. */
export const bondRuleOf = (config: Pick<EdmConfig, "elements">): BondRule =>
  config.elements.every((z) => RULE_ELEMENTS.qm9.includes(symbolOf(z))) ? "qm9" : "geom";
