/** Files of molecules and tensors, folders of models and simulations, in Node. */
export { loadCg, saveCg } from "../models/cg/folder.ts";
export { DEFAULT_MODEL, findModel, loadEdm, saveEdm, shippedModelNames } from "../models/edm/folder.ts";
export { loadConformerModel, saveConformerModel } from "../models/geodiff/folder.ts";
export { loadGeometric, saveGeometric } from "../models/geometric/folder.ts";
export { dataHome } from "../platform/node/home.ts";
export { readMolecules, writeMolecules } from "../platform/node/molecules.ts";
export { readSafetensors, writeSafetensors } from "../platform/node/safetensors.ts";
export { createFolder, resumeFolder, type SimulationFolder } from "../simulate/node/folder.ts";
export { summarizeFolder } from "../simulate/node/summary.ts";
