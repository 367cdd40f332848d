/** A trained model of the lab in its folder: the kind, its settings, and the data that it was made for. */
import { z } from "zod";
import type { EngineOptions } from "../../engines/open-engine.ts";
import { InputError } from "../../errors.ts";
import { count, width } from "../../models/limits.ts";
import { readModelConfig, readModelParameters, writeModelFolder } from "../../models/model-folder.ts";
import { mixtureOfData } from "../data/catalog.ts";
import { labDataSchema } from "../data/settings.ts";
import { labKind } from "./kinds.ts";
import type { LabFacts, LabModel, LabModelKind } from "./lab-model.ts";

const shapeSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("points"), dimension: count }),
  z.strictObject({ kind: z.literal("images"), height: count, width: width, binary: z.boolean() }),
  z.strictObject({ kind: z.literal("symbols"), dimension: count, symbols: count }),
]);

const labConfigSchema = z.strictObject({
  kind: z.literal("lab"),
  format: z.literal(1),
  /** Name of the kind of model. */
  model: z.string(),
  settings: z.record(z.string(), z.unknown()),
  shape: shapeSchema,
  data: z.strictObject({
    name: z.string(),
    source: z.string(),
    settings: labDataSchema,
    lowest: z.array(z.number()),
    highest: z.array(z.number()),
    standardisation: z.strictObject({ shift: z.array(z.number()), scale: z.number() }).optional(),
  }),
  provenance: z.record(z.string(), z.unknown()),
});
export type LabConfig = z.infer<typeof labConfigSchema>;

/** A model of the lab with its parameters and settings. */
export interface TrainedLabModel {
  readonly config: LabConfig;
  readonly kind: LabModelKind;
  readonly model: LabModel;
  readonly parameters: Float32Array;
}

/**
 * The model that a configuration describes.
 * @param engine what computes the networks that have kernels
 * @throws InputError for a kind, settings or a shape that do not fit
 */
export function labModelOf(
  config: LabConfig,
  engine?: EngineOptions,
): {
  readonly kind: LabModelKind;
  readonly model: LabModel;
} {
  const kind = labKind(config.model);
  const result = kind.settings.safeParse(config.settings);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new InputError(`settings of ${kind.name}: ${issue.path.join(".")}: ${issue.message}`);
  }
  const { name, source, settings, lowest, highest } = config.data;
  const mixture = mixtureOfData(source, settings);
  const facts: LabFacts = { name, lowest, highest, ...(mixture && { mixture }), ...(engine && { engine }) };
  return { kind, model: kind.build(result.data, config.shape, facts) };
}

export const saveLabModel = (
  folder: string,
  config: LabConfig,
  model: LabModel,
  parameters: Float32Array,
): Promise<void> => writeModelFolder(folder, config, model.layout, parameters);

/**
 * Reads a model folder.
 * @param changes settings of the model that replace those it was trained with, such as its sampler
 * @throws InputError naming the file and the key or tensor that is wrong
 */
export async function loadLabModel(
  folder: string,
  changes: Readonly<Record<string, unknown>> = {},
  engine?: EngineOptions,
): Promise<TrainedLabModel> {
  const config = await readModelConfig(folder, labConfigSchema);
  const changed = { ...config, settings: { ...config.settings, ...changes } };
  const { kind, model } = labModelOf(changed, engine);
  return { config: changed, kind, model, parameters: await readModelParameters(folder, model.layout) };
}
