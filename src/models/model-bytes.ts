/** Models of any kind from the text of a `config.json` and the bytes of a `model.safetensors`, checked with suspicion. */
import type { z } from "zod";
import { InputError, printable } from "../errors.ts";
import { jsonOf } from "../formats/json.ts";
import { parseSafetensors, type TensorFile } from "../formats/safetensors.ts";
import type { TensorEntry } from "../formats/safetensors-header.ts";
import { type Layout, layoutSize, namedViews } from "../nets/layers/parameters.ts";

/** How models of one kind are made. */
export interface ModelKind<Config, Model> {
  readonly schema: z.ZodType<Config>;
  /** What the schema does not see. @throws InputError naming the key that is wrong; `file` is what messages call it */
  readonly check?: (config: Config, file: string) => void;
  readonly layout: (config: Config) => Layout;
  readonly modelOf: (config: Config, parameters: Float32Array) => Model;
}

/**
 * The model of both texts: in a browser, what `fetch` gave or a `File` holds.
 * @param name what messages call it
 * @throws InputError naming the key or tensor that is wrong
 */
export function modelFromBytes<Config, Model>(
  kind: ModelKind<Config, Model>,
  config: string,
  weights: Uint8Array,
  name = "model",
): Model {
  const checked = checkedConfig(kind, config, `${name}/config.json`);
  const file = `${name}/model.safetensors`;
  const { tensors } = parseSafetensors(weights, file);
  return kind.modelOf(checked, parametersOf(tensors, kind.layout(checked), file));
}

/**
 * The model at an address: `config.json` and `model.safetensors` below it.
 * @throws InputError where they cannot be had or are not those of a model
 */
export async function modelFromUrl<Config, Model>(
  kind: ModelKind<Config, Model>,
  url: string | URL,
): Promise<Model> {
  const page = (globalThis as { readonly location?: { readonly href: string } }).location?.href;
  const folder = `${new URL(url, page)}`.replace(/\/?$/, "/");
  const [config, weights] = await Promise.all(
    ["config.json", "model.safetensors"].map((file) => fetched(new URL(file, folder))),
  );
  return modelFromBytes(kind, new TextDecoder().decode(config), weights, String(url));
}

/** What `File` and `Blob` with a name have. */
export interface NamedBytes {
  readonly name: string;
  /** Where a folder was chosen: "qm9/config.json". */
  readonly webkitRelativePath?: string;
  /** All of its bytes. */
  readonly arrayBuffer: () => Promise<ArrayBuffer>;
}

/**
 * The model in files that a user of a page chose or dropped: `config.json` and `model.safetensors`, whatever is with them.
 * @throws InputError where one is missing or they are not those of a model
 */
export async function modelFromFiles<Config, Model>(
  kind: ModelKind<Config, Model>,
  files: Iterable<NamedBytes>,
): Promise<Model> {
  const chosen = [...files];
  const folder = chosen[0]?.webkitRelativePath?.split("/").slice(0, -1).join("/") || "model";
  const [config, weights] = await Promise.all(
    ["config.json", "model.safetensors"].map(async (wanted) => {
      const file = chosen.find(({ name }) => name === wanted);
      if (file === undefined)
        throw new InputError(
          `is missing among ${chosen.map(({ name }) => name).join(", ") || "no files"}; a model is config.json and model.safetensors`,
          { file: `${folder}/${wanted}` },
        );
      return new Uint8Array(await file.arrayBuffer());
    }),
  );
  return modelFromBytes(kind, new TextDecoder().decode(config), weights, folder);
}

async function fetched(url: URL): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new InputError(`cannot be fetched: ${(error as Error).message}`, { file: url.href });
  }
  if (!response.ok)
    throw new InputError(`answered ${response.status} ${response.statusText}`, { file: url.href });
  return new Uint8Array(await response.arrayBuffer());
}

/** The configuration in a text, checked. @throws InputError naming the key that is wrong, or what the model is for */
export function checkedConfig<Config>(
  { schema, check }: Pick<ModelKind<Config, unknown>, "schema" | "check">,
  text: string,
  file: string,
): Config {
  const config = parsedConfig(text, schema, file);
  check?.(config, file);
  return config;
}

/**
 * The parameters in the order of the layout.
 * @param file what messages call it
 * @throws InputError naming the tensor that is missing, superfluous, misshapen or not finite
 */
export function parametersOf(tensors: TensorFile["tensors"], layout: Layout, file: string): Float32Array {
  checkTensors(
    Array.from(tensors, ([name, { dtype, shape }]) => ({ name, dtype, shape })),
    layout,
    file,
  );
  const parameters = new Float32Array(layoutSize(layout));
  for (const [name, view] of namedViews(layout, parameters)) {
    view.set(tensors.get(name)?.data as Float32Array);
    if (!view.every(Number.isFinite))
      throw new InputError(`tensor "${name}" has values that are not finite`, { file });
  }
  return parameters;
}

/**
 * Whether these are the tensors of the layout, before memory is taken for either.
 * @throws InputError naming the tensor that is missing, superfluous or misshapen
 */
export function checkTensors(
  tensors: readonly Pick<TensorEntry, "name" | "dtype" | "shape">[],
  layout: Layout,
  file: string,
): void {
  const present = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  for (const { name, shape } of layout) {
    const tensor = present.get(name);
    if (!tensor)
      throw new InputError(`tensor "${name}" is missing; config.json describes another network`, { file });
    if (!WIDENED.has(tensor.dtype) || tensor.shape.join() !== shape.join()) {
      throw new InputError(
        `tensor "${name}" is ${tensor.dtype} [${tensor.shape.join(", ")}], expected F32 [${shape.join(", ")}]`,
        { file },
      );
    }
    present.delete(name);
  }
  for (const name of present.keys())
    throw new InputError(`tensor "${printable(name)}" has no place in the network of config.json`, { file });
}

/** What is read as float32. */
const WIDENED: ReadonlySet<string> = new Set(["F32", "F16", "BF16"]);

/** What is in the text of a config.json. @throws InputError where it is no JSON */
export const configOf = (text: string, file: string): unknown => jsonOf(text, { file }, "cannot be read");

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
  const value = configOf(text, file);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const { kind } = (value ?? {}) as { readonly kind?: unknown };
  if (issue.path.join() === "kind" && typeof kind === "string" && Object.hasOwn(KINDS, kind))
    throw new InputError(`this model ${KINDS[kind]}`, { file: file.replace(/[\\/]config\.json$/, "") });
  throw new InputError(printable(`${issue.path.join(".") || "(top level)"}: ${issue.message}`), { file });
}
