/**
 * Planar flows (Rezende & Mohamed 2015, eq. 10-12 and appendix A.1): f(z) = z + û tanh(wᵀz + b) stretches space across
 * the plane wᵀz + b = 0. û is u moved along w until wᵀû ≥ −1, so that f is invertible whatever u is. The inverse has
 * no formula, but only one unknown: α = wᵀz.
 */
import type { Layout } from "../../../nets/layers/parameters.ts";
import { jax, nn, np } from "../../../platform/jax.ts";
import type { Bijection, Mapped } from "./bijection.ts";

/** All broadcast against z [..., D]. */
export type Planar = {
  /** [..., D] */
  readonly u: np.Array;
  /** [..., D] */
  readonly w: np.Array;
  /** [..., 1] */
  readonly b: np.Array;
};

const dot = (a: np.Array, b: np.Array): np.Array => a.mul(b).sum(-1, { keepdims: true });

/** û = u + (m(wᵀu) − wᵀu) w/‖w‖² with m(x) = log(1 + eˣ) − 1, and wᵀû = m(wᵀu) [..., 1]. */
function invertible(u: np.Array, w: np.Array): { readonly u: np.Array; readonly wu: np.Array } {
  const free = dot(w.ref, u.ref);
  const wu = nn.softplus(free.ref).sub(1);
  const along = wu.ref.sub(free).div(np.square(w.ref).sum(-1, { keepdims: true }));
  return { u: u.add(along.mul(w)), wu };
}

/** f(z) and log |1 + wᵀû tanh′(wᵀz + b)|; takes ownership. */
export function planarForward(p: Planar, z: np.Array): Mapped {
  const { u, wu } = invertible(p.u, p.w.ref);
  const h = np.tanh(dot(p.w, z.ref).add(p.b)); // [..., 1]
  const y = z.add(u.mul(h.ref));
  const slope = np.square(h).mul(-1).add(1); // tanh′
  return { y, logDet: np.log(wu.mul(slope).add(1)).sum(-1) };
}

/** Halvings of the interval that holds α. */
const HALVINGS = 34;

/**
 * The values as they are, [..., 1]. A sum ends a compiled kernel: without it every use of a value repeats all that it
 * was made from, and a chain of halvings doubles in length with each.
 */
const computed = (x: np.Array): np.Array => x.sum(-1, { keepdims: true });

/** Solves α + wᵀû tanh(α + b) = wᵀy by bisection of wᵀy ± |wᵀû|; takes ownership. */
export function planarInverse(p: Planar, y: np.Array): Mapped {
  const { u, wu } = invertible(p.u, p.w.ref);
  const target = dot(p.w, y.ref); // [..., 1]
  let alpha = target.ref;
  let step = computed(np.abs(wu.ref));
  for (let k = 0; k < HALVINGS; k++) {
    step = computed(step.mul(0.5));
    const value = alpha.ref.add(wu.ref.mul(np.tanh(alpha.ref.add(p.b.ref))));
    const move = np.where(np.less(value, target.ref), step.ref, np.negative(step.ref));
    alpha = computed(alpha.add(move));
  }
  jax.tree.dispose([target, step]);
  const h = np.tanh(alpha.add(p.b));
  const z = y.sub(u.mul(h.ref));
  const slope = np.square(h).mul(-1).add(1);
  return { y: z, logDet: np.negative(np.log(wu.mul(slope).add(1)).sum(-1)) };
}

/** One planar map of ℝᴰ with parameters of its own. */
export function planarFlow(D: number): Bijection {
  const specs: Layout = [
    { name: "u", shape: [D], bound: 1 / Math.sqrt(D) },
    { name: "w", shape: [D], bound: 1 / Math.sqrt(D) },
    { name: "b", shape: [1], bound: 1 },
  ];
  return {
    specs,
    forward: (p, z) => planarForward(p as unknown as Planar, z),
    inverse: (p, y) => planarInverse(p as unknown as Planar, y),
  };
}
