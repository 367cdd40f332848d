/**
 * What the compiled engines have in common: their interface, checks of what is handed to them with messages that say
 * which molecule or array is off, and one operation at a time in the order of the calls.
 */

import { WorkError } from "../../errors.ts";
import { type DynamicsConfig, dynamicsLayout } from "../../nets/egnn/dynamics-layout.ts";
import { layoutSize } from "../../nets/layers/parameters.ts";
import { checkLength } from "../check-length.ts";
import type { AtomBatch, DenoiserEngine, SquaredErrors, SquaredErrorTarget } from "../engine.ts";
import {
  blockMarks,
  blockValues,
  coefficientValues,
  type MatrixBlock,
  type ParameterUpdater,
  type UpdatedArrays,
} from "../update.ts";

export interface KernelCallOptions {
  /** Divisor of means over neighbours in place of each molecule's number of atoms (padded reference code). */
  readonly meanOver?: number;
}

/** A compiled engine: a DenoiserEngine whose calls may override the divisor of means, and which updates parameters. */
export interface KernelEngine extends DenoiserEngine {
  readonly updater: ParameterUpdater;
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
interface ExpectedLengths {
  readonly parameters: number;
  readonly inFeatures: number;
  readonly selfConditioning: boolean;
  /** Values of an output row. */
  readonly width: number;
}

const expectedLengths = (config: DynamicsConfig): ExpectedLengths => ({
  parameters: layoutSize(dynamicsLayout(config)),
  inFeatures: config.inFeatures,
  selfConditioning: config.selfConditioning,
  width: 3 + config.outFeatures,
});

/** Number of atoms of the batch. @throws WorkError when sizes and arrays do not fit together */
function checkBatch(expected: ExpectedLengths, parameters: Float32Array, batch: AtomBatch): number {
  let atoms = 0;
  for (const [molecule, size] of batch.sizes.entries()) {
    if (size < 1)
      throw new WorkError(`molecule ${molecule} of the batch has ${size} atoms; expected at least 1`);
    atoms += size;
  }
  checkLength("parameters", parameters, expected.parameters);
  checkLength("positions", batch.positions, 3 * atoms);
  checkLength("features", batch.features, expected.inFeatures * atoms);
  checkLength("guess", batch.guess ?? [], expected.selfConditioning ? 3 * atoms : 0);
  return atoms;
}

/** @throws WorkError when the arrays do not fit the batch */
function checkTarget(
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

/** @throws WorkError when the arrays are not of one length */
function checkUpdate(arrays: UpdatedArrays, gradient: Float32Array): void {
  const { largestSecondMoment, ...others } = arrays;
  for (const [name, array] of Object.entries({ ...others, gradient }))
    if (array instanceof Float32Array) checkLength(name, array, arrays.parameters.length);
  if (largestSecondMoment.length > 0)
    checkLength("largestSecondMoment", largestSecondMoment, arrays.parameters.length);
}

/** What a build of the kernels does: arguments were checked, and calls do not overlap. */
export interface KernelBackend {
  /** Shown to users. */
  readonly name: string;
  readonly forward: (
    parameters: Float32Array,
    batch: AtomBatch,
    meanOver: number,
    output: Float32Array,
  ) => Promise<void>;
  readonly squaredError: (
    parameters: Float32Array,
    batch: AtomBatch,
    meanOver: number,
    target: SquaredErrorTarget,
    errors: SquaredErrors,
    gradient: Float32Array,
  ) => Promise<void>;
  readonly gradientNorm: (gradient: Float32Array) => Promise<number>;
  /**
   * @param blocks [4 · blocks], see `blockValues`
   * @param marks [P] with blocks, else empty
   * @param coefficients see `coefficientValues`
   */
  readonly update: (
    arrays: UpdatedArrays,
    gradient: Float32Array,
    blocks: Int32Array,
    marks: Uint8Array,
    coefficients: Float64Array,
  ) => Promise<void>;
  readonly dispose: () => void;
}

/** The engine around a build of the kernels. Calls wait for those before them; `dispose` too. */
export function kernelEngine(config: DynamicsConfig, backend: KernelBackend): KernelEngine {
  const expected = expectedLengths(config);
  let last: Promise<unknown> = Promise.resolve();
  let disposed = false;
  const inTurn = async <T>(operation: () => Promise<T>): Promise<T> => {
    if (disposed) throw new WorkError(`the engine "${backend.name}" was disposed`);
    const mine = last.then(operation);
    last = mine.catch(() => undefined);
    return mine;
  };
  let known: { readonly blocks: readonly MatrixBlock[]; readonly marks: Uint8Array } | undefined;
  /** The marks of the same blocks are made once. */
  const marksOf = (blocks: readonly MatrixBlock[], parameters: number): Uint8Array => {
    if (known?.blocks !== blocks || known.marks.length !== parameters)
      known = { blocks, marks: blockMarks(blocks, parameters) };
    return blocks.length === 0 ? new Uint8Array(0) : known.marks;
  };
  return {
    name: backend.name,
    forward: (parameters, batch, { meanOver = 0 } = {}) =>
      inTurn(async () => {
        const output = new Float32Array(checkBatch(expected, parameters, batch) * expected.width);
        await backend.forward(parameters, batch, meanOver, output);
        return output;
      }),
    squaredError: (parameters, batch, target, gradient, { meanOver = 0 } = {}) =>
      inTurn(async () => {
        checkTarget(expected, batch, checkBatch(expected, parameters, batch), target, gradient);
        const count = batch.sizes.length;
        const errors = { position: new Float64Array(count), feature: new Float64Array(count) };
        await backend.squaredError(parameters, batch, meanOver, target, errors, gradient);
        return errors;
      }),
    updater: {
      gradientNorm: (gradient) => inTurn(() => backend.gradientNorm(gradient)),
      update: (arrays, gradient, blocks, coefficients) =>
        inTurn(() => {
          checkUpdate(arrays, gradient);
          const marks = marksOf(blocks, gradient.length);
          return backend.update(
            arrays,
            gradient,
            blockValues(blocks),
            marks,
            coefficientValues(coefficients),
          );
        }),
    },
    dispose: () => {
      if (disposed) return;
      disposed = true;
      last = last.then(backend.dispose);
    },
  };
}
