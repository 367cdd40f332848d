/** Settings of a run of the lab: `model.*` are the kind's own, `training.*` the loop's, `data.*` the data's. */
import { z } from "zod";
import { InputError } from "../../errors.ts";
import { mergeSettings, parseAssignment, type Settings } from "../../train/config-file.ts";
import { trainingSchema } from "../../train/schema.ts";
import { labDataSchema } from "../data/settings.ts";
import type { LabModelKind, LabShape } from "../models/lab-model.ts";

/** Settings of a training of the lab, checked: the kind's own, the training's, the data's. */
export const labSettingsSchema = (kind: LabModelKind) =>
  z.strictObject({
    model: kind.settings.prefault({}),
    training: trainingSchema.prefault({}),
    data: labDataSchema.prefault({}),
  });
/** Settings of a training of the lab, complete. */
export type LabSettings = z.infer<ReturnType<typeof labSettingsSchema>>;

/** What suits small models better than the defaults of molecules; a kind's presets go on top. */
const COMMON: Settings = {
  training: {
    batchSize: 256,
    epochs: 40,
    learningRate: 1e-3,
    decay: "cosine",
    amsgrad: false,
    emaDecay: 0.995,
    clipping: 10,
    logEvery: 100,
    validateEvery: 1000,
    checkpointSeconds: 30,
  },
};

/**
 * Where training starts: what is common, then the kind's preset for the data set, or for rows of that shape, then the
 * recipe that is asked for.
 * @throws InputError for a recipe that the kind does not have
 */
export function labPreset(
  kind: LabModelKind,
  data: string,
  shape: LabShape["kind"],
  recipe?: string,
): Settings {
  const preset = kind.presets?.[data] ?? kind.presets?.[shape] ?? {};
  return mergeSettings(
    COMMON,
    ...assigned(preset),
    ...(recipe === undefined ? [] : assigned(recipeOf(kind, recipe))),
  );
}

const assigned = (preset: Readonly<Record<string, unknown>>): readonly Settings[] =>
  Object.entries(preset).map(([key, value]) =>
    parseAssignment(`${/^(training|data)\./.test(key) ? key : `model.${key}`}=${JSON.stringify(value)}`),
  );

function recipeOf({ name, recipes = {} }: LabModelKind, recipe: string): Readonly<Record<string, unknown>> {
  if (Object.hasOwn(recipes, recipe)) return recipes[recipe].settings;
  const known = Object.keys(recipes);
  throw new InputError(
    `unknown preset "${recipe}"; ${name} has ${known.length === 0 ? "none besides the settings it starts with" : known.join(", ")}`,
  );
}
