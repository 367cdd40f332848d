/** Molecules in motion: integrators, optimisers, observables, the run; folders are in `equimol/files`. */
export {
  advance,
  type Integrator,
  type LangevinOptions,
  langevinBaoab,
  velocityVerlet,
} from "../simulate/integrators.ts";
export { type OpenedPotential, openPotential, type PotentialSource } from "../simulate/open-potential.ts";
export { fire, lbfgs, type MinimizeOptions, minimize, type Optimizer } from "../simulate/optimize.ts";
export {
  createMemory,
  type ObservablesLine,
  type SimulationMemory,
  type SimulationRecord,
} from "../simulate/record.ts";
export { type RunOptions, type RunOutcome, runSimulation } from "../simulate/run.ts";
export type { RunSettings, SimulationSettings } from "../simulate/settings.ts";
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
export { type RecordedSimulation, type SimulationSummary, summarize } from "../simulate/summary.ts";
