/**
 * Weights of SchNet and PaiNN under the names that SchNetPack 2 gives them. The sizes of the network are read from
 * the shapes of the tensors; `radial_basis.*` and `cutoff_fn.cutoff` say how distances are expanded. Names may carry
 * `representation.` in front; a head is taken from `output_modules.0.outnet.*` where there is one.
 */
import { symbolOf } from "../../chem/elements.ts";
import { InputError } from "../../errors.ts";
import type { Tensor } from "../../formats/safetensors.ts";
import { type GeometricConfig, geometricLayout } from "../geometric.ts";
import { layoutSize, namedViews } from "../layers/parameters.ts";
import type { RadialBasis } from "../layers/radial.ts";

/** A network of SchNetPack in our terms. */
export interface SchnetpackWeights {
  readonly config: GeometricConfig & { readonly kind: "schnet" | "painn" };
  /** In the order of `geometricLayout`; the head is zero where the file has none. */
  readonly parameters: Float32Array;
  readonly hasHead: boolean;
}

/**
 * @param tensors as `readSafetensors` gives them
 * @param elements nuclear charges to keep, in the order of the model: rows of the embedding
 * @param file name for messages
 * @throws InputError for tensors that are missing, misshapen, or of another network
 */
export function readSchnetpackWeights(
  tensors: ReadonlyMap<string, Tensor>,
  elements: readonly number[],
  file = "weights",
): SchnetpackWeights {
  const named = new Map([...tensors].map(([name, tensor]) => [ourName(name), tensor]));
  const config = configOf(named, elements, file);
  const layout = geometricLayout(config);
  const parameters = new Float32Array(layoutSize(layout));
  const hasHead = named.has("output.0.weight");
  for (const [k, [name, view]] of [...namedViews(layout, parameters)].entries()) {
    if (!hasHead && name.startsWith("output.")) continue;
    const tensor = named.get(name);
    const { shape } = layout[k];
    if (tensor === undefined) throw new InputError(`tensor "${name}" is missing`, { file });
    if (name === "representation.embedding.weight") {
      embedding(tensor, elements, shape[1], view, file);
      continue;
    }
    if (tensor.shape.join() !== shape.join())
      throw new InputError(
        `tensor "${name}" is [${tensor.shape.join(", ")}], expected [${shape.join(", ")}]`,
        { file },
      );
    view.set(numbers(tensor, name, file));
  }
  return { config, parameters, hasHead };
}

/** `representation.x` and `x` are one; the head of the first output module is ours. */
const ourName = (name: string): string => {
  const head = /^(?:model\.)?output_modules\.0\.outnet\.(.+)$/.exec(name);
  if (head) return `output.${head[1]}`;
  return `representation.${name.replace(/^(?:model\.)?representation\./, "")}`;
};

function numbers(tensor: Tensor, name: string, file: string): Float32Array {
  const { data } = tensor;
  if (!(data instanceof Float32Array || data instanceof Float64Array))
    throw new InputError(`tensor "${name}" is ${tensor.dtype}; F32 or F64 was expected`, { file });
  const values = Float32Array.from(data);
  if (!values.every(Number.isFinite))
    throw new InputError(`tensor "${name}" has values that are not finite`, { file });
  return values;
}

/** Row z of SchNetPack's table is element z. */
function embedding(
  tensor: Tensor,
  elements: readonly number[],
  F: number,
  view: Float32Array,
  file: string,
): void {
  const values = numbers(tensor, "embedding.weight", file);
  elements.forEach((z, row) => {
    if (z >= tensor.shape[0])
      throw new InputError(
        `the embedding has no row for element "${symbolOf(z)}" (it has ${tensor.shape[0]})`,
        { file },
      );
    view.set(values.subarray(z * F, (z + 1) * F), row * F);
  });
}

function configOf(
  tensors: ReadonlyMap<string, Tensor>,
  elements: readonly number[],
  file: string,
): SchnetpackWeights["config"] {
  const shapeOf = (name: string): readonly number[] => {
    const tensor = tensors.get(`representation.${name}`);
    if (tensor === undefined)
      throw new InputError(
        `tensor "${name}" is missing: these are not SchNetPack's weights of SchNet or PaiNN`,
        { file },
      );
    return tensor.shape;
  };
  const painn = tensors.has("representation.filter_net.weight");
  const types = elements.length;
  const hidden = shapeOf("embedding.weight")[1];
  let layers = 0;
  const last = painn ? "interatomic_context_net.0.weight" : "in2f.weight";
  while (tensors.has(`representation.interactions.${layers}.${last}`)) layers++;
  if (layers === 0) shapeOf(`interactions.0.${last}`);
  const count = shapeOf(painn ? "filter_net.weight" : "interactions.0.filter_network.0.weight")[1];
  const radial = radialOf(tensors, count, file);
  if (!painn)
    return {
      kind: "schnet",
      types,
      hidden,
      filters: shapeOf("interactions.0.in2f.weight")[0],
      layers,
      radial,
    };
  const [rows] = shapeOf("filter_net.weight");
  if (rows !== 3 * hidden * layers)
    throw new InputError(
      `tensor "filter_net.weight" has ${rows} rows, expected ${3 * hidden * layers}; shared filters are not supported`,
      { file },
    );
  return { kind: "painn", types, hidden, layers, radial };
}

function radialOf(tensors: ReadonlyMap<string, Tensor>, count: number, file: string): RadialBasis {
  const values = (name: string): Float32Array | undefined => {
    const tensor = tensors.get(`representation.${name}`);
    return tensor && numbers(tensor, name, file);
  };
  const cutoff = values("cutoff_fn.cutoff")?.[0];
  if (cutoff === undefined) throw new InputError('tensor "cutoff_fn.cutoff" is missing', { file });
  const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-4 * Math.max(1, Math.abs(b));
  const unsupported = new InputError(
    `the radial basis is not one of ${count} Gaussians with centres from 0 to the cutoff (${cutoff} Å) and widths of their spacing, nor of Bessel functions`,
    { file },
  );
  const [offsets, widths, frequencies] = ["offsets", "widths", "freqs"].map((name) =>
    values(`radial_basis.${name}`),
  );
  if (frequencies) {
    if (!frequencies.every((value, k) => near(value, ((k + 1) * Math.PI) / cutoff))) throw unsupported;
    return { kind: "bessel", count, cutoff };
  }
  const spacing = cutoff / (count - 1);
  const fits =
    offsets?.every((value, k) => near(value, k * spacing)) && widths?.every((value) => near(value, spacing));
  if (!fits) throw unsupported;
  return { kind: "gaussian", count, cutoff };
}
