/** Rows as symbols: symbols as they are, binary images as two symbols, points as the cells of a grid. */
import { InputError } from "../../../errors.ts";
import type { Stream } from "../../../math/random.ts";
import { np } from "../../../platform/jax.ts";
import { type LabFacts, type LabShape, rowLength } from "../lab-model.ts";

export interface SymbolCoding {
  /** Symbols in a row, and how many there are of each. */
  readonly length: number;
  readonly symbols: number;
  /** Symbols of rows. [n D] → [n D] */
  readonly toSymbols: (rows: ArrayLike<number>) => Int32Array;
  /** The same on the device; takes ownership. [B, D] → [B, D] */
  readonly onDevice: (rows: np.Array) => np.Array;
  /** A value for the symbol in column d: of a cell any point, by the stream. */
  readonly fromSymbol: (symbol: number, d: number, random: Stream) => number;
  /** Whether the cells reach as far as a row. [D] */
  readonly contains: (row: ArrayLike<number>) => boolean;
  /** log of the volume of a row's cell, to make densities of probabilities. */
  readonly logCell: number;
}

/**
 * @param cells along each axis of points
 * @throws InputError for grey images, and points without a known range
 */
export function symbolCoding(shape: LabShape, cells: number, facts?: LabFacts): SymbolCoding {
  const D = rowLength(shape);
  if (shape.kind === "images" && !shape.binary)
    throw new InputError("d3pm takes binary images (mnist), points or symbols; these images are grey");
  if (shape.kind !== "points") {
    const symbols = shape.kind === "images" ? 2 : shape.symbols;
    return {
      length: D,
      symbols,
      toSymbols: (rows) => Int32Array.from(rows, Math.round),
      onDevice: (rows) => rows,
      fromSymbol: (symbol) => symbol,
      contains: () => true,
      logCell: 0,
    };
  }
  if (facts === undefined || facts.lowest.length !== D)
    throw new InputError("d3pm cuts points into the cells of a grid, and must know their range");
  const margin = 0.02;
  const low = facts.lowest.map((x, d) => x - margin * (facts.highest[d] - x));
  const sides = facts.highest.map(
    (x, d) => (x + margin * (x - facts.lowest[d]) - low[d]) / cells || 1 / cells,
  );
  return {
    length: D,
    symbols: cells,
    toSymbols: (rows) =>
      Int32Array.from(rows, (x, i) =>
        Math.min(cells - 1, Math.max(0, Math.floor((x - low[i % D]) / sides[i % D]))),
      ),
    onDevice: (rows) => {
      const shifted = rows.sub(np.array(low, { shape: [1, D] })).div(np.array(sides, { shape: [1, D] }));
      return np.clip(np.floor(shifted), 0, cells - 1);
    },
    fromSymbol: (symbol, d, random) => low[d] + (symbol + random.uniform()) * sides[d],
    contains: (row) => Array.from(row).every((x, d) => x >= low[d] && x <= low[d] + cells * sides[d]),
    logCell: sides.reduce((sum, side) => sum + Math.log(side), 0),
  };
}
