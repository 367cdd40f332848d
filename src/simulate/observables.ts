/**
 * What is read off a trajectory: mean temperature, drift of the energy, distances of pairs, torsions. Frames and lines
 * come one at a time; nothing grows with their number.
 */
import { symbolOf } from "../chem/elements.ts";
import type { Bond, Molecule } from "../chem/molecule.ts";
import { rotatableTorsions, type Torsion, torsionAngle, torsionName } from "../physics/torsions.ts";

/** Mean, standard deviation and straight line of y(x), from sums; both are taken from their first values on. */
export function trend() {
  let [n, x0, y0, sx, sy, sxx, sxy, syy] = [0, 0, 0, 0, 0, 0, 0, 0];
  return {
    add: (x: number, y: number): void => {
      if (n === 0) [x0, y0] = [x, y];
      const [dx, dy] = [x - x0, y - y0];
      n++;
      sx += dx;
      sy += dy;
      sxx += dx * dx;
      sxy += dx * dy;
      syy += dy * dy;
    },
    count: (): number => n,
    mean: (): number => (n === 0 ? Number.NaN : y0 + sy / n),
    deviation: (): number => (n < 2 ? 0 : Math.sqrt(Math.max(0, (syy - (sy * sy) / n) / (n - 1)))),
    /** Root mean square about the least-squares line. */
    residual: (): number => {
      if (n < 2) return 0;
      const [xx, xy, yy] = [sxx - (sx * sx) / n, sxy - (sx * sy) / n, syy - (sy * sy) / n];
      return Math.sqrt(Math.max(0, yy - (xx > 0 ? (xy * xy) / xx : 0)) / n);
    },
    /** Of the least-squares line; 0 for a single x. */
    slope: (): number => {
      const spread = sxx - (sx * sx) / n;
      return n < 2 || spread === 0 ? 0 : (sxy - (sx * sy) / n) / spread;
    },
  };
}
export type Trend = ReturnType<typeof trend>;

/** Histogram of distances of one kind of pair. */
export interface PairDistances {
  /** "C-H" */
  readonly name: string;
  /**
   * Radial distribution 4πr²ρ(r): neighbours of the second element around an atom of the first, per Å. There is no
   * box, so no bulk density to divide by; the integral up to r is the coordination number.
   */
  readonly density: readonly number[];
}

/** Distribution of one torsion. */
export interface TorsionHistogram {
  readonly name: string;
  /** Probability density per degree, from −180. */
  readonly density: readonly number[];
}

/** What is counted over the frames of a simulation. */
export interface StructureObservables {
  readonly frames: number;
  /** Å; of the bins of `distances`, which begin at 0. */
  readonly binWidth: number;
  readonly distances: readonly PairDistances[];
  /** Degrees. */
  readonly torsionBinWidth: number;
  readonly torsions: readonly TorsionHistogram[];
}

const BIN = 0.05; // Å
const REACH = 10; // Å
const TORSION_BIN = 5; // degrees
const MOST_TORSIONS = 12;

/** Counts distances and torsions over frames of one molecule with these bonds. */
export function structureObserver(molecule: Molecule, bonds: readonly Bond[]) {
  const { atomicNumbers } = molecule;
  const atoms = atomicNumbers.length;
  const bins = Math.round(REACH / BIN);
  const elements = [...new Set(atomicNumbers)].sort((a, b) => a - b);
  const kindOf = (a: number, b: number): number => {
    const [low, high] = [elements.indexOf(Math.min(a, b)), elements.indexOf(Math.max(a, b))];
    return low * elements.length + high;
  };
  const counts = elements.flatMap(() => elements.map(() => new Float64Array(bins)));
  const torsions: readonly Torsion[] = rotatableTorsions(molecule, bonds).slice(0, MOST_TORSIONS);
  const angles = torsions.map(() => new Float64Array(360 / TORSION_BIN));
  let frames = 0;

  const add = (positions: ArrayLike<number>): void => {
    frames++;
    for (let i = 0; i < atoms; i++) {
      for (let j = i + 1; j < atoms; j++) {
        const d = Math.hypot(
          positions[3 * i] - positions[3 * j],
          positions[3 * i + 1] - positions[3 * j + 1],
          positions[3 * i + 2] - positions[3 * j + 2],
        );
        if (d < REACH) counts[kindOf(atomicNumbers[i], atomicNumbers[j])][Math.floor(d / BIN)]++;
      }
    }
    torsions.forEach((torsion, t) => {
      const bin = Math.floor((torsionAngle(positions, torsion) + 180) / TORSION_BIN);
      angles[t][Math.min(angles[t].length - 1, bin)]++;
    });
  };

  const result = (): StructureObservables => {
    const distances: PairDistances[] = [];
    for (const [a, first] of elements.entries()) {
      for (const second of elements.slice(a)) {
        const row = counts[kindOf(first, second)];
        if (row.every((count) => count === 0)) continue;
        const around = atomicNumbers.filter((z) => z === first).length;
        const each = first === second ? 2 : 1; // each pair is seen from both ends
        const unit = each / (frames * around * BIN);
        distances.push({
          name: `${symbolOf(first)}-${symbolOf(second)}`,
          density: Array.from(row, (count) => count * unit),
        });
      }
    }
    return {
      frames,
      binWidth: BIN,
      distances,
      torsionBinWidth: TORSION_BIN,
      torsions: torsions.map((torsion, t) => ({
        name: torsionName(torsion, molecule),
        density: Array.from(angles[t], (count) => count / (Math.max(1, frames) * TORSION_BIN)),
      })),
    };
  };
  return { add, result };
}
