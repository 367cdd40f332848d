/**
 * What a network need not learn: the references of the atoms by least squares on the composition, and the scale of
 * what is left. Units are those of the data.
 */
import { symmetricEigen } from "../../math/eigen.ts";
import type { OutputConfig, Pooling } from "../../models/geometric/config.ts";

/** A molecule's composition and the value of its property. */
export interface Labelled {
  /** Index of each atom's element. */
  readonly species: ArrayLike<number>;
  readonly value: number;
}

/** A reference for each element that fits the values best, and the mean of what is left. */
export function atomReferences(
  molecules: readonly Labelled[],
  elements: number,
): { readonly references: number[]; readonly offset: number } {
  const counts = molecules.map(({ species }) => {
    const count = new Array<number>(elements).fill(0);
    for (let i = 0; i < species.length; i++) count[species[i]]++;
    return count;
  });
  const normal = Array.from({ length: elements }, (_, a) =>
    Array.from({ length: elements }, (_, b) => counts.reduce((sum, count) => sum + count[a] * count[b], 0)),
  );
  const right = normal.map((_, a) =>
    counts.reduce((sum, count, m) => sum + count[a] * molecules[m].value, 0),
  );
  // The shortest solution, for where all molecules have one composition the references are not determined.
  const { values, vectors } = symmetricEigen(normal);
  const references = new Array<number>(elements).fill(0);
  values.forEach((value, k) => {
    if (value <= 1e-9 * values[0]) return;
    const along = vectors[k].reduce((sum, x, a) => sum + x * right[a], 0) / value;
    for (let a = 0; a < elements; a++) references[a] += along * vectors[k][a];
  });
  const rest = counts.map(
    (count, m) => molecules[m].value - references.reduce((sum, r, a) => sum + r * count[a], 0),
  );
  return { references, offset: rest.reduce((a, b) => a + b, 0) / rest.length };
}

/** The output of a property network: mean and mean absolute deviation, or references and what they leave. */
export function propertyOutput(
  property: string,
  unit: string,
  pooling: Pooling,
  molecules: readonly Labelled[],
  elements: number,
): OutputConfig {
  const values = molecules.map(({ value }) => value);
  const range: [number, number] = [
    values.reduce((a, b) => Math.min(a, b)),
    values.reduce((a, b) => Math.max(a, b)),
  ];
  const zero = new Array<number>(elements).fill(0) as [number, ...number[]];
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const common = { property, unit, pooling, range };
  if (pooling === "sum") {
    const { references, offset } = atomReferences(molecules, elements);
    const rest = molecules.map(({ species, value }) =>
      Math.abs(value - offset - Array.from(species).reduce((sum, k) => sum + references[k], 0)),
    );
    const scale = rest.reduce((a, b) => a + b, 0) / rest.length || 1;
    return { ...common, scale, references: references as [number, ...number[]], offset };
  }
  const scale = values.reduce((sum, value) => sum + Math.abs(value - mean), 0) / values.length || 1;
  return { ...common, scale, references: zero, offset: pooling === "mean" ? mean : 0 };
}
