/**
 * What is compared of backbone dihedrals: histograms on the torus, their Jensen–Shannon divergence, free energies
 * F = −k_B T log p, basins and the transitions between them.
 */
import { type Torsion, torsionAngle } from "../physics/torsions.ts";
import { jensenShannon } from "./distances.ts";

/** Two dihedrals of each configuration, in radians from −π to π. [B] each */
export interface Torsions {
  readonly phi: Float64Array;
  readonly psi: Float64Array;
}

/** The first two dihedrals of each chain: C–N–CA–C and N–CA–C–N of beads C N CA C N. @param beads N ≥ 5 */
export function torsionsOf(positions: ArrayLike<number>, beads: number): Torsions {
  if (beads < 5) throw new RangeError(`two dihedrals need 5 beads, got ${beads}`);
  const B = positions.length / (3 * beads);
  const along = (first: number): Float64Array =>
    Float64Array.from({ length: B }, (_, b) => {
      const torsion: Torsion = [0, 1, 2, 3].map((k) => beads * b + first + k) as unknown as Torsion;
      return (torsionAngle(positions, torsion) * Math.PI) / 180;
    });
  return { phi: along(0), psi: along(1) };
}

/** Cells of the (φ, ψ) histogram in one direction: 20°, so that a thousand frames still fill it. */
export const TORSION_BINS = 18;

/** Shares of a periodic histogram: [n] of one angle, [n, n] of two (φ first). */
export type Histogram = Float64Array;

const binOf = (angle: number, bins: number): number =>
  Math.min(bins - 1, Math.max(0, Math.floor(((angle + Math.PI) / (2 * Math.PI)) * bins)));

/** Shares of (φ, ψ) in bins × bins equal cells of the torus. */
export function torsionHistogram({ phi, psi }: Torsions, bins = TORSION_BINS): Histogram {
  const shares = new Float64Array(bins * bins);
  for (let b = 0; b < phi.length; b++)
    shares[binOf(phi[b], bins) * bins + binOf(psi[b], bins)] += 1 / phi.length;
  return shares;
}

/** Shares of one angle. */
export function angleHistogram(angles: Float64Array, bins: number): Histogram {
  const shares = new Float64Array(bins);
  for (const angle of angles) shares[binOf(angle, bins)] += 1 / angles.length;
  return shares;
}

/** Jensen–Shannon divergence of two histograms in bits, from 0 (equal) to 1 (nothing in common). */
export const histogramDivergence = (p: Histogram, q: Histogram): number =>
  jensenShannon(Object.fromEntries(p.entries()), Object.fromEntries(q.entries())) ?? Number.NaN;

/** Free energies −kT log p less their least, in the unit of kT; infinite where nothing is. */
export function freeEnergy(shares: Histogram, kT: number): Float64Array {
  const most = shares.reduce((best, p) => Math.max(best, p), 0);
  return shares.map((p) => (p > 0 ? -kT * Math.log(p / most) : Number.POSITIVE_INFINITY));
}

/**
 * Root mean square difference of two free energies in the unit of kT, where both are finite, weighted by the
 * reference's shares; a constant is taken out, for free energies have no zero.
 */
export function freeEnergyError(reference: Histogram, other: Histogram, kT: number): number {
  let [weight, sum, squares] = [0, 0, 0];
  for (let k = 0; k < reference.length; k++) {
    if (reference[k] === 0 || other[k] === 0) continue;
    const difference = kT * Math.log(reference[k] / other[k]);
    weight += reference[k];
    sum += reference[k] * difference;
    squares += reference[k] * difference * difference;
  }
  return weight === 0 ? Number.NaN : Math.sqrt(Math.max(squares / weight - (sum / weight) ** 2, 0));
}
