/** Parameters on the device: the flat array as a tree of jax-js arrays, and the layer that all networks have. */
import { np } from "../../platform/jax.ts";
import { type Layout, namedViews } from "./parameters.ts";

/** A fully connected layer, y = x Wᵀ + b; weight [out, in], bias [out]. */
export type Linear = { readonly weight: np.Array; readonly bias: np.Array };

/** Takes ownership of `x` [..., in] and of the layer; [..., out]. */
export const linear = (layer: Linear, x: np.Array): np.Array =>
  np.matmul(x, layer.weight.transpose()).add(layer.bias);

/** A tree of arrays: names split at dots, numeric parts as array indices. */
export type ParameterTree = { [key: string]: ParameterTree } | ParameterTree[] | np.Array;

/** The flat values as a tree of device arrays, in the precision of `values`. */
export function parameterTree(layout: Layout, values: Float32Array | Float64Array): ParameterTree {
  const root: Record<string, unknown> = {};
  for (const [index, [name, view]] of [...namedViews(layout, values)].entries()) {
    const path = name.split(".");
    let node: Record<string, unknown> = root;
    path.forEach((key, depth) => {
      if (depth === path.length - 1) node[key] = np.array(view.slice(), { shape: [...layout[index].shape] });
      else {
        node[key] ??= /^\d+$/.test(path[depth + 1]) ? [] : {};
        node = node[key] as Record<string, unknown>;
      }
    });
  }
  return root as ParameterTree;
}

/** Reads the arrays of a tree into one flat array, in the order of the layout; takes ownership of the tree. */
export async function readTree(layout: Layout, tree: unknown, flat: Float32Array): Promise<void> {
  for (const [name, view] of namedViews(layout, flat)) {
    let node = tree;
    for (const key of name.split(".")) node = (node as Record<string, unknown>)[key];
    view.set((await (node as np.Array).data()) as Float32Array);
  }
}
