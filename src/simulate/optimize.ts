/**
 * Geometry optimisers, batched over replicas: FIRE (Bitzek et al., Phys. Rev. Lett. 2006) and L-BFGS (Nocedal, Math.
 * Comput. 1980) without line search, the step limited. As is usual for molecules (ASE's defaults), all atoms weigh the
 * same, and forces count in eV/Å inside.
 */
import type { Potential } from "../physics/potential.ts";
import { ENERGY_UNITS } from "../physics/units.ts";
import { refresh, type SimulationState } from "./state.ts";

/** One step towards a minimum, for every replica. */
export interface Optimizer {
  readonly name: string;
  /** Moves the replicas that are `active`, by the forces of the state. */
  readonly move: (state: SimulationState, active: readonly boolean[]) => void;
}

/** Å; no atom moves farther in one step. */
const LONGEST_STEP = 0.2;

/** eV/Å */
const force = (state: SimulationState, at: number): number => state.forces[at] / ENERGY_UNITS.eV;

/** Adds a step [N, 3] to the positions of replica b, shortened so that no atom moves more than LONGEST_STEP. */
function displace({ atoms, positions }: SimulationState, b: number, step: Float64Array): void {
  let longest = 0;
  for (let i = 0; i < atoms; i++)
    longest = Math.max(longest, Math.hypot(step[3 * i], step[3 * i + 1], step[3 * i + 2]));
  const scale = longest > LONGEST_STEP ? LONGEST_STEP / longest : 1;
  for (let k = 0; k < 3 * atoms; k++) {
    step[k] *= scale;
    positions[3 * atoms * b + k] += step[k];
  }
}

/** FIRE (Bitzek et al. 2006): molecular dynamics that stops where it goes uphill, and is pulled towards the forces where it goes down. */
export function fire(): Optimizer {
  const [START, LONGEST, GROW, SHRINK, MIXING, CALM, PATIENCE] = [0.1, 1, 1.1, 0.5, 0.1, 0.99, 5];
  interface Motion {
    readonly velocity: Float64Array;
    readonly step: Float64Array;
    time: number;
    mixing: number;
    downhill: number;
  }
  const motions: Motion[] = [];
  const motionOf = (b: number, length: number): Motion => {
    motions[b] ??= {
      velocity: new Float64Array(length),
      step: new Float64Array(length),
      time: START,
      mixing: MIXING,
      downhill: 0,
    };
    return motions[b];
  };
  return {
    name: "FIRE",
    move: (state, active) => {
      const length = 3 * state.atoms;
      for (let b = 0; b < state.replicas; b++) {
        if (!active[b]) continue;
        const motion = motionOf(b, length);
        const { velocity, step } = motion;
        let [power, vv, ff] = [0, 0, 0];
        for (let k = 0; k < length; k++) {
          const f = force(state, length * b + k);
          power += f * velocity[k];
          vv += velocity[k] ** 2;
          ff += f * f;
        }
        if (power > 0) {
          const pull = ff > 0 ? motion.mixing * Math.sqrt(vv / ff) : 0;
          for (let k = 0; k < length; k++)
            velocity[k] = (1 - motion.mixing) * velocity[k] + pull * force(state, length * b + k);
          if (++motion.downhill > PATIENCE) {
            motion.time = Math.min(LONGEST, GROW * motion.time);
            motion.mixing *= CALM;
          }
        } else {
          velocity.fill(0);
          motion.time *= SHRINK;
          motion.mixing = MIXING;
          motion.downhill = 0;
        }
        for (let k = 0; k < length; k++) {
          velocity[k] += motion.time * force(state, length * b + k);
          step[k] = motion.time * velocity[k];
        }
        displace(state, b, step);
      }
    },
  };
}

/** L-BFGS (Nocedal 1980), the step limited: quasi-Newton steps from the last `memory` changes of positions and forces. */
export function lbfgs(memory = 50): Optimizer {
  const FIRST_CURVATURE = 70; // eV/Å²
  interface Pair {
    /** Change of positions, and of the gradient. */
    readonly s: Float64Array;
    readonly y: Float64Array;
    readonly rho: number;
  }
  interface History {
    pairs: Pair[];
    readonly gradient: Float64Array;
    readonly step: Float64Array;
    started: boolean;
  }
  const histories: History[] = [];
  const dot = (a: Float64Array, b: Float64Array): number => {
    let sum = 0;
    for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
    return sum;
  };
  const remember = (history: History, gradient: Float64Array): void => {
    if (history.started) {
      const y = gradient.map((g, k) => g - history.gradient[k]);
      const curvature = dot(y, history.step);
      // A pair of negative curvature would turn the model upside down.
      if (curvature > 1e-12)
        history.pairs = [...history.pairs, { s: history.step.slice(), y, rho: 1 / curvature }].slice(-memory);
      else history.pairs = [];
    }
    history.gradient.set(gradient);
    history.started = true;
  };
  return {
    name: "L-BFGS",
    move: (state, active) => {
      const length = 3 * state.atoms;
      for (let b = 0; b < state.replicas; b++) {
        if (!active[b]) continue;
        histories[b] ??= {
          pairs: [],
          gradient: new Float64Array(length),
          step: new Float64Array(length),
          started: false,
        };
        const history = histories[b];
        const gradient = Float64Array.from({ length }, (_, k) => -force(state, length * b + k));
        remember(history, gradient);
        // The two loops: step = −H g.
        const direction = gradient.slice();
        const weights = history.pairs.map(() => 0);
        for (let p = history.pairs.length - 1; p >= 0; p--) {
          const { s, y, rho } = history.pairs[p];
          weights[p] = rho * dot(s, direction);
          for (let k = 0; k < length; k++) direction[k] -= weights[p] * y[k];
        }
        const last = history.pairs.at(-1);
        const scale = last === undefined ? 1 / FIRST_CURVATURE : 1 / (last.rho * dot(last.y, last.y));
        for (let k = 0; k < length; k++) direction[k] *= scale;
        history.pairs.forEach(({ s, y, rho }, p) => {
          const back = rho * dot(y, direction);
          for (let k = 0; k < length; k++) direction[k] += (weights[p] - back) * s[k];
        });
        for (let k = 0; k < length; k++) history.step[k] = -direction[k];
        displace(state, b, history.step);
      }
    },
  };
}

/** Largest force on an atom of a replica, kcal/mol/Å. */
export function largestForce({ atoms, forces }: SimulationState, replica: number): number {
  let largest = 0;
  for (let i = 0, at = 3 * atoms * replica; i < atoms; i++, at += 3) {
    const length = Math.hypot(forces[at], forces[at + 1], forces[at + 2]);
    if (!(length <= largest)) largest = length;
  }
  return largest;
}

/** When an optimisation ends. */
export interface MinimizeOptions {
  /** kcal/mol/Å: a replica is done when no atom feels more. */
  readonly forceTolerance: number;
  readonly maxSteps: number;
  /** After every step, and once before the first. Returning false ends the optimisation. */
  readonly onStep?: (state: SimulationState) => boolean | undefined | Promise<boolean | undefined>;
}

/**
 * Moves all replicas to minima; the state's step counts.
 * @returns which replicas are there
 */
export async function minimize(
  state: SimulationState,
  potential: Potential,
  optimizer: Optimizer,
  { forceTolerance, maxSteps, onStep }: MinimizeOptions,
): Promise<boolean[]> {
  for (;;) {
    await refresh(state, potential);
    const active = Array.from(
      { length: state.replicas },
      (_, b) => !(largestForce(state, b) <= forceTolerance),
    );
    const goOn = (await onStep?.(state)) !== false;
    if (!goOn || state.step >= maxSteps || active.every((moving) => !moving))
      return active.map((moving) => !moving);
    optimizer.move(state, active);
    state.step++;
  }
}
