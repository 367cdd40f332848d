/** Coarse-grained models in model folders. */
import { loadModel, writeModelFolder } from "../model-folder.ts";
import type { CgConfig } from "./config.ts";
import { CG, type CgModel, cgLayout } from "./model.ts";

/** Writes model.safetensors and config.json, each atomically; the folder is made if need be. */
export const saveCg = (folder: string, config: CgConfig, parameters: Float32Array): Promise<void> =>
  writeModelFolder(folder, config, cgLayout(config), parameters);

/** Reads a model folder. @throws InputError naming the file and the tensor or key that is wrong */
export const loadCg = (folder: string): Promise<CgModel> => loadModel(CG, folder);
