/** What the compiled conformer network is asked, by native code and WebAssembly alike. */
import { WorkError } from "../../errors.ts";
import type { GeoDiffConfig } from "../../nets/geodiff/geodiff.ts";
import { checkLength } from "../check-length.ts";

/** Molecules side by side; indices count within a molecule. */
export interface RaggedGraphs {
  /** Atoms, local edges, far edges, centres of each molecule. [M, 4] */
  readonly counts: Int32Array;
  /** [A, atomFeatures] */
  readonly atoms: Float32Array;
  /** [A, 3] */
  readonly positions: Float32Array;
  /** [M] */
  readonly scales: Float32Array;
  /** [L, 2] */
  readonly local: Int32Array;
  /** [L, edgeFeatures] */
  readonly features: Float32Array;
  /** [G, 2] */
  readonly far: Int32Array;
  /** Atom and its neighbours a, b, c, d. [C, 5] */
  readonly centres: Int32Array;
  /** [C] */
  readonly signs: Float32Array;
}

export interface GeoDiffKernel {
  /** "native (AVX-512)" */
  readonly name: string;
  /** Fills the displacement of every atom. [A, 3] */
  readonly evaluate: (parameters: Float32Array, graphs: RaggedGraphs, output: Float32Array) => void;
  /** Fills the losses [M], w_m Σ ‖Δ − target‖², and the gradient of their mean. */
  readonly train: (
    parameters: Float32Array,
    graphs: RaggedGraphs,
    target: Float32Array,
    weight: Float32Array,
    losses: Float64Array,
    gradient: Float32Array,
  ) => void;
  readonly dispose: () => void;
}

/** Widths that the kernel computes are multiples of this. */
const WIDTH = 32;

export const computesWidth = ({ hidden }: GeoDiffConfig): boolean => hidden % WIDTH === 0;

/** Features of an edge of a bond graph. */
const EDGE_FEATURES = 9;

/** @throws WorkError when arrays do not fit together, or an index is of no atom of its molecule */
export function checkGraphs({ atomFeatures }: GeoDiffConfig, graphs: RaggedGraphs): void {
  const { counts, atoms, positions, scales, local, features, far, centres, signs } = graphs;
  const sums = [0, 0, 0, 0];
  counts.forEach((value, k) => {
    if (value < (k % 4 === 0 ? 1 : 0)) throw new WorkError("counts must not be negative, atoms at least 1");
    sums[k % 4] += value;
  });
  const [N, L, G, C] = sums;
  const lengths: [string, ArrayLike<number>, number][] = [
    ["atoms", atoms, atomFeatures * N],
    ["positions", positions, 3 * N],
    ["scales", scales, counts.length / 4],
    ["local", local, 2 * L],
    ["features", features, EDGE_FEATURES * L],
    ["far", far, 2 * G],
    ["centres", centres, 5 * C],
    ["signs", signs, C],
  ];
  for (const [name, array, length] of lengths) checkLength(name, array, length);
  const at = [0, 0, 0];
  for (let m = 0; m < counts.length; m += 4) {
    [local, far, centres].forEach((list, k) => {
      const end = at[k] + [2, 2, 5][k] * counts[m + 1 + k];
      for (; at[k] < end; at[k]++)
        if (!(list[at[k]] >= 0 && list[at[k]] < counts[m])) throw new WorkError("an atom is out of range");
    });
  }
}
