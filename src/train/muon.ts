/**
 * Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"): the momentum of each hidden
 * weight matrix is replaced by the nearest semi-orthogonal matrix before it is applied, so that all its directions
 * are learned at one rate. A layer on concatenated inputs, W [h_i; h_j; e], is one matrix for each of its inputs.
 * Biases, embeddings and other small tensors are left to AdamW. Deviation: none but this splitting.
 */

import type { MatrixBlock, UpdateCoefficients, UpdatedArrays } from "../engines/update.ts";
import type { Layout } from "../nets/layers/parameters.ts";

/** Rows or columns below which a matrix is left to AdamW. */
const SMALLEST = 16;
/** Coefficients of the quintic iteration X ← aX + bXXᵀX + c(XXᵀ)²X, steep at 0. */
const [A, B, C] = [3.4445, -4.775, 2.0315];
const ITERATIONS = 5;

/** The matrices of a layout that Muon takes: 2-D weights, cut into blocks no wider than they are high. */
export function matrixBlocks(layout: Layout): MatrixBlock[] {
  const blocks: MatrixBlock[] = [];
  let start = 0;
  for (const { shape } of layout) {
    const [rows, stride] = shape;
    if (shape.length === 2 && rows >= SMALLEST) {
      for (let first = 0; first < stride; first += rows) {
        const columns = Math.min(rows, stride - first);
        if (columns >= SMALLEST) blocks.push({ offset: start + first, stride, rows, columns });
      }
    }
    start += shape.reduce((product, n) => product * n, 1);
  }
  return blocks;
}

/**
 * Roughly the nearest semi-orthogonal matrix: singular values come to between 0.7 and 1.2 unless they are tiny beside
 * the largest (five Newton–Schulz steps).
 * @param x [rows, columns], rows ≥ columns
 */
export function orthogonalized(x: Float32Array, rows: number, columns: number): Float32Array {
  let norm = 0;
  for (const value of x) norm += value * value;
  const scale = 1 / (Math.sqrt(norm) + 1e-12);
  let X = x.map((value) => value * scale);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const gram = timesTransposed(X, X, rows, columns, columns); // XᵀX
    const square = timesTransposed(gram, gram, columns, columns, columns);
    const polynomial = gram.map((value, i) => B * value + C * square[i]);
    const XT = transposed(X, rows, columns);
    const turned = timesTransposed(XT, polynomial, columns, rows, columns); // X (bG + cG²)
    X = X.map((value, i) => A * value + turned[i]);
  }
  return X;
}

/** xᵀ y. [depth, rows], [depth, columns] → [rows, columns] */
function timesTransposed(
  x: Float32Array,
  y: Float32Array,
  depth: number,
  rows: number,
  columns: number,
): Float32Array {
  const out = new Float32Array(rows * columns);
  for (let k = 0; k < depth; k++) {
    for (let r = 0; r < rows; r++) {
      const factor = x[k * rows + r];
      for (let c = 0; c < columns; c++) out[r * columns + c] += factor * y[k * columns + c];
    }
  }
  return out;
}

function transposed(x: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(x.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = x[r * columns + c];
  return out;
}

export interface MuonOptions {
  /** Peak learning rate: about how far a step moves each singular direction of a matrix. */
  readonly learningRate: number;
  /** μ of the Nesterov momentum. */
  readonly momentum: number;
  readonly weightDecay: number;
}

/** One update of one block in place, θ ← (1 − ηλ)θ − η √(rows/columns) O with O from g + μm, m ← μm + g. */
export function muonStep(
  { offset, stride, rows, columns }: MatrixBlock,
  { parameters, firstMoment }: Pick<UpdatedArrays, "parameters" | "firstMoment">,
  gradient: Float32Array,
  {
    scale,
    momentum,
    matrixRate,
    matrixKeep,
  }: Pick<UpdateCoefficients, "scale" | "momentum" | "matrixRate" | "matrixKeep">,
): void {
  const ahead = new Float32Array(rows * columns);
  const each = (visit: (at: number, k: number) => void): void => {
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) visit(offset + r * stride + c, r * columns + c);
  };
  each((at, k) => {
    const g = gradient[at] * scale;
    firstMoment[at] = momentum * firstMoment[at] + g;
    ahead[k] = g + momentum * firstMoment[at];
  });
  const direction = orthogonalized(ahead, rows, columns);
  const rate = matrixRate * Math.sqrt(rows / columns);
  each((at, k) => {
    parameters[at] = matrixKeep * parameters[at] - rate * direction[k];
  });
}
