/**
 * Sites that stand beside a chain of beads, one for each three consecutive ones: x = r_b + n/√(|n|² + c) with n =
 * (r_b − r_a) × (r_c − r_b), on the side that the right-hand rule says, as force fields place a Cβ. In a mirror they
 * are on the other side, so that a network of distances alone, with them among its atoms, tells a molecule from its
 * mirror image. What a site feels is handed to the three beads (Berendsen & van Gunsteren 1984).
 */
import { cross, dot, type Vector } from "../../math/vectors.ts";

/** Added to |n|²: a straight chain has no side. In units of the positions' scale to the fourth. */
const SOFTENING = 0.1;

/** Beads, and sites behind them. */
export const withSites = (beads: number): number => 2 * beads - 2;

/** Fills out [S, 3] from `to` on with the beads of z [N, 3] from `at` on, and their sites. */
export function placeSites(z: Float64Array, at: number, beads: number, out: Float64Array, to: number): void {
  for (let k = 0; k < 3 * beads; k++) out[to + k] = z[at + k];
  for (let k = 0; k + 2 < beads; k++) {
    const { n, length } = normalAt(z, at + 3 * k);
    const [bead, site] = [at + 3 * (k + 1), to + 3 * (beads + k)];
    for (let d = 0; d < 3; d++) out[site + d] = z[bead + d] + n[d] / length;
  }
}

/** How beads and sites move with velocities v of the beads [N, 3]: J v, into out [S, 3] from `to` on. */
export function moveSites(
  z: Float64Array,
  at: number,
  beads: number,
  v: ArrayLike<number>,
  out: Float32Array,
  to: number,
): void {
  for (let k = 0; k < 3 * beads; k++) out[to + k] = v[at + k];
  for (let k = 0; k + 2 < beads; k++) {
    const first = at + 3 * k;
    const { a, b, n, length } = normalAt(z, first);
    const [va, vb] = [bondAt(v, first), bondAt(v, first + 3)];
    const [p, q] = [cross(va, b), cross(a, vb)];
    const turn = dot(n, [p[0] + q[0], p[1] + q[1], p[2] + q[2]]) / length ** 3;
    const [bead, site] = [first + 3, to + 3 * (beads + k)];
    for (let d = 0; d < 3; d++) out[site + d] = v[bead + d] + (p[d] + q[d]) / length - turn * n[d];
  }
}

/** Adds Jᵀ g of a gradient by beads and sites, g [S, 3] from `from` on, to that by the beads alone [N, 3]. */
export function spreadSites(
  z: Float64Array,
  at: number,
  beads: number,
  g: ArrayLike<number>,
  from: number,
  gradient: Float64Array,
): void {
  for (let k = 0; k < 3 * beads; k++) gradient[at + k] += g[from + k];
  for (let k = 0; k + 2 < beads; k++) {
    const first = at + 3 * k;
    const { a, b, n, length } = normalAt(z, first);
    const site = from + 3 * (beads + k);
    const own: Vector = [g[site], g[site + 1], g[site + 2]];
    const along = dot(n, own) / length ** 3;
    const w: Vector = [0, 1, 2].map((d) => own[d] / length - along * n[d]) as unknown as Vector; // ∂/∂n
    const [byA, byB] = [cross(b, w), cross(w, a)];
    for (let d = 0; d < 3; d++) {
      gradient[first + d] -= byA[d];
      gradient[first + 3 + d] += own[d] + byA[d] - byB[d];
      gradient[first + 6 + d] += byB[d];
    }
  }
}

const bondAt = (x: ArrayLike<number>, at: number): Vector => [
  x[at + 3] - x[at],
  x[at + 4] - x[at + 1],
  x[at + 5] - x[at + 2],
];

/** Bonds a and b of the three beads from `at` on, their normal n = a × b and its softened length. */
function normalAt(z: ArrayLike<number>, at: number) {
  const [a, b] = [bondAt(z, at), bondAt(z, at + 3)];
  const n = cross(a, b);
  return { a, b, n, length: Math.sqrt(dot(n, n) + SOFTENING) };
}
