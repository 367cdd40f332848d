/**
 * The same function as beads.ts at one noise level, without a tensor library: for dynamics, where a step of a few
 * beads must not cost more than its arithmetic. The noise level is folded into the weights; the gradient is derived
 * by hand: f → hidden layers → E, back to c = ∂E/∂f (or c itself where energy is not conserved), then Jᵀc.
 */
import { sigmoid } from "../../diffusion/schedule.ts";
import { namedViews } from "../layers/parameters.ts";
import { matmulTransposed, transposed } from "../layers/plain-matmul.ts";
import {
  type BeadNetworkConfig,
  beadLayout,
  CHIRAL_SOFTENING,
  embedGamma,
  pairCount,
  pairsOf,
  volumeCount,
} from "./beads-config.ts";

/** The denoiser at one noise level. */
export interface BeadField {
  /**
   * ∇U of positions without centre of mass in units of their scale, so ε̂ = σ ∇U and the score is −∇U; for a network
   * without energy conservation the field that stands for it.
   * @param z borrowed [B, N, 3]
   * @param gradient written [B, N, 3]
   * @param energies U in kT where there is one, else NaN; written if given [B]
   */
  readonly evaluate: (z: Float64Array, gradient: Float64Array, energies?: Float64Array) => void;
}

/** Configurations computed at a time: their activations stay in the cache. */
const BLOCK = 16;

/** The network with the noise level γ folded in. */
export function beadField(config: BeadNetworkConfig, parameters: Float32Array, gamma: number): BeadField {
  const { beads: N, hidden: H, layers: L, conservative } = config;
  const P = pairCount(N);
  const F = P + volumeCount(N);
  const alpha2 = sigmoid(-gamma);
  const sigma2 = sigmoid(gamma);
  const alpha = Math.sqrt(alpha2);
  const pairs = Int32Array.from(pairsOf(N).flat());
  const centers = Float64Array.from(config.distanceMeans, (mean) => alpha * mean);
  const inverseWidths = Float64Array.from(
    config.distanceDeviations,
    (s) => 1 / Math.sqrt(alpha2 * s * s + 2 * sigma2),
  );
  const net = folded(config, parameters, gamma);

  const f = new Float64Array(BLOCK * F);
  const slopes = new Float64Array(BLOCK * P); // (1/d) / width: turns c and r into a force along r
  const hidden = Array.from({ length: L }, () => new Float64Array(BLOCK * H));
  const derivatives = Array.from({ length: L }, () => new Float64Array(BLOCK * H));
  const delta = [new Float64Array(BLOCK * H), new Float64Array(BLOCK * H)];
  const c = new Float64Array(BLOCK * F);
  const centred = new Float64Array(BLOCK * 3 * N);

  /** E of the block's invariants into `energies`, ∂E/∂f into `c`. */
  const coefficients = (size: number, energies: Float64Array | undefined, first: number): void => {
    for (let l = 0; l < L; l++) {
      const h = hidden[l];
      matmulTransposed(l === 0 ? f : hidden[l - 1], net.weights[l], h, size, l === 0 ? F : H, H);
      silu(h, derivatives[l], net.biases[l], size);
    }
    if (conservative) {
      const top = hidden[L - 1];
      let back = delta[0];
      for (let b = 0; b < size; b++) {
        let energy = 0;
        for (let k = 0; k < H; k++) {
          energy += net.readout[k] * top[b * H + k];
          back[b * H + k] = net.readout[k] * derivatives[L - 1][b * H + k];
        }
        if (energies) energies[first + b] = energy;
      }
      for (let l = L - 1; l > 0; l--) {
        const next = delta[(L - l) % 2];
        matmulTransposed(back, net.transposes[l], next, size, H, H);
        const slope = derivatives[l - 1];
        for (let k = 0; k < size * H; k++) next[k] *= slope[k];
        back = next;
      }
      matmulTransposed(back, net.transposes[0], c, size, H, F);
    } else {
      matmulTransposed(hidden[L - 1], net.readout, c, size, H, F);
      for (let b = 0; b < size; b++) for (let k = 0; k < F; k++) c[b * F + k] += net.readoutBias[k];
      energies?.fill(Number.NaN, first, first + size);
    }
    for (let b = 0; b < size; b++) {
      let harmonic = 0;
      for (let p = 0; p < P; p++) {
        const u = f[b * F + p];
        harmonic += net.harmonic[p] * u * u;
        c[b * F + p] += 2 * net.harmonic[p] * u;
      }
      if (energies) energies[first + b] += harmonic;
    }
  };

  const evaluate: BeadField["evaluate"] = (z, gradient, energies) => {
    const B = z.length / (3 * N);
    for (let first = 0; first < B; first += BLOCK) {
      const size = Math.min(BLOCK, B - first);
      const at = 3 * N * first;
      center(z, at, centred, size, N);
      for (let b = 0; b < size; b++) {
        distanceInvariants(centred, b, pairs, N, centers, inverseWidths, f, F, slopes);
        for (let k = 0; k + 3 < N; k++) f[b * F + P + k] = chirality(centred, 3 * (b * N + k));
      }
      coefficients(size, energies, first);
      for (let b = 0; b < size; b++) {
        let squared = 0;
        for (let k = 3 * N * b; k < 3 * N * (b + 1); k++) {
          squared += centred[k] * centred[k];
          gradient[at + k] = sigma2 * centred[k];
        }
        if (energies) energies[first + b] += 0.5 * sigma2 * squared;
        pullDistances(centred, b, pairs, N, c, F, slopes, gradient, at);
        for (let k = 0; k + 3 < N; k++)
          pullChirality(centred, 3 * (b * N + k), c[b * F + P + k], gradient, at + 3 * (b * N + k));
      }
    }
  };
  return { evaluate };
}

interface FoldedNetwork {
  /** [H, in] of each layer, gains included, and [in, H] for the way back. */
  readonly weights: readonly Float64Array[];
  readonly transposes: readonly Float64Array[];
  readonly biases: readonly Float64Array[];
  /** Of the energy [H], or of the coefficients [F, H]. */
  readonly readout: Float64Array;
  readonly readoutBias: Float64Array;
  readonly harmonic: Float64Array;
}

/** Weights with everything that depends on γ worked in. */
function folded(config: BeadNetworkConfig, parameters: Float32Array, gamma: number): FoldedNetwork {
  const { hidden: H, layers: L, conservative } = config;
  const views = namedViews(beadLayout(config), parameters);
  const view = (name: string): Float32Array => views.get(name) as Float32Array;
  const affine = (name: string, x: ArrayLike<number>): Float64Array => {
    const [weight, bias] = [view(`${name}.weight`), view(`${name}.bias`)];
    return Float64Array.from(bias, (start, o) => {
      let sum = start;
      for (let i = 0; i < x.length; i++) sum += weight[o * x.length + i] * x[i];
      return sum;
    });
  };
  const level = affine("time", embedGamma(gamma)).map((x) => x * sigmoid(x));
  const weights = Array.from({ length: L }, (_, l) => {
    const plain =
      l === 0
        ? sideBySide(view("distances.weight"), view("volumes.weight"), H)
        : view(`layers.${l - 1}.weight`);
    const gains = affine(`gains.${l}`, level);
    const inputs = plain.length / H;
    return Float64Array.from(plain, (w, k) => w * (1 + gains[Math.floor(k / inputs)]));
  });
  return {
    weights,
    transposes: weights.map((w) => transposed(w, H, w.length / H)),
    biases: weights.map((_, l) => affine(`biases.${l}`, level)),
    readout: conservative
      ? affine("level", level)
      : Float64Array.of(...view("distanceReadout.weight"), ...view("volumeReadout.weight")),
    readoutBias: conservative
      ? new Float64Array(0)
      : Float64Array.of(...affine("distanceLevel", level), ...affine("volumeLevel", level)),
    harmonic: affine("harmonic", level),
  };
}

/** Columns of a, then those of b, of matrices with as many rows. */
function sideBySide(a: Float32Array, b: Float32Array, rows: number): Float32Array {
  const [m, n] = [a.length / rows, b.length / rows];
  const out = new Float32Array(a.length + b.length);
  for (let r = 0; r < rows; r++) {
    out.set(a.subarray(r * m, (r + 1) * m), r * (m + n));
    out.set(b.subarray(r * n, (r + 1) * n), r * (m + n) + m);
  }
  return out;
}

/** h ← silu(h + bias), and its derivative. [size, H] */
function silu(h: Float64Array, derivative: Float64Array, bias: Float64Array, size: number): void {
  const H = bias.length;
  for (let b = 0, at = 0; b < size; b++) {
    for (let k = 0; k < H; k++, at++) {
      const x = h[at] + bias[k];
      const s = 1 / (1 + Math.exp(-x));
      const y = x * s;
      h[at] = y;
      derivative[at] = s + y - y * s;
    }
  }
}

/** Positions without their mean. */
function center(z: Float64Array, at: number, out: Float64Array, size: number, N: number): void {
  for (let b = 0; b < size; b++) {
    const begin = 3 * N * b;
    let [x, y, w] = [0, 0, 0];
    for (let i = begin; i < begin + 3 * N; i += 3) {
      x += z[at + i];
      y += z[at + i + 1];
      w += z[at + i + 2];
    }
    x /= N;
    y /= N;
    w /= N;
    for (let i = begin; i < begin + 3 * N; i += 3) {
      out[i] = z[at + i] - x;
      out[i + 1] = z[at + i + 1] - y;
      out[i + 2] = z[at + i + 2] - w;
    }
  }
}

function distanceInvariants(
  x: Float64Array,
  b: number,
  pairs: Int32Array,
  N: number,
  centers: Float64Array,
  inverseWidths: Float64Array,
  f: Float64Array,
  F: number,
  slopes: Float64Array,
): void {
  const P = centers.length;
  const base = 3 * N * b;
  for (let p = 0; p < P; p++) {
    const i = base + 3 * pairs[2 * p];
    const j = base + 3 * pairs[2 * p + 1];
    const [dx, dy, dz] = [x[j] - x[i], x[j + 1] - x[i + 1], x[j + 2] - x[i + 2]];
    const d = Math.sqrt(dx * dx + dy * dy + dz * dz + 1e-10);
    f[b * F + p] = (d - centers[p]) * inverseWidths[p];
    slopes[b * P + p] = inverseWidths[p] / d;
  }
}

/** Adds Σ_p c_p ∂f_p/∂x. */
function pullDistances(
  x: Float64Array,
  b: number,
  pairs: Int32Array,
  N: number,
  c: Float64Array,
  F: number,
  slopes: Float64Array,
  gradient: Float64Array,
  at: number,
): void {
  const P = pairs.length / 2;
  const base = 3 * N * b;
  for (let p = 0; p < P; p++) {
    const i = base + 3 * pairs[2 * p];
    const j = base + 3 * pairs[2 * p + 1];
    const pull = c[b * F + p] * slopes[b * P + p];
    for (let d = 0; d < 3; d++) {
      const g = pull * (x[j + d] - x[i + d]);
      gradient[at + i + d] -= g;
      gradient[at + j + d] += g;
    }
  }
}

/** b₁ · (b₂ × b₃) over the softened lengths, of the four beads from `at` on. */
function chirality(x: Float64Array, at: number): number {
  const [ax, ay, az] = [x[at + 3] - x[at], x[at + 4] - x[at + 1], x[at + 5] - x[at + 2]];
  const [bx, by, bz] = [x[at + 6] - x[at + 3], x[at + 7] - x[at + 4], x[at + 8] - x[at + 5]];
  const [cx, cy, cz] = [x[at + 9] - x[at + 6], x[at + 10] - x[at + 7], x[at + 11] - x[at + 8]];
  const volume = ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx);
  const lengths =
    (ax * ax + ay * ay + az * az + CHIRAL_SOFTENING) *
    (bx * bx + by * by + bz * bz + CHIRAL_SOFTENING) *
    (cx * cx + cy * cy + cz * cz + CHIRAL_SOFTENING);
  return volume / Math.sqrt(lengths);
}

/** Adds the gradient of c times the chirality of the four beads from `at` on to that of the beads from `to` on. */
function pullChirality(x: Float64Array, at: number, c: number, gradient: Float64Array, to: number): void {
  const [ax, ay, az] = [x[at + 3] - x[at], x[at + 4] - x[at + 1], x[at + 5] - x[at + 2]];
  const [bx, by, bz] = [x[at + 6] - x[at + 3], x[at + 7] - x[at + 4], x[at + 8] - x[at + 5]];
  const [cx, cy, cz] = [x[at + 9] - x[at + 6], x[at + 10] - x[at + 7], x[at + 11] - x[at + 8]];
  const [px, py, pz] = [by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx]; // b × c
  const [qx, qy, qz] = [cy * az - cz * ay, cz * ax - cx * az, cx * ay - cy * ax]; // c × a
  const [rx, ry, rz] = [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx]; // a × b
  const aa = ax * ax + ay * ay + az * az + CHIRAL_SOFTENING;
  const bb = bx * bx + by * by + bz * bz + CHIRAL_SOFTENING;
  const cc = cx * cx + cy * cy + cz * cz + CHIRAL_SOFTENING;
  const scale = c / Math.sqrt(aa * bb * cc);
  const volume = scale * (ax * px + ay * py + az * pz);
  const [fa, fb, fc] = [volume / aa, volume / bb, volume / cc];
  const [gax, gay, gaz] = [scale * px - fa * ax, scale * py - fa * ay, scale * pz - fa * az];
  const [gbx, gby, gbz] = [scale * qx - fb * bx, scale * qy - fb * by, scale * qz - fb * bz];
  const [gcx, gcy, gcz] = [scale * rx - fc * cx, scale * ry - fc * cy, scale * rz - fc * cz];
  gradient[to] -= gax;
  gradient[to + 1] -= gay;
  gradient[to + 2] -= gaz;
  gradient[to + 3] += gax - gbx;
  gradient[to + 4] += gay - gby;
  gradient[to + 5] += gaz - gbz;
  gradient[to + 6] += gbx - gcx;
  gradient[to + 7] += gby - gcy;
  gradient[to + 8] += gbz - gcz;
  gradient[to + 9] += gcx;
  gradient[to + 10] += gcy;
  gradient[to + 11] += gcz;
}
