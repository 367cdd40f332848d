/** Models in folders as potentials of a simulation: what settings say of one, and the one that they name. */
import { createHash } from "node:crypto";
import { InputError, ownName } from "../../errors.ts";
import { loadCg } from "../../models/cg/folder.ts";
import type { CgModel } from "../../models/cg/model.ts";
import { findModel } from "../../models/edm/folder.ts";
import { loadGeometric } from "../../models/geometric/folder.ts";
import type { GeometricModel } from "../../models/geometric/model.ts";
import { modelKindOf } from "../../models/model-folder.ts";
import { forceNoise, type PotentialSource } from "../open-potential.ts";
import type { PotentialSettings } from "../settings.ts";

/** The force field or coarse-grained model of that folder or name. @throws InputError where there is none */
export async function loadForces(model: string): Promise<GeometricModel | CgModel> {
  const folder = findModel(model);
  return (await modelKindOf(folder)) === "cg" ? loadCg(folder) : loadGeometric(folder);
}

/**
 * Settings of a trained model, its parameters fingerprinted.
 * @param name folder or name, as it was given
 * @param noise Å; the noise level of the force of a coarse-grained model
 * @throws InputError for a noise level of a model that has none
 */
export function modelSettings(
  name: string,
  model: GeometricModel | CgModel,
  noise: number | undefined,
  named = ownName,
): PotentialSettings {
  const level = forceNoise(model, noise, named, { file: name });
  const parameters = fingerprint(model.parameters);
  return { kind: "model", model: name, parameters, ...(level !== undefined && { noise: level }) };
}

const fingerprint = (parameters: Float32Array): string =>
  createHash("sha256")
    .update(new Uint8Array(parameters.buffer, parameters.byteOffset, parameters.byteLength))
    .digest("hex")
    .slice(0, 16);

/** What gives the forces that settings name. @throws InputError when the model is not there any more, or is another one by now */
export async function sourceOf(settings: PotentialSettings): Promise<PotentialSource> {
  if (settings.kind !== "model") return settings;
  const model = await loadForces(settings.model);
  if (fingerprint(model.parameters) !== settings.parameters)
    throw new InputError(
      "is not the model the simulation was started with (its parameters changed); start a new one, or bring the model back",
      { file: settings.model },
    );
  return { kind: "model", model, ...(settings.noise !== undefined && { noise: settings.noise }) };
}
