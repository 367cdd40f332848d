/**
 * Molecules as the model sees them: centred positions, one-hot atom types and charges, each divided by its
 * normalisation (Hoogeboom et al. 2022, section 3 and appendix B), atoms of all molecules side by side.
 */

import { symbolOf } from "../../chem/elements.ts";
import type { Molecule } from "../../chem/molecule.ts";
import { atomOffsets } from "../../engines/engine.ts";
import { InputError } from "../../errors.ts";
import { contextOf } from "./condition.ts";
import { type EdmConfig, featureCount } from "./config.ts";

/** M molecules, A atoms, C = 3 + F channels. */
export interface EncodedBatch {
  /** [M] */
  readonly sizes: Int32Array;
  /** First atom of each molecule. [M + 1] */
  readonly offsets: Int32Array;
  /** Rows [x, y, z, one-hot …, charge]. [A, C] */
  readonly xh: Float64Array;
  /** What is known of each molecule's condition, see condition.ts; absent where the model has none. [M, 2 K] */
  readonly context?: Float64Array;
}

export const channelCount = (config: Pick<EdmConfig, "elements" | "features">): number =>
  3 + featureCount(config);

/**
 * Molecules as the model sees them: centred positions and types, each divided by its normalisation, side by side. The
 * condition of a molecule is what its `properties` say of it.
 * @throws InputError when a molecule has an element that the model does not know
 */
export function encode(config: EdmConfig, molecules: readonly Molecule[]): EncodedBatch {
  const C = channelCount(config);
  const [positionNorm, typeNorm, chargeNorm] = config.features.normalization;
  const typeOf = new Map(config.elements.map((z, k) => [z, k]));
  const sizes = Int32Array.from(molecules, ({ atomicNumbers }) => atomicNumbers.length);
  const offsets = atomOffsets(sizes);
  const xh = new Float64Array(offsets[sizes.length] * C);
  let row = 0;
  for (const { atomicNumbers, positions } of molecules) {
    const center = centerOf(positions);
    atomicNumbers.forEach((z, a) => {
      const type = typeOf.get(z);
      if (type === undefined) throw unknownElement(z, config);
      for (let d = 0; d < 3; d++) xh[row + d] = (positions[3 * a + d] - center[d]) / positionNorm;
      xh[row + 3 + type] = 1 / typeNorm;
      if (config.features.charges) xh[row + C - 1] = z / chargeNorm;
      row += C;
    });
  }
  if (config.condition === undefined) return { sizes, offsets, xh };
  const context = contextOf(
    config.condition,
    molecules.map(({ properties }) => properties),
  );
  return { sizes, offsets, xh, context };
}

/** @throws InputError naming the molecule of `source` (from 1) that has an element the model does not know */
export function checkElements(config: EdmConfig, molecules: readonly Molecule[], source: string): void {
  const known = new Set(config.elements);
  molecules.forEach(({ atomicNumbers }, index) => {
    const unknown = atomicNumbers.find((z) => !known.has(z));
    if (unknown === undefined) return;
    throw new InputError(`molecule ${index + 1}: ${unknownElement(unknown, config).message}`, {
      file: source,
    });
  });
}

/**
 * The most likely atom types with their positions in Å.
 * @param xh one molecule: normalised positions, types and, where the model has it, charge [N, 3 + F]
 */
export function decode(config: EdmConfig, xh: Float64Array): Molecule {
  const C = channelCount(config);
  const N = xh.length / C;
  const atomicNumbers = new Uint8Array(N);
  const positions = new Float64Array(3 * N);
  for (let a = 0; a < N; a++) {
    let best = 0;
    for (let k = 1; k < config.elements.length; k++) if (xh[C * a + 3 + k] > xh[C * a + 3 + best]) best = k;
    atomicNumbers[a] = config.elements[best];
    for (let d = 0; d < 3; d++) positions[3 * a + d] = xh[C * a + d] * config.features.normalization[0];
  }
  return { atomicNumbers, positions };
}

/** Subtracts each molecule's mean position in place; the first three of `channels` columns are positions. */
export function removeCenters(xh: Float64Array, offsets: Int32Array, channels: number): void {
  for (let m = 0; m + 1 < offsets.length; m++) {
    for (let d = 0; d < 3; d++) {
      let mean = 0;
      for (let a = offsets[m]; a < offsets[m + 1]; a++) mean += xh[channels * a + d];
      mean /= offsets[m + 1] - offsets[m];
      for (let a = offsets[m]; a < offsets[m + 1]; a++) xh[channels * a + d] -= mean;
    }
  }
}

function centerOf(positions: Float64Array): [number, number, number] {
  const center: [number, number, number] = [0, 0, 0];
  for (let k = 0; k < positions.length; k++) center[k % 3] += positions[k];
  return center.map((sum) => sum / (positions.length / 3)) as [number, number, number];
}

const unknownElement = (z: number, config: EdmConfig): InputError =>
  new InputError(
    `element ${symbolOf(z)} is not in the model's set (${config.elements.map(symbolOf).join(" ")})`,
  );
