/** A trained model of a coarse-grained molecule, read from and written to a model folder. */
import { type NoiseSchedule, type ScheduleConfig, scheduleFrom } from "../../diffusion/schedule.ts";
import { InputError } from "../../errors.ts";
import { pairCount } from "../../nets/beads/beads-config.ts";
import type { Layout } from "../../nets/layers/parameters.ts";
import { readModelConfig, readModelParameters, writeModelFolder } from "../model-folder.ts";
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

/** Writes model.safetensors and config.json, each atomically; the folder is made if need be. */
export const saveCg = (folder: string, config: CgConfig, parameters: Float32Array): Promise<void> =>
  writeModelFolder(folder, config, cgLayout(config), parameters);

/** Reads a model folder. @throws InputError naming the file and the tensor or key that is wrong */
export async function loadCg(folder: string): Promise<CgModel> {
  const config = await readModelConfig(folder, cgConfigSchema);
  const pairs = pairCount(config.beads.length);
  for (const [key, values] of Object.entries(config.distances)) {
    if (values.length !== pairs)
      throw new InputError(
        `distances.${key} has ${values.length} values, expected ${pairs} for ${config.beads.length} beads`,
        { file: `${folder}/config.json` },
      );
  }
  return cgModelOf(config, await readModelParameters(folder, cgLayout(config)));
}
