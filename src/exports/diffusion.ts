/** Schedules, processes, bounds and samplers; they know nothing of molecules. */
export { decoderTerm, priorTerm, reverseStepKl } from "../diffusion/bound.ts";
export { learnedSchedule } from "../diffusion/learned-schedule.ts";
export { dataFrom, epsilonFrom, predictionTarget, scoreFrom } from "../diffusion/prediction.ts";
export { flowLogDensity } from "../diffusion/probability-flow.ts";
export {
  ancestralStep,
  ddimStep,
  klToStandardNormal,
  type ReverseStep,
  transition,
} from "../diffusion/process.ts";
export { ancestral } from "../diffusion/samplers/ancestral.ts";
export { churn } from "../diffusion/samplers/churn.ts";
export { ddim } from "../diffusion/samplers/ddim.ts";
export { dpmSolver, sdeDpmSolver } from "../diffusion/samplers/dpm-solver.ts";
export {
  respacedTimes,
  type SamplingOptions,
  SPACINGS,
  type Spacing,
  samplingTimes,
} from "../diffusion/samplers/grid.ts";
export { type KarrasOptions, karras } from "../diffusion/samplers/karras.ts";
export { annealedLangevin, langevin } from "../diffusion/samplers/langevin.ts";
export {
  type Grid,
  type LevelOptions,
  levelGrid,
  levelOf,
  levelRange,
} from "../diffusion/samplers/noise-levels.ts";
export {
  SAMPLER_NAMES,
  SAMPLERS,
  type SamplerChoice,
  type SamplerEntry,
  type SamplerName,
  type SamplerOptions,
} from "../diffusion/samplers/registry.ts";
export {
  cosineSchedule,
  ddpmSchedule,
  linearSchedule,
  type NoiseSchedule,
  polynomialSchedule,
  type ScheduleConfig,
  scheduleFrom,
} from "../diffusion/schedule.ts";
export { veSchedule, vpSchedule } from "../diffusion/sde.ts";
export type { Denoiser, Space } from "../diffusion/space.ts";
