/** The potential that settings name: a trained force field, or one with a closed form. */
import { createHash } from "node:crypto";
import type { EngineOptions } from "../engines/open-engine.ts";
import { openEngine } from "../engines/open-engine.ts";
import { InputError } from "../errors.ts";
import { beadNetworkConfig } from "../models/cg/config.ts";
import { openBeadFields } from "../models/cg/field.ts";
import { loadCg } from "../models/cg/folder.ts";
import { cgPotential } from "../models/cg/force-field.ts";
import { findModel } from "../models/edm/folder.ts";
import { networkOf } from "../models/geometric/config.ts";
import { loadGeometric } from "../models/geometric/folder.ts";
import { forceFieldPotential } from "../models/geometric/model.ts";
import { modelKindOf } from "../models/model-folder.ts";
import type { Potential } from "../physics/potential.ts";
import { harmonicWells, lennardJones } from "../physics/reference-potentials.ts";
import type { PotentialSettings } from "./settings.ts";

/** A potential, and what is known of it. */
export interface OpenedPotential {
  readonly potential: Potential;
  /** What computes it. */
  readonly engine: string;
  /** Å; atoms nearer than this overlap. 0: nothing does. */
  readonly nearest: number;
}

/** Å; no two atoms of a molecule are as near as this. */
const TOUCHING = 0.5;

/**
 * Settings of a trained model, its parameters fingerprinted.
 * @param noise Å; the noise level of the force of a coarse-grained model
 * @throws InputError when there is no such model, or it has no noise level
 */
export async function modelSettings(model: string, noise?: number): Promise<PotentialSettings> {
  const folder = findModel(model);
  if (await isCoarseGrained(folder)) {
    const { config, parameters } = await loadCg(folder);
    return { kind: "model", model, parameters: fingerprint(parameters), noise: noise ?? config.forceNoise };
  }
  if (noise !== undefined)
    throw new InputError("--noise is the level of a coarse-grained model's force; this is another model", {
      file: model,
    });
  const { parameters } = await loadGeometric(folder);
  return { kind: "model", model, parameters: fingerprint(parameters) };
}

/** Whether a model folder holds a diffusion model of beads, whose score is the force. */
export const isCoarseGrained = async (folder: string): Promise<boolean> =>
  (await modelKindOf(folder)) === "cg";

const fingerprint = (parameters: Float32Array): string =>
  createHash("sha256")
    .update(new Uint8Array(parameters.buffer, parameters.byteOffset, parameters.byteLength))
    .digest("hex")
    .slice(0, 16);

/**
 * Opens the potential.
 * @param start positions of replica 0, Å [N, 3]: the centres of harmonic wells
 * @throws InputError when the model is not there any more, is another one by now, or has no forces
 */
export async function openPotential(
  settings: PotentialSettings,
  start: ArrayLike<number>,
  options: EngineOptions = {},
): Promise<OpenedPotential> {
  if (settings.kind === "harmonic")
    return { potential: harmonicWells(start, settings.stiffness), engine: "closed form", nearest: 0 };
  if (settings.kind === "lennard-jones") {
    const { epsilon, sigma, cutoff } = settings;
    const potential = lennardJones({ epsilon, sigma, ...(cutoff === undefined ? {} : { cutoff }) });
    return { potential, engine: "closed form", nearest: 0.5 * sigma };
  }
  const folder = findModel(settings.model);
  if (await isCoarseGrained(folder)) {
    const model = await loadCg(folder);
    checkSame(model.parameters, settings);
    const { engine, dispose } = await openBeadFields(beadNetworkConfig(model.config), options);
    dispose(); // its name and its notices are known; the potential opens its own
    const { onNotice: _, ...quiet } = options;
    return { potential: cgPotential(model, settings.noise, quiet), engine, nearest: TOUCHING };
  }
  const model = await loadGeometric(folder);
  checkSame(model.parameters, settings);
  const engine = await openEngine({ atomwise: networkOf(model.config) }, options);
  const potential = forceFieldPotential(model, engine);
  return {
    potential: { ...potential, dispose: engine.dispose },
    engine: engine.name,
    nearest: TOUCHING,
  };
}

function checkSame(parameters: Float32Array, settings: PotentialSettings & { readonly kind: "model" }): void {
  if (fingerprint(parameters) === settings.parameters) return;
  throw new InputError(
    "is not the model the simulation was started with (its parameters changed); start a new one, or bring the model back",
    { file: settings.model },
  );
}
