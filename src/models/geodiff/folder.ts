/** Conformer models in model folders. */
import { loadModel, writeModelFolder } from "../model-folder.ts";
import type { GeoDiffModelConfig } from "./config.ts";
import { CONFORMERS, type ConformerModel, conformerLayout } from "./model.ts";

/** Writes model.safetensors and config.json, each atomically; the folder is made if need be. */
export const saveConformerModel = (
  folder: string,
  config: GeoDiffModelConfig,
  parameters: Float32Array,
): Promise<void> => writeModelFolder(folder, config, conformerLayout(config), parameters);

/** Reads a model folder. @throws InputError naming the file and the tensor or key that is wrong */
export const loadConformerModel = (folder: string): Promise<ConformerModel> => loadModel(CONFORMERS, folder);
