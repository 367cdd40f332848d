/** The generative-model lab. */
export { LAB_DATA, loadLabData } from "../lab/data/catalog.ts";
export {
  type GaussianMixture,
  gaussianMixture,
  mixtureLogDensity,
  mixtureScore,
} from "../lab/data/gaussian-mixture.ts";
export type { LabData, LabShape } from "../lab/data/lab-data.ts";
export { labDataSchema } from "../lab/data/settings.ts";
export { divergencePanels, fitByDivergence } from "../lab/figures/divergence-figure.ts";
export { compareLab } from "../lab/figures/lab-comparison.ts";
export { evaluateLabModel } from "../lab/figures/lab-report.ts";
export { type ImageJudge, type ImageJudgement, judged, judgeOf } from "../lab/judge/judge.ts";
export { LAB_KINDS, labKind } from "../lab/models/kinds.ts";
export { loadLabModel } from "../lab/models/lab-folder.ts";
export type { LabModel, LabModelKind } from "../lab/models/lab-model.ts";
export { sampleProduct } from "../lab/models/score/annealed.ts";
export { gibbs, type MixtureDraw } from "../lab/models/variational/gibbs.ts";
export { fitMixture, logPredictive, type MixtureFit } from "../lab/models/variational/mixture.ts";
export { labPreset, labSettingsSchema } from "../lab/train/settings.ts";
export { trainLab } from "../lab/train/train.ts";
