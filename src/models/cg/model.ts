/** A trained model of a coarse-grained molecule. */
import { type NoiseSchedule, type ScheduleConfig, scheduleFrom } from "../../diffusion/schedule.ts";
import { InputError } from "../../errors.ts";
import { pairCount } from "../../nets/beads/beads-config.ts";
import type { Layout } from "../../nets/layers/parameters.ts";
import {
  type ModelKind,
  modelFromBytes,
  modelFromFiles,
  modelFromUrl,
  type NamedBytes,
} from "../model-bytes.ts";
import { beadNetworkConfig, type CgConfig, cgConfigSchema } from "./config.ts";
import { beadNetworkLayout } from "./field.ts";

/** A trained model of a coarse-grained molecule. */
export interface CgModel {
  readonly config: CgConfig;
  /** In the order of `cgLayout`. */
  readonly parameters: Float32Array;
  readonly schedule: NoiseSchedule;
}

export const cgLayout = (config: CgConfig): Layout => beadNetworkLayout(beadNetworkConfig(config));

/** The model with its schedule. */
export const cgModelOf = (config: CgConfig, parameters: Float32Array): CgModel => ({
  config,
  parameters,
  schedule: scheduleFrom(config.schedule as Exclude<ScheduleConfig, { kind: "learned" }>),
});

/** Coarse-grained models, for the loaders. */
export const CG: ModelKind<CgConfig, CgModel> = {
  schema: cgConfigSchema,
  check: ({ beads, distances }, file) => {
    const pairs = pairCount(beads.length);
    for (const [key, { length }] of Object.entries(distances)) {
      if (length !== pairs)
        throw new InputError(
          `distances.${key} has ${length} values, expected ${pairs} for ${beads.length} beads`,
          { file },
        );
    }
  },
  layout: cgLayout,
  modelOf: cgModelOf,
};

/** See modelFromBytes. */
export const cgFromBytes = (config: string, weights: Uint8Array, name?: string): CgModel =>
  modelFromBytes(CG, config, weights, name);

/** See modelFromUrl. */
export const cgFromUrl = (url: string | URL): Promise<CgModel> => modelFromUrl(CG, url);

/** See modelFromFiles. */
export const cgFromFiles = (files: Iterable<NamedBytes>): Promise<CgModel> => modelFromFiles(CG, files);
