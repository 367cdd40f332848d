/** What the verbs of the command line do with files, runs and data sets, as functions. */

export {
  type ConformersToFileOptions,
  type ConformersToFileReport,
  conformersToFile,
} from "../workflows/node/conformers-to-file.ts";
export {
  type EvaluateBeadsOptions,
  type EvaluateBeadsReport,
  evaluateBeads,
} from "../workflows/node/evaluate-beads.ts";
export {
  type ConditionReport,
  type EvaluateConditionOptions,
  evaluateCondition,
} from "../workflows/node/evaluate-condition.ts";
export {
  type EvaluateConformerFilesOptions,
  evaluateConformerFiles,
} from "../workflows/node/evaluate-conformers.ts";
export { type EvaluateFilesOptions, evaluateFiles } from "../workflows/node/evaluate-files.ts";
export { describeModel, installation, type ModelDescription } from "../workflows/node/info.ts";
export {
  type CompareLabModelsOptions,
  type CompareLabModelsReport,
  compareLabModels,
} from "../workflows/node/lab/compare.ts";
export {
  type MeasureLabModelOptions,
  type MeasureLabModelReport,
  measureLabModel,
} from "../workflows/node/lab/evaluate.ts";
export { type DrawLabFigureOptions, drawLabFigure } from "../workflows/node/lab/figure.ts";
export {
  type SampleLabModelOptions,
  type SampleLabModelReport,
  sampleLabModel,
} from "../workflows/node/lab/sample.ts";
export {
  type TrainLabModelOptions,
  type TrainLabModelReport,
  trainLabModel,
} from "../workflows/node/lab/train.ts";
export { type LikelihoodOptions, type LikelihoodReport, likelihood } from "../workflows/node/likelihood.ts";
export {
  type PredictFilesOptions,
  type PredictFilesReport,
  predictFiles,
} from "../workflows/node/predict-files.ts";
export {
  type SampleBeadsReport,
  type SampleBeadsToFileOptions,
  sampleBeadsToFile,
} from "../workflows/node/sample-beads.ts";
export { type SampleToFilesOptions, sampleToFiles } from "../workflows/node/sample-to-files.ts";
export {
  type SimulateToFolderOptions,
  type SimulateToFolderReport,
  simulateToFolder,
} from "../workflows/node/simulate-to-folder.ts";
export type { FolderSimulationRequest } from "../workflows/node/simulation-settings.ts";
export {
  type DistillRunOptions,
  distillRun,
  type TrainConformersRunOptions,
  type TrainEdmRunOptions,
  type TrainNetworkRunOptions,
  type TrainPropertyRunOptions,
  trainCgRun,
  trainConformersRun,
  trainEdmRun,
  trainForceFieldRun,
  trainPropertyRun,
} from "../workflows/node/train.ts";
export type { TrainingOptions, TrainingReport } from "../workflows/node/training.ts";
