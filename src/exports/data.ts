/** Data sets. */
export { type BatchOptions, epochBatches } from "../data/batches.ts";
export { type Ensemble, readEnsembles } from "../data/ensembles.ts";
export { fetchQm9 } from "../data/fetch.ts";
export { type Half, halfOf, labelled } from "../data/halves.ts";
export { type ImportOptions, importDataset } from "../data/import.ts";
export { makeMinimol } from "../data/minimol.ts";
export {
  fromMolecules,
  type MoleculeSet,
  moleculeAt,
  moleculesOf,
  setSize,
  sizesOf,
  subset,
} from "../data/molecule-set.ts";
export { type Dataset, datasetNames, loadDataset } from "../data/store.ts";
