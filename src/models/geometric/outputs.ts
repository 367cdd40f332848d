/**
 * From the outputs of the atoms to a property of the molecule: sum and mean; the dipole moment ‖Σ q_i r_i + μ_i‖ of
 * neutralised charges q_i and, where a network has them, dipoles μ_i of the atoms; and the electronic spatial extent
 * Σ q_i ‖r_i − r_c‖² about the centre of mass r_c (Schütt et al. 2018, section II.D; Schütt, Unke, Gastegger 2021,
 * section 4). In double precision.
 */
import { atomicWeight } from "../../chem/elements.ts";
import type { Pooling } from "./config.ts";

/** A molecule as the outputs see it. */
export interface PooledMolecule {
  /** Å, row-major [N, 3] */
  readonly positions: ArrayLike<number>;
  readonly atomicNumbers: ArrayLike<number>;
}

/** The pooled value of o [N], for dipoles also [N, 4] of q_i and μ_i, and its derivative by each of them. */
export function pool(
  pooling: Pooling,
  { positions, atomicNumbers }: PooledMolecule,
  outputs: ArrayLike<number>,
): { readonly value: number; readonly derivative: Float64Array } {
  const N = atomicNumbers.length;
  const channels = outputs.length / N;
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
      const axes = [0, 1, 2];
      const centre = axes.map((axis) => sum((i) => positions[3 * i + axis]) / N);
      const own = (i: number, axis: number): number => (channels === 4 ? outputs[4 * i + 1 + axis] : 0);
      const moment = axes.map((axis) =>
        sum((i) => outputs[channels * i] * (positions[3 * i + axis] - centre[axis]) + own(i, axis)),
      );
      const value = Math.hypot(...moment);
      const derivative = new Float64Array(outputs.length);
      for (let i = 0; value > 0 && i < N; i++)
        for (const axis of axes) {
          derivative[channels * i] += ((positions[3 * i + axis] - centre[axis]) * moment[axis]) / value;
          if (channels === 4) derivative[4 * i + 1 + axis] = moment[axis] / value;
        }
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
