/** EDMs in model folders, and those that are shipped. */
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError, nearest } from "../../errors.ts";
import { loadModel, readModelConfig, writeModelFolder } from "../model-folder.ts";
import { type EdmConfig, edmConfigSchema } from "./config.ts";
import { EDM, type EdmModel, modelLayout } from "./model.ts";

/** Writes model.safetensors and config.json, each atomically; the folder is made if need be. */
export const saveEdm = (folder: string, config: EdmConfig, parameters: Float32Array): Promise<void> =>
  writeModelFolder(folder, config, modelLayout(config), parameters);

/** Reads a model folder. @throws InputError naming the file and the tensor or key that is wrong */
export const loadEdm = (folder: string): Promise<EdmModel> => loadModel(EDM, folder);

/** The configuration of a model folder. @throws InputError naming the key that is wrong */
export const readEdmConfig = (folder: string): Promise<EdmConfig> => readModelConfig(folder, edmConfigSchema);

/** Folder of shipped models, beside the compiled code or the sources. */
const shippedModels = (): string => fileURLToPath(new URL("../../../models/", import.meta.url));

/** The model that is taken where none is named. */
export const DEFAULT_MODEL = "qm9-fast";

/** Models that are no longer shipped under their name, and those that took their place. */
const RENAMED: ReadonlyMap<string, string> = new Map([["qm9-small", DEFAULT_MODEL]]);

/** Names of the shipped models, sorted. */
export function shippedModelNames(): string[] {
  const folder = shippedModels();
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "config.json")))
    .sort();
}

/** The model, beside the place that was named or shipped, whose name is nearest to the one that was given. */
function nearModel(nameOrPath: string, shipped: readonly string[]): string | undefined {
  const places = new Map(shipped.map((name): [string, string] => [name, name]));
  const folder = dirname(nameOrPath);
  try {
    for (const name of readdirSync(folder)) {
      const place = join(folder, name);
      if (MODEL_FILES.some((file) => existsSync(join(place, file)))) places.set(name, place);
    }
  } catch {
    // there is no such folder: nothing lies beside
  }
  const near = nearest(basename(nameOrPath), places.keys());
  return near === undefined ? undefined : places.get(near);
}

/** What tells a folder for a model or a run. */
const MODEL_FILES: readonly string[] = ["config.json", "checkpoints"];

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
    join(shippedModels(), RENAMED.get(nameOrPath) ?? nameOrPath),
  ];
  for (const folder of candidates) if (existsSync(join(folder, "config.json"))) return folder;
  const shipped = shippedModelNames();
  const near = nearModel(nameOrPath, shipped);
  const meant = near === undefined ? "" : ` (did you mean "${near}"?)`;
  const known = shipped.length > 0 ? `the shipped models are ${shipped.join(", ")}` : "no model is shipped";
  throw new InputError(
    `model "${nameOrPath}" not found${meant}: there is no model folder (config.json, model.safetensors) nor run with checkpoints at that place; ${known}`,
  );
}
