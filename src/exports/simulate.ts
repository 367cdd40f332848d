/** Integrators, optimisers, and the folder of a run. */
export { createFolder, resumeFolder, type SimulationFolder } from "../simulate/folder.ts";
export {
  advance,
  type Integrator,
  type LangevinOptions,
  langevinBaoab,
  velocityVerlet,
} from "../simulate/integrators.ts";
export { type OpenedPotential, openPotential } from "../simulate/open-potential.ts";
export { fire, lbfgs, type MinimizeOptions, minimize, type Optimizer } from "../simulate/optimize.ts";
export { type RunOptions, type RunOutcome, runSimulation } from "../simulate/run.ts";
export type { SimulationSettings } from "../simulate/settings.ts";
export { startState } from "../simulate/start.ts";
export {
  createState,
  drawVelocities,
  kineticEnergy,
  refresh,
  removeRigidMotion,
  type SimulationState,
  type StartOptions,
  temperatureOf,
} from "../simulate/state.ts";
export { type SimulationSummary, summarize } from "../simulate/summary.ts";
