/** Force fields and property networks in model folders. */
import { loadModel, writeModelFolder } from "../model-folder.ts";
import { GEOMETRIC, type GeometricModel, geometricModelLayout } from "./model.ts";

/** Writes model.safetensors and config.json, each atomically; the folder is made if need be. */
export const saveGeometric = (folder: string, { config, parameters }: GeometricModel): Promise<void> =>
  writeModelFolder(folder, config, geometricModelLayout(config), parameters);

/** Reads a model folder. @throws InputError naming the file and the tensor or key that is wrong */
export const loadGeometric = (folder: string): Promise<GeometricModel> => loadModel(GEOMETRIC, folder);
