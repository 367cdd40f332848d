/** What a data set of the lab is: rows of numbers, some to train on, some to measure on, and what is known of them. */
import type { GaussianMixture } from "./gaussian-mixture.ts";

/** What one row of the data is. */
export type LabShape =
  /** A point of ℝᴰ. */
  | { readonly kind: "points"; readonly dimension: number }
  /** Grey values in [0, 1], row by row; D = height · width. */
  | { readonly kind: "images"; readonly height: number; readonly width: number; readonly binary: boolean }
  /** D symbols 0 … K − 1, stored as numbers. */
  | { readonly kind: "symbols"; readonly dimension: number; readonly symbols: number };

/** Values in one row. */
export const rowLength = (shape: LabShape): number =>
  shape.kind === "images" ? shape.height * shape.width : shape.dimension;

/** The shape in words: `points of the plane`, `28 × 28 binary images`. */
export function shapeText(shape: LabShape): string {
  switch (shape.kind) {
    case "points":
      return `points of ${shape.dimension} ${shape.dimension === 1 ? "number" : "numbers"}`;
    case "images":
      return `${shape.height} × ${shape.width} ${shape.binary ? "binary" : "grey"} images`;
    case "symbols":
      return `rows of ${shape.dimension} symbols out of ${shape.symbols}`;
  }
}

/** x = shift + scale · row: what was done to a file's numbers before training. */
export interface Standardisation {
  readonly shift: readonly number[];
  readonly scale: number;
}

/** Rows to validate with where there are as many to measure on. */
const VALIDATION_ROWS = 2048;

/** How many rows are for validation; of a finite set of `rows` at most a tenth. */
export const validationRows = (test: number, rows = Number.POSITIVE_INFINITY): number =>
  Math.min(VALIDATION_ROWS, test, Math.ceil(rows / 10));

/** Rows to train on and rows to measure on, with what is known of them. */
export interface LabData {
  readonly name: string;
  /** What to ask for to get it again: its name, or the file. */
  readonly source: string;
  readonly shape: LabShape;
  /** [n, D] */
  readonly train: Float32Array;
  /** Rows that say which checkpoint is the best. [v, D] */
  readonly valid: Float32Array;
  /** Rows to measure on: nothing is chosen by them. [m, D] */
  readonly test: Float32Array;
  /** Class of each row, of images whose files have them beside. */
  readonly labels?: { readonly train: Uint8Array; readonly valid: Uint8Array; readonly test: Uint8Array };
  /** Of the rows, or of the files that they come from. */
  readonly sha256: string;
  /** The distribution, where it is known. */
  readonly mixture?: GaussianMixture;
  /** New rows of the same distribution, where there are more. */
  readonly draw?: (n: number, seed: number) => Float32Array;
  readonly standardisation?: Standardisation;
}
