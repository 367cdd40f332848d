/** Model folders of every kind: `model.safetensors` and `config.json`, written atomically and read with suspicion. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { InputError } from "../errors.ts";
import { writeFileAtomically } from "../formats/atomic-write.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "../formats/safetensors.ts";
import { writing } from "../formats/write-problem.ts";
import { type Layout, layoutSize, namedViews } from "../nets/layers/parameters.ts";

/** Writes both files; the folder is made if need be. The safetensors' format is `equimol-KIND`. */
export async function writeModelFolder(
  folder: string,
  config: { readonly kind: string },
  layout: Layout,
  parameters: Float32Array,
): Promise<void> {
  await writing(folder, () => mkdir(folder, { recursive: true }));
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
  const { tensors } = await readSafetensors(file);
  const parameters = new Float32Array(layoutSize(layout));
  for (const [k, [name, view]] of [...namedViews(layout, parameters)].entries()) {
    const tensor = tensors.get(name);
    const expected = layout[k].shape;
    if (!tensor)
      throw new InputError(`tensor "${name}" is missing; config.json describes another network`, { file });
    if (tensor.dtype !== "F32" || tensor.shape.join() !== expected.join()) {
      throw new InputError(
        `tensor "${name}" is ${tensor.dtype} [${tensor.shape.join(", ")}], expected F32 [${expected.join(", ")}]`,
        { file },
      );
    }
    view.set(tensor.data as Float32Array);
    if (!view.every(Number.isFinite))
      throw new InputError(`tensor "${name}" has values that are not finite`, { file });
  }
  const known = new Set(layout.map(({ name }) => name));
  for (const name of tensors.keys()) {
    if (!known.has(name))
      throw new InputError(`tensor "${name}" has no place in the network of config.json`, { file });
  }
  return parameters;
}

/** What is in config.json. @throws InputError where it is no JSON */
async function configOf(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new InputError(`cannot be read: ${(error as Error).message}`, { file });
  }
}

/** Which kind of model is in a folder, by its config.json: "edm", "cg" …; undefined where it does not say. */
export async function modelKindOf(folder: string): Promise<string | undefined> {
  const value = await configOf(join(folder, "config.json"));
  const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : undefined;
  return typeof kind === "string" ? kind : undefined;
}

/** What a model of each kind is, and the commands that take it. */
const KINDS: Readonly<Record<string, string>> = {
  edm: "generates molecules: equimol sample --model MODEL --out FILE",
  conformers: "makes conformers of a given molecule: equimol conformers SMILES --model MODEL --out FILE",
  cg: "is of a coarse-grained molecule: equimol sample or simulate --model MODEL --out OUT",
  forcefield: "is a force field: equimol simulate MOLECULE --model MODEL --out FOLDER",
  property: "predicts a property: equimol predict MOLECULES --model MODEL",
  lab: "is one of the lab: equimol lab sample --model MODEL --out FILE",
};

/** The configuration of a model folder. @throws InputError naming the key that is wrong, or what the model is for */
export async function readModelConfig<S extends z.ZodType>(folder: string, schema: S): Promise<z.infer<S>> {
  const file = join(folder, "config.json");
  const value = await configOf(file);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const { kind } = (value ?? {}) as { readonly kind?: unknown };
  if (issue.path.join() === "kind" && typeof kind === "string" && kind in KINDS)
    throw new InputError(`this model ${KINDS[kind]}`, { file: folder });
  throw new InputError(`${issue.path.join(".") || "(top level)"}: ${issue.message}`, { file });
}
