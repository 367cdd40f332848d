/** Predictions of a force field or property network, molecule by molecule. */
import type { Molecule } from "../../chem/molecule.ts";
import type { AtomwiseEngine } from "../../engines/atomwise-engine.ts";
import { baseline, type GeometricModel, predictProperty, speciesBatch } from "./model.ts";

/** What a network says of one molecule. */
export interface Prediction {
  /** Energy or property, in the model's unit. */
  readonly value: number;
  /** −∂E/∂r of a force field, in its unit per Å. [N, 3] */
  readonly forces?: Float64Array;
}

/** Molecules that are computed together. */
const TOGETHER = 32;

/** In the order of the molecules. @throws InputError for elements that are not the model's */
export async function* predictions(
  model: GeometricModel,
  engine: AtomwiseEngine,
  molecules: readonly Pick<Molecule, "atomicNumbers" | "positions">[],
): AsyncGenerator<Prediction> {
  const { kind, output, elements } = model.config;
  for (let first = 0; first < molecules.length; first += TOGETHER) {
    const part = molecules.slice(first, first + TOGETHER);
    if (kind === "property") {
      for (const value of await predictProperty(model, engine, part)) yield { value };
      continue;
    }
    const batch = speciesBatch(elements, part);
    const { outputs, gradient } = await engine.positionGradient(model.parameters, batch);
    let start = 0;
    for (const n of batch.sizes) {
      const end = start + n;
      let sum = 0;
      for (let i = start; i < end; i++) sum += outputs[i];
      const value = output.scale * sum + baseline(output, batch.species.subarray(start, end));
      yield {
        value,
        forces: Float64Array.from(gradient.subarray(3 * start, 3 * end), (g) => -output.scale * g),
      };
      start = end;
    }
  }
}
