/**
 * A simulation from its start to its end: steps in blocks, and after each block what is watched: whether the trajectory
 * still makes sense, frames, checkpoints, signals. What a run does depends on its settings alone, not on where blocks
 * or interruptions fall.
 */
import type { Molecule } from "../chem/molecule.ts";
import { InputError, type Named, ownName, type Place } from "../errors.ts";
import type { Potential } from "../physics/potential.ts";
import { inUnit } from "../physics/units.ts";
import { breather } from "../platform/breath.ts";
import { advance, type Integrator, langevinBaoab, velocityVerlet } from "./integrators.ts";
import { markedFields } from "./marks.ts";
import { fire, lbfgs, minimize } from "./optimize.ts";
import type { ObservablesLine, SimulationRecord } from "./record.ts";
import { explosion } from "./sanity.ts";
import { isDynamics, type RunSettings } from "./settings.ts";
import { kineticEnergy, refresh, type SimulationState, temperatureOf } from "./state.ts";

/** What is simulated, where it is kept, and when it stops. */
export interface RunOptions {
  readonly settings: RunSettings;
  readonly potential: Potential;
  readonly state: SimulationState;
  readonly record: SimulationRecord;
  /** True when the record holds the frame of the state's step already. */
  readonly resumed: boolean;
  /** Stop after this many seconds. */
  readonly maxSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told after each block of steps. */
  readonly onProgress?: (step: number, line: ObservablesLine) => void;
  /** How options are written in messages; by their own names where absent. */
  readonly named?: Named;
}

/** How far a run came. */
export interface RunOutcome {
  readonly step: number;
  readonly finished: boolean;
  /** Of optimisations: which replicas reached a minimum. */
  readonly converged?: readonly boolean[];
  /** Seconds of this part. */
  readonly seconds: number;
  /** Steps of this part. */
  readonly stepsHere: number;
}

/** Seconds between checkpoints. */
const CHECKPOINT_EVERY = 30;

/** Degrees of freedom that share the heat: those of the molecule as a whole stand still where nothing moves them. */
export function degreesOfFreedom(
  { atoms }: SimulationState,
  { method }: RunSettings,
  potential: Potential,
): number {
  if (method === "nvt" || potential.external) return 3 * atoms;
  return atoms < 3 ? Math.max(0, atoms - 1) : 3 * atoms - 6;
}

/** Values of the state now. */
export function observe(
  state: SimulationState,
  settings: RunSettings,
  potential: Potential,
): ObservablesLine {
  const kinetic = Array.from({ length: state.replicas }, (_, b) => kineticEnergy(state, b));
  const degrees = degreesOfFreedom(state, settings, potential);
  return {
    step: state.step,
    time: (state.step * settings.timestep) / 1000,
    potential: Array.from(state.energies),
    kinetic,
    temperature: kinetic.map((energy) => temperatureOf(energy, degrees)),
  };
}

/** The frame of replica b, in the units of the run. */
export function frameOf(
  state: SimulationState,
  settings: RunSettings,
  line: ObservablesLine,
  b: number,
): Molecule {
  const { atoms, atomicNumbers, positions, forces } = state;
  const part = (values: Float64Array): Float64Array => values.slice(3 * atoms * b, 3 * atoms * (b + 1));
  const { units } = settings;
  const moving: Readonly<Record<string, number>> = isDynamics(settings.method)
    ? { kinetic_energy: inUnit(line.kinetic[b], units), temperature: line.temperature[b], time: line.time }
    : {};
  const { charge } = settings;
  return {
    atomicNumbers,
    positions: part(positions),
    ...markedFields(settings, state.masses),
    forces: part(forces).map((f) => inUnit(f, units)),
    properties: {
      ...(charge !== undefined && { charge }),
      energy: inUnit(line.potential[b], units),
      ...moving,
      step: line.step,
      ...(state.replicas > 1 ? { replica: b } : {}),
      energy_unit: units,
    },
  };
}

/**
 * Runs or goes on with a simulation; the record is complete up to the last step when it returns.
 * @throws InputError when the trajectory explodes; the last frame that made sense is then the last one written
 */
export async function runSimulation(options: RunOptions): Promise<RunOutcome> {
  const { settings, state, potential } = options;
  await refresh(state, potential);
  const start = observe(state, settings, potential);
  return isDynamics(settings.method) ? dynamics(options, start) : optimisation(options);
}

function write({ record, state, settings }: RunOptions, line: ObservablesLine): void {
  for (let b = 0; b < state.replicas; b++) record.frame(frameOf(state, settings, line, b));
  record.line(line);
}

const placeOf = ({ path }: SimulationRecord): Place => (path === undefined ? {} : { file: path });

function integratorOf({ method, timestep, temperature, friction, seed }: RunSettings): Integrator {
  return method === "nve"
    ? velocityVerlet({ timestep })
    : langevinBaoab({ timestep, temperature, friction, seed });
}

/** At most so many steps between two looks at the state. */
const BLOCK = 50;

async function dynamics(options: RunOptions, start: ObservablesLine): Promise<RunOutcome> {
  const { settings, state, potential, record, signal, maxSeconds = Number.POSITIVE_INFINITY } = options;
  const { named = ownName } = options;
  const { steps } = settings;
  const integrator = integratorOf(settings);
  const began = performance.now();
  const first = state.step;
  let saved = began;
  let line = start;
  const sane = snapshotOf(state);
  if (!options.resumed) {
    write(options, line);
    await record.save(state); // whatever ends the program, there is something to go on from
  }
  const turn = breather(); // signals and the progress bar get theirs
  while (state.step < steps) {
    const now = performance.now();
    if (signal?.aborted || now - began > 1000 * maxSeconds) break;
    if (now - saved > 1000 * CHECKPOINT_EVERY && state.step % settings.every === 0) {
      await record.save(state);
      saved = now;
    }
    await turn();
    const toFrame = settings.every - (state.step % settings.every);
    await advance(state, potential, integrator, Math.min(BLOCK, toFrame, steps - state.step));
    line = observe(state, settings, potential);
    const problem = explosion(state, line.temperature, settings.temperature);
    if (problem !== undefined) {
      const at = state.step;
      sane.restore();
      if (state.step % settings.every !== 0) write(options, observe(state, settings, potential));
      await record.flush();
      throw new InputError(
        `the trajectory exploded before step ${at} (${((at * settings.timestep) / 1000).toPrecision(3)} ps): ${problem}; the last sane frame, of step ${state.step}, ends the trajectory. A smaller ${named("timestep")}, an optimised start or another model may help`,
        placeOf(record),
      );
    }
    sane.take();
    if (state.step % settings.every === 0) {
      write(options, line);
      if (state.step % (16 * settings.every) === 0) await record.flush();
    }
    options.onProgress?.(state.step, line);
  }
  await record.save(state);
  const seconds = (performance.now() - began) / 1000;
  return { step: state.step, finished: state.step >= steps, seconds, stepsHere: state.step - first };
}

/** A copy of what a step changes. */
function snapshotOf(state: SimulationState) {
  const arrays = [state.positions, state.velocities, state.forces, state.energies];
  const copies = arrays.map((array) => array.slice());
  let step = state.step;
  return {
    take: (): void => {
      arrays.forEach((array, k) => {
        copies[k].set(array);
      });
      step = state.step;
    },
    restore: (): void => {
      arrays.forEach((array, k) => {
        array.set(copies[k]);
      });
      state.step = step;
    },
  };
}

async function optimisation(options: RunOptions): Promise<RunOutcome> {
  const { settings, state, potential, record, signal, maxSeconds = Number.POSITIVE_INFINITY } = options;
  const { steps } = settings;
  const began = performance.now();
  const turn = breather();
  let lastWritten = -1;
  const converged = await minimize(state, potential, settings.method === "fire" ? fire() : lbfgs(), {
    forceTolerance: settings.forceTolerance,
    maxSteps: steps,
    onStep: async () => {
      const line = observe(state, settings, potential);
      const problem = explosion(state, line.temperature, settings.temperature);
      if (problem !== undefined) {
        await record.flush();
        throw new InputError(
          `the optimisation broke down at step ${state.step}: ${problem}; the frames before are written`,
          placeOf(record),
        );
      }
      if (state.step % settings.every === 0) {
        write(options, line);
        lastWritten = state.step;
      }
      options.onProgress?.(state.step, line);
      await turn();
      return !signal?.aborted && performance.now() - began < 1000 * maxSeconds;
    },
  });
  if (lastWritten !== state.step) write(options, observe(state, settings, potential));
  await record.save(state);
  const seconds = (performance.now() - began) / 1000;
  return {
    step: state.step,
    finished: converged.every(Boolean),
    converged,
    seconds,
    stepsHere: state.step,
  };
}
