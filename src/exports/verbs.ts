/** What the verbs of the command line do with files, runs and data sets, as functions. */
export {
  type ConditionReport,
  type EvaluateConditionOptions,
  evaluateCondition,
} from "../workflows/node/evaluate-condition.ts";
export { type EvaluateFilesOptions, evaluateFiles } from "../workflows/node/evaluate-files.ts";
export { describeModel, installation, type ModelDescription } from "../workflows/node/info.ts";
export { type LikelihoodOptions, type LikelihoodReport, likelihood } from "../workflows/node/likelihood.ts";
export {
  type SampleBeadsReport,
  type SampleBeadsToFileOptions,
  sampleBeadsToFile,
} from "../workflows/node/sample-beads.ts";
export { type SampleToFilesOptions, sampleToFiles } from "../workflows/node/sample-to-files.ts";
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
