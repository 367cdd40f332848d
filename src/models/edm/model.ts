/** A trained EDM: its configuration, parameters and schedule; from bytes, wherever they come from. */

import { type BondRule, RULE_ELEMENTS } from "../../chem/bond-tables.ts";
import { symbolOf } from "../../chem/elements.ts";
import { learnedSchedule } from "../../diffusion/learned-schedule.ts";
import { type NoiseSchedule, scheduleFrom } from "../../diffusion/schedule.ts";
import { dynamicsLayout } from "../../nets/egnn/dynamics-layout.ts";
import { type Layout, layoutSize } from "../../nets/layers/parameters.ts";
import {
  type ModelKind,
  modelFromBytes,
  modelFromFiles,
  modelFromUrl,
  type NamedBytes,
} from "../model-bytes.ts";
import { dynamicsConfig, type EdmConfig, edmConfigSchema } from "./config.ts";
import { GAMMA_LAYOUT, gammaParameters } from "./gamma-parameters.ts";

/** A trained EDM. */
export interface EdmModel {
  readonly config: EdmConfig;
  /** In the order of `modelLayout`. */
  readonly parameters: Float32Array;
  /** The part of them that the engine needs. */
  readonly network: Float32Array;
  readonly schedule: NoiseSchedule;
}

/** Names and shapes of all parameters: the network's, then those of a learned schedule. */
export const modelLayout = (config: EdmConfig): Layout => [
  ...dynamicsLayout(dynamicsConfig(config)),
  ...(config.schedule.kind === "learned" ? GAMMA_LAYOUT : []),
];

/** The model with its schedule, which is part of the parameters where it was learned. @param parameters as `modelLayout` has them */
export function modelOf(config: EdmConfig, parameters: Float32Array): EdmModel {
  if (config.schedule.kind !== "learned")
    return { config, parameters, network: parameters, schedule: scheduleFrom(config.schedule) };
  const networkSize = layoutSize(dynamicsLayout(dynamicsConfig(config)));
  const network = parameters.subarray(0, networkSize);
  const gamma = gammaParameters(parameters.subarray(networkSize));
  return { config, parameters, network, schedule: learnedSchedule(gamma, config.schedule.steps) };
}

/** The bond rule that fits the model's elements. */
export const bondRuleOf = (config: Pick<EdmConfig, "elements">): BondRule =>
  config.elements.every((z) => RULE_ELEMENTS.qm9.includes(symbolOf(z))) ? "qm9" : "geom";

/** EDMs, for the loaders. */
export const EDM: ModelKind<EdmConfig, EdmModel> = { schema: edmConfigSchema, layout: modelLayout, modelOf };

/** See modelFromBytes. */
export const edmFromBytes = (config: string, weights: Uint8Array, name?: string): EdmModel =>
  modelFromBytes(EDM, config, weights, name);

/** See modelFromUrl. */
export const edmFromUrl = (url: string | URL): Promise<EdmModel> => modelFromUrl(EDM, url);

/** See modelFromFiles. */
export const edmFromFiles = (files: Iterable<NamedBytes>): Promise<EdmModel> => modelFromFiles(EDM, files);
