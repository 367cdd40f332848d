/** Model folders of every kind: `model.safetensors` and `config.json`, written atomically and read with suspicion. */
import { join } from "node:path";
import type { z } from "zod";
import type { Tensor } from "../formats/safetensors.ts";
import { type Layout, namedViews } from "../nets/layers/parameters.ts";
import { writeFileAtomically } from "../platform/node/atomic-write.ts";
import { readText } from "../platform/node/file-bytes.ts";
import { readSafetensors, writeSafetensors } from "../platform/node/safetensors.ts";
import { makeFolder } from "../platform/node/write-problem.ts";
import {
  checkedConfig,
  checkTensors,
  configOf,
  type ModelKind,
  parametersOf,
  parsedConfig,
} from "./model-bytes.ts";

/** Writes both files; the folder is made if need be. The safetensors' format is `equimol-KIND`. */
export async function writeModelFolder(
  folder: string,
  config: { readonly kind: string },
  layout: Layout,
  parameters: Float32Array,
): Promise<void> {
  await makeFolder(folder);
  const views = namedViews(layout, parameters);
  const tensors = new Map<string, Tensor>(
    layout.map(({ name, shape }) => [name, { dtype: "F32", shape, data: views.get(name) as Float32Array }]),
  );
  await writeSafetensors(join(folder, "model.safetensors"), tensors, { format: `equimol-${config.kind}` });
  await writeFileAtomically(join(folder, "config.json"), formatted(config));
}

/** JSON with lists of numbers on one line each. */
const formatted = (value: unknown): string =>
  `${JSON.stringify(value, null, 2).replace(/\[[\s\d.,eE+-]+\]/g, (list) => list.replace(/\s+/g, " ").replace(/\[ | \]/g, (end) => end.trim()))}\n`;

/**
 * The parameters in a model folder, in the order of the layout.
 * @throws InputError naming the file and the tensor that is missing, superfluous, misshapen or not finite
 */
export async function readModelParameters(folder: string, layout: Layout): Promise<Float32Array> {
  const file = join(folder, "model.safetensors");
  const { tensors } = await readSafetensors(file, (entries) => checkTensors(entries, layout, file));
  return parametersOf(tensors, layout, file);
}

/** Which kind of model is in a folder, by its config.json: "edm", "cg" …; undefined where it does not say. */
export async function modelKindOf(folder: string): Promise<string | undefined> {
  const file = join(folder, "config.json");
  const value = configOf(await readText(file), file);
  const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : undefined;
  return typeof kind === "string" ? kind : undefined;
}

/** The configuration of a model folder. @throws InputError naming the key that is wrong, or what the model is for */
export async function readModelConfig<S extends z.ZodType>(folder: string, schema: S): Promise<z.infer<S>> {
  const file = join(folder, "config.json");
  return parsedConfig(await readText(file), schema, file);
}

/** Reads a model folder. @throws InputError naming the file and the tensor or key that is wrong */
export async function loadModel<Config, Model>(
  kind: ModelKind<Config, Model>,
  folder: string,
): Promise<Model> {
  const file = join(folder, "config.json");
  const config = checkedConfig(kind, await readText(file), file);
  return kind.modelOf(config, await readModelParameters(folder, kind.layout(config)));
}
