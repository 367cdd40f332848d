/** Where energies and forces come from: a trained model, a closed form, or a potential of the caller's own. */
import { type EngineOptions, openEngine } from "../engines/open-engine.ts";
import { InputError, ownName, type Place } from "../errors.ts";
import { beadNetworkConfig } from "../models/cg/config.ts";
import { openBeadFields } from "../models/cg/field.ts";
import { cgPotential } from "../models/cg/force-field.ts";
import type { CgModel } from "../models/cg/model.ts";
import { networkOf } from "../models/geometric/config.ts";
import { forceFieldPotential, type GeometricModel } from "../models/geometric/model.ts";
import type { Potential } from "../physics/potential.ts";
import { harmonicWells, lennardJones } from "../physics/reference-potentials.ts";
import type { PotentialSettings } from "./settings.ts";

/** What gives the forces. */
export type PotentialSource =
  | Exclude<PotentialSettings, { readonly kind: "model" }>
  | {
      readonly kind: "model";
      readonly model: GeometricModel | CgModel;
      /** Å; of a coarse-grained model the noise level whose score is the force, what it recommends by default. */
      readonly noise?: number;
    }
  /** Stays the caller's to dispose of. */
  | { readonly kind: "own"; readonly potential: Potential };

/** A potential, and what is known of it. */
export interface OpenedPotential {
  readonly potential: Potential;
  /** What computes it. */
  readonly engine: string;
  /** Å; atoms nearer than this overlap. 0: nothing does. */
  readonly nearest: number;
  /** Frees what was opened. */
  readonly close: () => void;
}

/** Å; no two atoms of a molecule are as near as this. */
const TOUCHING = 0.5;

/** Whether it is a diffusion model of beads, whose score is the force. */
export const isCoarseGrained = (model: GeometricModel | CgModel): model is CgModel =>
  model.config.kind === "cg";

/** Noise level in Å of a coarse-grained model's force; none of other models. @throws InputError where one is given for those */
export function forceNoise(
  model: GeometricModel | CgModel,
  noise: number | undefined,
  named = ownName,
  place: Place = {},
): number | undefined {
  if (noise !== undefined && !(noise > 0))
    throw new InputError(`${named("noise")} must be a length in Å above 0; got ${noise}`);
  if (isCoarseGrained(model)) return noise ?? model.config.forceNoise;
  if (noise !== undefined)
    throw new InputError(
      `${named("noise")} is the level of a coarse-grained model's force; this is another model`,
      place,
    );
  return undefined;
}

/**
 * Opens the potential.
 * @param start positions of replica 0, Å [N, 3]: the centres of harmonic wells
 * @throws InputError when the model has no forces, or no noise level where one is given
 */
export async function openPotential(
  source: PotentialSource,
  start: ArrayLike<number>,
  options: EngineOptions = {},
): Promise<OpenedPotential> {
  const closed = { engine: "closed form", close: () => {} };
  if (source.kind === "own")
    return { ...closed, engine: "the caller's", potential: source.potential, nearest: 0 };
  if (source.kind === "harmonic")
    return { ...closed, potential: harmonicWells(start, source.stiffness), nearest: 0 };
  if (source.kind === "lennard-jones") {
    const { epsilon, sigma, cutoff } = source;
    const potential = lennardJones({ epsilon, sigma, ...(cutoff === undefined ? {} : { cutoff }) });
    return { ...closed, potential, nearest: 0.5 * sigma };
  }
  const { model } = source;
  const noise = forceNoise(model, source.noise, options.named);
  if (isCoarseGrained(model)) {
    const { engine, dispose } = await openBeadFields(beadNetworkConfig(model.config), options);
    dispose(); // its name and its notices are known; the potential opens its own
    const { onNotice: _, ...quiet } = options;
    const potential = cgPotential(model, noise, quiet);
    return { potential, engine, nearest: TOUCHING, close: () => potential.dispose?.() };
  }
  const engine = await openEngine({ atomwise: networkOf(model.config) }, options);
  try {
    const potential = forceFieldPotential(model, engine);
    return { potential, engine: engine.name, nearest: TOUCHING, close: engine.dispose };
  } catch (error) {
    engine.dispose(); // a network of a property has no forces
    throw error;
  }
}
