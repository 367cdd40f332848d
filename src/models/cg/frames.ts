/**
 * Coarse-grained frames as the network sees them: M configurations of the same N beads, without centre of mass, in
 * units of the scale; and what is measured of the training data to build the network.
 */
import { symbolOf } from "../../chem/elements.ts";
import { atomsOf, type MoleculeSet, setSize } from "../../data/molecule-set.ts";
import { InputError } from "../../errors.ts";
import { pairsOf } from "../../nets/beads/beads-config.ts";
import { positionDegreesOfFreedom } from "../edm/noise.ts";
import type { CgConfig } from "./config.ts";

/**
 * The beads that all frames of a data set have in common. [N]
 * @param expected beads of a model that the data must have
 * @throws InputError when a frame has others, or there are fewer than 4
 */
export function commonBeads(set: MoleculeSet, name: string, expected?: readonly number[]): readonly number[] {
  const M = setSize(set);
  if (M === 0) throw new InputError(`data set "${name}" is empty`);
  const beads = expected ?? [...set.atomicNumbers.subarray(0, set.offsets[1])];
  for (let m = 0; m < M; m++) {
    const same =
      atomsOf(set, m) === beads.length && beads.every((z, i) => set.atomicNumbers[set.offsets[m] + i] === z);
    if (same) continue;
    const has = [...set.atomicNumbers.subarray(set.offsets[m], set.offsets[m + 1])].map(symbolOf).join(" ");
    throw new InputError(
      `data set "${name}", frame ${m + 1}: beads ${has}, expected ${beads.map(symbolOf).join(" ")} as in ${expected ? "the model" : "the first frame"}`,
    );
  }
  if (beads.length < 4)
    throw new InputError(
      `data set "${name}" has ${beads.length} beads a frame; a coarse-grained model needs 4 or more`,
    );
  const wrong = set.positions.findIndex((x) => !Number.isFinite(x));
  if (wrong >= 0)
    throw new InputError(
      `data set "${name}", frame ${Math.floor(wrong / (3 * beads.length)) + 1}: a position is not finite`,
    );
  return beads;
}

/** Positions without the mean of each configuration, divided by the scale. Å [B, N, 3] → [B, N, 3] */
export function encodeFrames(positions: ArrayLike<number>, beads: number, scale: number): Float64Array {
  const out = Float64Array.from(positions);
  for (let at = 0; at < out.length; at += 3 * beads) {
    for (let d = 0; d < 3; d++) {
      let mean = 0;
      for (let i = at + d; i < at + 3 * beads; i += 3) mean += out[i];
      mean /= beads;
      for (let i = at + d; i < at + 3 * beads; i += 3) out[i] = (out[i] - mean) / scale;
    }
  }
  return out;
}

/** Scale and distances of frames, as the network is normalised by. @param positions Å [M, N, 3] */
export function frameStatistics(
  positions: Float64Array,
  beads: number,
): Pick<CgConfig, "scale" | "distances"> {
  const frames = positions.length / (3 * beads);
  const centred = encodeFrames(positions, beads, 1);
  const squared = centred.reduce((sum, x) => sum + x * x, 0);
  const pairs = pairsOf(beads);
  const sums = pairs.map(() => ({ sum: 0, squares: 0 }));
  for (let at = 0; at < centred.length; at += 3 * beads) {
    pairs.forEach(([i, j], p) => {
      const d = Math.hypot(...[0, 1, 2].map((k) => centred[at + 3 * i + k] - centred[at + 3 * j + k]));
      sums[p].sum += d;
      sums[p].squares += d * d;
    });
  }
  const means = sums.map(({ sum }) => sum / frames);
  return {
    scale: Math.sqrt(squared / (frames * positionDegreesOfFreedom(beads))),
    distances: {
      means,
      // A distance that never changes (a constraint) still gets a width.
      deviations: sums.map(({ squares }, p) => Math.sqrt(Math.max(squares / frames - means[p] ** 2, 1e-6))),
    },
  };
}
