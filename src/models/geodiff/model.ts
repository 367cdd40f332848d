/** A trained conformer model: configuration, parameters and schedule. */
import { type NoiseSchedule, scheduleFrom } from "../../diffusion/schedule.ts";
import { geoDiffLayout } from "../../nets/geodiff/geodiff.ts";
import type { Layout } from "../../nets/layers/parameters.ts";
import {
  type ModelKind,
  modelFromBytes,
  modelFromFiles,
  modelFromUrl,
  type NamedBytes,
} from "../model-bytes.ts";
import { type GeoDiffModelConfig, geoDiffConfigSchema, geoDiffNetwork } from "./config.ts";

/** A trained conformer model. */
export interface ConformerModel {
  readonly config: GeoDiffModelConfig;
  readonly parameters: Float32Array;
  readonly schedule: NoiseSchedule;
}

export function conformerModelOf(config: GeoDiffModelConfig, parameters: Float32Array): ConformerModel {
  return { config, parameters, schedule: scheduleOfConfig(config) };
}

/** The schedule of a configuration, which is never a learned one. */
export function scheduleOfConfig({ schedule }: Pick<GeoDiffModelConfig, "schedule">): NoiseSchedule {
  if (schedule.kind === "learned") throw new RangeError("a conformer model has no learned schedule");
  return scheduleFrom(schedule);
}

/** Names and shapes of its parameters. */
export const conformerLayout = (config: GeoDiffModelConfig): Layout => geoDiffLayout(geoDiffNetwork(config));

/** Conformer models, for the loaders. */
export const CONFORMERS: ModelKind<GeoDiffModelConfig, ConformerModel> = {
  schema: geoDiffConfigSchema,
  layout: conformerLayout,
  modelOf: conformerModelOf,
};

/** See modelFromBytes. */
export const conformerModelFromBytes = (config: string, weights: Uint8Array, name?: string): ConformerModel =>
  modelFromBytes(CONFORMERS, config, weights, name);

/** See modelFromUrl. */
export const conformerModelFromUrl = (url: string | URL): Promise<ConformerModel> =>
  modelFromUrl(CONFORMERS, url);

/** See modelFromFiles. */
export const conformerModelFromFiles = (files: Iterable<NamedBytes>): Promise<ConformerModel> =>
  modelFromFiles(CONFORMERS, files);
