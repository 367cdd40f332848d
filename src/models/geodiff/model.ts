/** A trained conformer model: configuration, parameters and schedule, read from and written to a model folder. */
import { type NoiseSchedule, scheduleFrom } from "../../diffusion/schedule.ts";
import { geoDiffLayout } from "../../nets/geodiff/geodiff.ts";
import { readModelConfig, readModelParameters, writeModelFolder } from "../model-folder.ts";
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

/** Writes model.safetensors and config.json, each atomically; the folder is made if need be. */
export const saveConformerModel = (
  folder: string,
  config: GeoDiffModelConfig,
  parameters: Float32Array,
): Promise<void> => writeModelFolder(folder, config, geoDiffLayout(geoDiffNetwork(config)), parameters);

/** @throws InputError naming the file and what is wrong in it */
export async function loadConformerModel(folder: string): Promise<ConformerModel> {
  const config = await readModelConfig(folder, geoDiffConfigSchema);
  return conformerModelOf(config, await readModelParameters(folder, geoDiffLayout(geoDiffNetwork(config))));
}
