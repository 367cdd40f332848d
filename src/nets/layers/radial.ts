/**
 * Distances as smooth features. d: distance [..., 1] in Å, c: cutoff in Å. Gaussians as SchNet has them (Schütt et
 * al. 2018, section II.C; SchNetPack's `GaussianRBF`), Bessel functions (Gasteiger, Groß, Günnemann 2020, eq. 7),
 * cosine cutoff (Behler & Parrinello 2007), polynomial envelope (Gasteiger et al. 2020, eq. 8).
 * All take ownership of the distances.
 */
import { np } from "../../platform/jax.ts";

/** How distances are expanded. */
export interface RadialBasis {
  readonly kind: "gaussian" | "bessel";
  /** Number of functions. */
  readonly count: number;
  /** Å */
  readonly cutoff: number;
}

/** [..., 1] → [..., count] */
export function radialBasis({ kind, count, cutoff }: RadialBasis, d: np.Array): np.Array {
  if (kind === "gaussian") {
    const width = cutoff / (count - 1);
    const centres = constants(count, (k) => k * width, d);
    return np.exp(np.square(d.sub(centres).div(width)).mul(-0.5));
  }
  return np.sin(d.ref.mul(constants(count, (k) => ((k + 1) * Math.PI) / cutoff, d))).div(d);
}

/** ½ (cos(πd/c) + 1), 0 from c on. */
export function cosineCutoff(cutoff: number, d: np.Array): np.Array {
  const inside = np.less(d.ref, cutoff).astype(d.dtype);
  return np
    .cos(d.mul(Math.PI / cutoff))
    .add(1)
    .mul(0.5)
    .mul(inside);
}

/** Falls from 1 to 0 at c with two continuous derivatives there; p, a whole number from 1. */
export function polynomialEnvelope(cutoff: number, exponent: number, d: np.Array): np.Array {
  const p = exponent;
  const x = d.div(cutoff);
  const inside = np.less(x.ref, 1).astype(x.dtype);
  let power = x.ref; // xᵖ by products: the logarithm of jax-js 0.1.25 has five digits
  for (let k = 1; k < p; k++) power = power.mul(x.ref);
  const polynomial = x.ref
    .mul(p * (p + 2))
    .sub(np.square(x).mul((p * (p + 1)) / 2))
    .sub((p + 1) * (p + 2) * 0.5);
  return power.mul(polynomial).add(1).mul(inside);
}

/**
 * ln(½eˣ + ½), SchNet's activation: smooth, and zero at zero. ln(1 + t) is 2 artanh(t / (2 + t)) by its series, for the
 * logarithm of jax-js 0.1.25 has five digits.
 */
export function shiftedSoftplus(x: np.Array): np.Array {
  const positive = np.maximum(x.ref, 0);
  const t = np.exp(np.abs(x).neg());
  const s = t.ref.div(t.add(2)); // at most 1/3
  const square = np.square(s.ref);
  let sum = square.ref.mul(1 / 15).add(1 / 13);
  for (const odd of [11, 9, 7, 5, 3, 1]) sum = sum.mul(square.ref).add(1 / odd);
  square.dispose();
  return positive.add(s.mul(sum).mul(2)).sub(Math.LN2);
}

const constants = (count: number, value: (k: number) => number, like: np.Array): np.Array =>
  np.array(Array.from({ length: count }, (_, k) => value(k))).astype(like.dtype);
