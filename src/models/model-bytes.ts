/** What a model is made from: the tensors of its weights and the text of its configuration, checked with suspicion. */
import type { z } from "zod";
import { InputError } from "../errors.ts";
import type { TensorFile } from "../formats/safetensors.ts";
import { type Layout, layoutSize, namedViews } from "../nets/layers/parameters.ts";

/**
 * The parameters in the order of the layout.
 * @param file what messages call it
 * @throws InputError naming the tensor that is missing, superfluous, misshapen or not finite
 */
export function parametersOf(tensors: TensorFile["tensors"], layout: Layout, file: string): Float32Array {
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

/** What is in the text of a config.json. @throws InputError where it is no JSON */
export function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`cannot be read: ${(error as Error).message}`, { file });
  }
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

/** The configuration in a text. @throws InputError naming the key that is wrong, or what the model is for */
export function parsedConfig<S extends z.ZodType>(text: string, schema: S, file: string): z.infer<S> {
  const value = jsonOf(text, file);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const { kind } = (value ?? {}) as { readonly kind?: unknown };
  if (issue.path.join() === "kind" && typeof kind === "string" && kind in KINDS)
    throw new InputError(`this model ${KINDS[kind]}`, { file: file.replace(/[\\/]config\.json$/, "") });
  throw new InputError(`${issue.path.join(".") || "(top level)"}: ${issue.message}`, { file });
}
