/** Checks of what is handed to the compiled engines, with messages that say which molecule or array is off. */
import { WorkError } from "../errors.ts";
import type { EgnnConfig } from "../nets/egnn-config.ts";
import { egnnLayout } from "../nets/egnn-config.ts";
import type { AtomBatch, DenoiserEngine, SquaredErrors, SquaredErrorTarget } from "../nets/engine.ts";
import { layoutSize } from "../nets/parameters.ts";

export interface KernelCallOptions {
  /** Divisor of means over neighbours in place of each molecule's number of atoms (padded reference code). */
  readonly meanOver?: number;
}

/** A compiled engine: a DenoiserEngine whose calls may override the divisor of means. */
export interface KernelEngine extends DenoiserEngine {
  readonly forward: (
    parameters: Float32Array,
    batch: AtomBatch,
    options?: KernelCallOptions,
  ) => Promise<Float32Array>;
  readonly squaredError: (
    parameters: Float32Array,
    batch: AtomBatch,
    target: SquaredErrorTarget,
    gradient: Float32Array,
    options?: KernelCallOptions,
  ) => Promise<SquaredErrors>;
}

export interface KernelOptions {
  /** Threads that share the molecules; default 1. Results do not depend on it. */
  readonly threads?: number;
}

/** Lengths that arrays must have for a network. */
export interface ExpectedLengths {
  readonly parameters: number;
  readonly inFeatures: number;
  /** Values of an output row. */
  readonly width: number;
}

export const expectedLengths = (config: EgnnConfig): ExpectedLengths => ({
  parameters: layoutSize(egnnLayout(config)),
  inFeatures: config.inFeatures,
  width: 3 + config.outFeatures,
});

/** Number of atoms of the batch. @throws WorkError when sizes and arrays do not fit together */
export function checkBatch(expected: ExpectedLengths, parameters: Float32Array, batch: AtomBatch): number {
  let atoms = 0;
  for (const [molecule, size] of batch.sizes.entries()) {
    if (size < 1)
      throw new WorkError(`molecule ${molecule} of the batch has ${size} atoms; expected at least 1`);
    atoms += size;
  }
  checkLength("parameters", parameters, expected.parameters);
  checkLength("positions", batch.positions, 3 * atoms);
  checkLength("features", batch.features, expected.inFeatures * atoms);
  return atoms;
}

/** @throws WorkError when the arrays do not fit the batch */
export function checkTarget(
  expected: ExpectedLengths,
  batch: AtomBatch,
  atoms: number,
  target: SquaredErrorTarget,
  gradient: Float32Array,
): void {
  checkLength("target", target.target, expected.width * atoms);
  checkLength("positionWeight", target.positionWeight, batch.sizes.length);
  checkLength("featureWeight", target.featureWeight, batch.sizes.length);
  checkLength("gradient", gradient, expected.parameters);
}

function checkLength(name: string, array: ArrayLike<number>, length: number): void {
  if (array.length !== length)
    throw new WorkError(`${name} holds ${array.length} values; expected ${length}`);
}

/** Runs operations one after the other in the order of the calls. */
export function oneAtATime(): <T>(operation: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (operation) => {
    const next = last.then(operation, operation);
    last = next.catch(() => undefined);
    return next;
  };
}
