/**
 * The comparison of coarse-grained configurations with data: histograms of φ and ψ, free energies, basins,
 * transitions; and of effective forces with the forces that were mapped onto the beads.
 */
import { BOLTZMANN } from "../physics/units.ts";
import { type BasinMap, basinShares, countTransitions } from "./basins.ts";
import {
  angleHistogram,
  freeEnergyError,
  histogramDivergence,
  type Torsions,
  torsionHistogram,
} from "./ramachandran.ts";

/** Cells of the histogram of one angle: 10°. */
const ANGLE_BINS = 36;

/** How far the (φ, ψ) of frames are from those of a reference. */
export interface TorsionComparison {
  readonly frames: number;
  /** Jensen–Shannon divergences from the reference in bits: of (φ, ψ) in cells of 20°, of φ and ψ in 10°. */
  readonly divergence: { readonly phiPsi: number; readonly phi: number; readonly psi: number };
  /** RMS difference of the free energy of (φ, ψ) from the reference's in kcal/mol, where both have any. */
  readonly freeEnergyError: number;
  /** Share of the frames in each basin. */
  readonly basins: readonly number[];
  /** Transitions between the cores of basins, `[from][to]`; of frames in the order of time. */
  readonly transitions?: readonly (readonly number[])[];
}

/** Compares (φ, ψ) with a reference. @param chains the same frames as trajectories, where they are any */
export function compareTorsions(
  torsions: Torsions,
  reference: Torsions,
  map: BasinMap,
  temperature: number,
  chains?: readonly Torsions[],
): TorsionComparison {
  const [p, q] = [torsionHistogram(torsions), torsionHistogram(reference)];
  const ofAngle = (key: "phi" | "psi"): number =>
    histogramDivergence(
      angleHistogram(torsions[key], ANGLE_BINS),
      angleHistogram(reference[key], ANGLE_BINS),
    );
  return {
    frames: torsions.phi.length,
    divergence: { phiPsi: histogramDivergence(p, q), phi: ofAngle("phi"), psi: ofAngle("psi") },
    freeEnergyError: freeEnergyError(q, p, BOLTZMANN * temperature),
    basins: basinShares(map, torsions),
    ...(chains && { transitions: countTransitions(map, chains) }),
  };
}

/** How far forces are from mapped ones. */
export interface ForceComparison {
  /** Components compared: 3 N for each frame. */
  readonly components: number;
  /** RMS of the mapped forces, of the model's, and of their difference, kcal/mol/Å. */
  readonly mapped: number;
  readonly model: number;
  readonly difference: number;
  /** Pearson's correlation of the components. */
  readonly correlation: number;
}

/**
 * A model's forces against mapped ones. These fluctuate about the mean force by what the removed atoms do, so even the
 * exact mean force differs from them by much.
 */
export function compareForces(model: ArrayLike<number>, mapped: ArrayLike<number>): ForceComparison {
  let [aa, bb, ab, a, b] = [0, 0, 0, 0, 0];
  const n = mapped.length;
  for (let k = 0; k < n; k++) {
    a += model[k];
    b += mapped[k];
    aa += model[k] ** 2;
    bb += mapped[k] ** 2;
    ab += model[k] * mapped[k];
  }
  const covariance = ab / n - (a / n) * (b / n);
  const deviations = Math.sqrt((aa / n - (a / n) ** 2) * (bb / n - (b / n) ** 2));
  return {
    components: n,
    mapped: Math.sqrt(bb / n),
    model: Math.sqrt(aa / n),
    difference: Math.sqrt(Math.max((aa + bb - 2 * ab) / n, 0)),
    correlation: covariance / deviations,
  };
}
