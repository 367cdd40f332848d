/**
 * A batch computed in parts, so that memory has a limit: DimeNet's triplets of 32 molecules with 29 atoms do not fit
 * into the 4 GB of WebAssembly. Outputs stand side by side, gradients by parameters add up.
 */
import type { AtomwiseEngine, SpeciesBatch } from "./atomwise-engine.ts";
import { atomOffsets } from "./engine.ts";

interface Part extends SpeciesBatch {
  /** First atom, and the one behind the last. */
  readonly start: number;
  readonly end: number;
}

/** Molecules in a row, as many as cost at most `most` when all are as large as the largest; at least one. */
function partsOf(batch: SpeciesBatch, cost: (atoms: number) => number, most: number): Part[] {
  const offsets = atomOffsets(batch.sizes);
  const parts: Part[] = [];
  for (let first = 0, last = 0; first < batch.sizes.length; first = last) {
    let largest = 0;
    for (; last < batch.sizes.length; last++) {
      largest = Math.max(largest, batch.sizes[last]);
      if (last > first && (last + 1 - first) * cost(largest) > most) break;
    }
    const [start, end] = [offsets[first], offsets[last]];
    parts.push({
      sizes: batch.sizes.subarray(first, last),
      positions: batch.positions.subarray(3 * start, 3 * end),
      species: batch.species.subarray(start, end),
      start,
      end,
    });
  }
  return parts;
}

/**
 * The engine, computing at most so much at once.
 * @param cost of a molecule with so many atoms
 */
export function inParts(
  engine: AtomwiseEngine,
  cost: (atoms: number) => number,
  most: number,
): AtomwiseEngine {
  const sum = async (
    batch: SpeciesBatch,
    gradient: Float32Array,
    compute: (part: Part, gradient: Float32Array) => Promise<void>,
  ): Promise<void> => {
    const parts = partsOf(batch, cost, most);
    if (parts.length === 1) return compute(parts[0], gradient);
    gradient.fill(0);
    const own = new Float32Array(gradient.length);
    for (const part of parts) {
      await compute(part, own);
      for (let k = 0; k < own.length; k++) gradient[k] += own[k];
    }
  };
  /** The coefficients of a part; so many for each atom. */
  const of = ({ start, end }: Part, values: Float32Array, atoms: number): Float32Array => {
    const channels = values.length / atoms;
    return values.subarray(channels * start, channels * end);
  };
  return {
    name: engine.name,
    outputs: async (parameters, batch) => {
      const found: Float32Array[] = [];
      for (const part of partsOf(batch, cost, most)) found.push(await engine.outputs(parameters, part));
      return joined(found);
    },
    positionGradient: async (parameters, batch) => {
      const found: Awaited<ReturnType<AtomwiseEngine["positionGradient"]>>[] = [];
      for (const part of partsOf(batch, cost, most))
        found.push(await engine.positionGradient(parameters, part));
      return {
        outputs: joined(found.map(({ outputs }) => outputs)),
        gradient: joined(found.map(({ gradient }) => gradient)),
      };
    },
    parameterGradient: (parameters, batch, coefficients, gradient) =>
      sum(batch, gradient, (part, own) =>
        engine.parameterGradient(parameters, part, of(part, coefficients, batch.species.length), own),
      ),
    mixedGradient: (parameters, batch, coefficients, direction, gradient) =>
      sum(batch, gradient, (part, own) => {
        const c = of(part, coefficients, batch.species.length);
        return engine.mixedGradient(parameters, part, c, of(part, direction, batch.species.length), own);
      }),
    dispose: engine.dispose,
  };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
