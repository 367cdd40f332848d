/** Training, and the settings of each kind of model. */
export type { BatchShare } from "../train/batch-share.ts";
export { type CgSettings, cgSettingsSchema } from "../train/cg/settings.ts";
export { type TrainCgOptions, trainCg } from "../train/cg/train.ts";
export { alone, type Communicator, type Gather } from "../train/communicator.ts";
export { checkSettings, readConfigFile } from "../train/config-file.ts";
export { type ConformerSettings, conformerSettingsSchema } from "../train/conformers/settings.ts";
export { type TrainConformersOptions, trainConformers } from "../train/conformers/train.ts";
export { type EdmSettings, edmSettingsSchema, PRESETS } from "../train/edm/settings.ts";
export { type TrainEdmOptions, trainEdm } from "../train/edm/train.ts";
export {
  type ForceFieldSettings,
  forceFieldSettingsSchema,
  type PropertySettings,
  propertySettingsSchema,
} from "../train/geometric/settings.ts";
export { trainForceField, trainProperty } from "../train/geometric/train.ts";
export { type TrainingOutcome, type TrainingTask, trainingLoop, type Validation } from "../train/loop.ts";
