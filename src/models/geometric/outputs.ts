/**
 * From the numbers of the atoms to a property of the molecule: sum and mean; the dipole moment ‖Σ q_i r_i‖ of
 * neutralised charges, and the electronic spatial extent Σ q_i ‖r_i − r_c‖² about the centre of mass r_c (Schütt et
 * al. 2018, section II.D; Schütt, Unke, Gastegger 2021, section 4). In double precision.
 */
import { atomicWeight } from "../../chem/elements.ts";
import type { Pooling } from "./config.ts";

/** A molecule as the outputs see it. */
export interface PooledMolecule {
  /** Å, row-major [N, 3] */
  readonly positions: ArrayLike<number>;
  readonly atomicNumbers: ArrayLike<number>;
}

/** The pooled value of o [N], and its derivative by each o_i. */
export function pool(
  pooling: Pooling,
  { positions, atomicNumbers }: PooledMolecule,
  outputs: ArrayLike<number>,
): { readonly value: number; readonly derivative: Float64Array } {
  const N = outputs.length;
  const sum = (term: (i: number) => number): number => {
    let total = 0;
    for (let i = 0; i < N; i++) total += term(i);
    return total;
  };
  switch (pooling) {
    case "sum":
      return { value: sum((i) => outputs[i]), derivative: new Float64Array(N).fill(1) };
    case "mean":
      return { value: sum((i) => outputs[i]) / N, derivative: new Float64Array(N).fill(1 / N) };
    case "dipole": {
      // Neutral charges: the moment does not depend on the origin; about the centroid they need no correction.
      const centre = [0, 1, 2].map((axis) => sum((i) => positions[3 * i + axis]) / N);
      const moment = [0, 1, 2].map((axis) =>
        sum((i) => outputs[i] * (positions[3 * i + axis] - centre[axis])),
      );
      const value = Math.hypot(...moment);
      const derivative = Float64Array.from({ length: N }, (_, i) =>
        value === 0
          ? 0
          : [0, 1, 2].reduce(
              (d, axis) => d + ((positions[3 * i + axis] - centre[axis]) * moment[axis]) / value,
              0,
            ),
      );
      return { value, derivative };
    }
    case "spatial-extent": {
      const mass = Array.from(atomicNumbers, (z) => atomicWeight(z) ?? 2.5 * z); // the heaviest have no weight
      const total = mass.reduce((a, b) => a + b, 0);
      const centre = [0, 1, 2].map((axis) => sum((i) => mass[i] * positions[3 * i + axis]) / total);
      const derivative = Float64Array.from({ length: N }, (_, i) =>
        [0, 1, 2].reduce((d, axis) => d + (positions[3 * i + axis] - centre[axis]) ** 2, 0),
      );
      return { value: sum((i) => outputs[i] * derivative[i]), derivative };
    }
  }
}
