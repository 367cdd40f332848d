/**
 * Langevin dynamics of many copies of a coarse-grained molecule in the force field of its diffusion model (Arts et
 * al. 2023, section 3). Replica b of a seed is the same whatever the number of replicas.
 */
import { setImmediate } from "node:timers/promises";
import { atomicWeight, symbolOf } from "../../chem/elements.ts";
import { InputError, WorkError } from "../../errors.ts";
import { advance, langevinBaoab } from "../../simulate/integrators.ts";
import {
  createState,
  drawVelocities,
  kineticEnergy,
  refresh,
  type SimulationState,
  temperatureOf,
} from "../../simulate/state.ts";
import { cgPotential } from "./force-field.ts";
import { encodeFrames } from "./frames.ts";
import type { CgModel } from "./model.ts";

export interface BeadDynamicsOptions {
  /** Å; one configuration for each replica. [B, N, 3] */
  readonly positions: Float64Array;
  readonly seed: number;
  readonly steps: number;
  /** fs */
  readonly timestep: number;
  /** 1/ps */
  readonly friction: number;
  /** Steps between snapshots. */
  readonly every: number;
  /** Å; noise level of the force (what the model recommends). */
  readonly noise?: number;
  /** g/mol of each bead (of its element). [N] */
  readonly masses?: readonly number[];
  readonly signal?: AbortSignal;
}

/** All replicas at one time. */
export interface Snapshot {
  /** Steps done. */
  readonly step: number;
  /** ps */
  readonly time: number;
  /** Å, each replica without its centre of mass. [B, N, 3] */
  readonly positions: Float64Array;
  /** kcal/mol; zero for a model without energy. [B] */
  readonly energies: Float64Array;
  /** K, averaged over the replicas. */
  readonly temperature: number;
}

/**
 * Snapshots after `every`, 2 · `every`, … steps.
 * @throws WorkError when a force or position is not finite
 */
export async function* beadDynamics(
  model: CgModel,
  options: BeadDynamicsOptions,
): AsyncGenerator<Snapshot, void, undefined> {
  const { config } = model;
  const { seed, steps, timestep, every } = options;
  const N = config.beads.length;
  const potential = cgPotential(model, options.noise);
  const state = createState({
    atomicNumbers: Uint8Array.from(config.beads),
    masses: options.masses ?? config.beads.map(massOf),
    positions: encodeFrames(options.positions, N, 1),
    replicas: options.positions.length / (3 * N),
  });
  const integrator = langevinBaoab({
    timestep,
    temperature: config.temperature,
    friction: options.friction,
    seed,
  });
  drawVelocities(state, config.temperature, seed);
  await refresh(state, potential);
  checkFinite(state, timestep);
  while (state.step < steps) {
    options.signal?.throwIfAborted();
    await advance(state, potential, integrator, Math.min(every, steps - state.step));
    checkFinite(state, timestep);
    yield {
      step: state.step,
      time: (state.step * timestep) / 1000,
      positions: encodeFrames(state.positions, N, 1),
      energies: state.energies.slice(),
      temperature: meanTemperature(state),
    };
    await setImmediate(); // lets signals in
  }
}

/** @throws WorkError naming the replica */
function checkFinite({ forces, positions, replicas, step }: SimulationState, timestep: number): void {
  const wrong = forces.findIndex((force, k) => !(Number.isFinite(force) && Number.isFinite(positions[k])));
  if (wrong < 0) return;
  const replica = Math.floor(wrong / (forces.length / replicas));
  throw new WorkError(
    `replica ${replica}: forces are not finite at step ${step} (${((step * timestep) / 1000).toPrecision(4)} ps); a smaller --timestep or a larger --noise keeps it stable`,
  );
}

/** g/mol of a bead that stands for an atom of its element. */
function massOf(element: number): number {
  const mass = atomicWeight(element);
  if (mass === undefined) throw new InputError(`bead ${symbolOf(element)} has no standard weight`);
  return mass;
}

/** K; all 3N momenta are in contact with the bath. */
const meanTemperature = (state: SimulationState): number => {
  let sum = 0;
  for (let b = 0; b < state.replicas; b++) sum += kineticEnergy(state, b);
  return temperatureOf(sum, 3 * state.atoms * state.replicas);
};
