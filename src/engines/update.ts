/**
 * One update of all parameters, as numbers: what an optimiser decides, and whoever carries it out (plain JavaScript in
 * src/train/optimizer.ts, the readable definition; compiled code in src/engines/c/optimizer/optimizer.h and muon.h) must do.
 */

/** A matrix inside the flat parameters: element (r, c) at offset + r · stride + c. */
export interface MatrixBlock {
  readonly offset: number;
  readonly stride: number;
  readonly rows: number;
  /** At most `rows`. */
  readonly columns: number;
}

/** What an update changes in place. All arrays have the length P of the parameters. */
export interface UpdatedArrays {
  readonly parameters: Float32Array;
  /** Moving average of the parameters; what is evaluated and shipped. */
  readonly ema: Float32Array;
  /** First moment (AdamW) or momentum (blocks). */
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  /** Largest second moment so far (AMSGrad); empty when it is not used. */
  readonly largestSecondMoment: Float32Array;
}

/** The numbers of one update, after learning rate and bias correction. */
export interface UpdateCoefficients {
  /** Multiplies the gradient (clipping). */
  readonly scale: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** θ is multiplied by this first: 1 − ηλ. */
  readonly keep: number;
  /** η / (1 − β₁ᵗ) */
  readonly stepSize: number;
  /** 1 / √(1 − β₂ᵗ) */
  readonly secondCorrection: number;
  /** Weight of the old average; 0.9999 in EDM. */
  readonly emaDecay: number;
  /** η, 1 − ηλ and μ of the blocks. */
  readonly matrixRate: number;
  readonly matrixKeep: number;
  readonly momentum: number;
}

/** An engine's own optimiser: the norm of the gradient and one update of all parameters. */
export interface ParameterUpdater {
  /** ‖gradient‖₂, summed in double precision. */
  readonly gradientNorm: (gradient: Float32Array) => Promise<number>;
  /** Muon for the blocks, AdamW for all other elements, then the moving average. */
  readonly update: (
    arrays: UpdatedArrays,
    gradient: Float32Array,
    blocks: readonly MatrixBlock[],
    coefficients: UpdateCoefficients,
  ) => Promise<void>;
}

/** In the order that compiled code reads them. */
export const coefficientValues = (c: UpdateCoefficients): Float64Array =>
  Float64Array.of(
    ...[c.scale, c.beta1, c.beta2, c.epsilon, c.keep, c.stepSize, c.secondCorrection, c.emaDecay],
    ...[c.matrixRate, c.matrixKeep, c.momentum],
  );

/** [4 · blocks]: offset, stride, rows, columns of each. */
export const blockValues = (blocks: readonly MatrixBlock[]): Int32Array =>
  Int32Array.from(blocks.flatMap(({ offset, stride, rows, columns }) => [offset, stride, rows, columns]));

/** 1 for each element of the parameters that is in a block, else 0. [P] */
export function blockMarks(blocks: readonly MatrixBlock[], parameters: number): Uint8Array {
  const marks = new Uint8Array(parameters);
  for (const { offset, stride, rows, columns } of blocks)
    for (let r = 0; r < rows; r++) marks.fill(1, offset + r * stride, offset + r * stride + columns);
  return marks;
}
