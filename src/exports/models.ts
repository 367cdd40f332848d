/** What is trained and shipped, from bytes or an address; folders are opened by `equimol/files`. */
export { type CgConfig, cgConfigSchema } from "../models/cg/config.ts";
export { cgPotential } from "../models/cg/force-field.ts";
export { type SampleBeadsOptions, sampleBeads } from "../models/cg/generate.ts";
export { type CgModel, cgFromBytes, cgFromFiles, cgFromUrl } from "../models/cg/model.ts";
export { type Condition, type ConditionValues, conditionSchema } from "../models/edm/condition.ts";
export { dynamicsConfig, type EdmConfig, edmConfigSchema } from "../models/edm/config.ts";
export { decode, type EncodedBatch, encode } from "../models/edm/features.ts";
export { type Generated, type GenerateOptions, generate } from "../models/edm/generate.ts";
export { type JointDistribution, jointDistribution } from "../models/edm/joint.ts";
export { type Likelihood, negativeLogLikelihood } from "../models/edm/likelihood.ts";
export {
  bondRuleOf,
  type EdmModel,
  edmFromBytes,
  edmFromFiles,
  edmFromUrl,
  modelOf,
} from "../models/edm/model.ts";
export { trainingLoss } from "../models/edm/objective.ts";
export { type SweepOptions, sweep } from "../models/edm/sweep.ts";
export { widenedParameters } from "../models/edm/widen.ts";
export { type GeoDiffModelConfig, geoDiffConfigSchema } from "../models/geodiff/config.ts";
export {
  type Conformer,
  type ConformerOptions,
  generateConformers,
  type StereoReport,
} from "../models/geodiff/generate.ts";
export {
  type ConformerModel,
  conformerModelFromBytes,
  conformerModelFromFiles,
  conformerModelFromUrl,
} from "../models/geodiff/model.ts";
export { type ConformerNetwork, createConformerNetwork } from "../models/geodiff/network.ts";
export { type GeometricModelConfig, geometricConfigSchema, networkOf } from "../models/geometric/config.ts";
export {
  forceFieldPotential,
  type GeometricModel,
  geometricFromBytes,
  geometricFromFiles,
  geometricFromUrl,
  predictProperty,
} from "../models/geometric/model.ts";
export { type Prediction, predictions } from "../models/geometric/predict.ts";
