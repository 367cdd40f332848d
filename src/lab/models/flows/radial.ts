/**
 * Radial flows (Rezende & Mohamed 2015, eq. 14 and appendix A.2): y = x + β (x − c)/(α + r) with r = ‖x − c‖ pushes
 * space away from the point c or pulls it there. α > 0 and β ≥ −α keep it invertible: β = −α + log(1 + e^b).
 * The inverse is exact: with ρ = ‖y − c‖, r solves r² + (α + β − ρ) r − αρ = 0.
 */
import { nn, np } from "../../../platform/jax.ts";
import type { Bijection, Mapped } from "./bijection.ts";

type Radial = { readonly center: np.Array; readonly logAlpha: np.Array; readonly b: np.Array };

const length = (x: np.Array): np.Array => np.sqrt(np.square(x).sum(-1, { keepdims: true }));

/** log |det ∂y/∂x| = (D − 1) log(1 + β/(α + r)) + log(1 + αβ/(α + r)²). [..., 1] → [...] */
function logDeterminant(D: number, r: np.Array, alpha: np.Array, beta: np.Array): np.Array {
  const h = np.reciprocal(alpha.ref.add(r));
  const across = np.log1p(beta.ref.mul(h.ref));
  const along = np.log1p(alpha.mul(beta).mul(np.square(h)));
  return across
    .mul(D - 1)
    .add(along)
    .sum(-1);
}

const shape = ({ logAlpha, b }: Radial): { readonly alpha: np.Array; readonly beta: np.Array } => {
  const alpha = np.exp(logAlpha);
  return { alpha: alpha.ref, beta: nn.softplus(b).sub(alpha) };
};

function forward(p: Radial, x: np.Array): Mapped {
  const { alpha, beta } = shape(p);
  const r = length(x.ref.sub(p.center.ref)); // [..., 1]
  const pull = beta.ref.div(alpha.ref.add(r.ref));
  const y = x.mul(pull.ref.add(1)).sub(pull.mul(p.center)); // x + pull (x − c)
  return { y, logDet: logDeterminant(y.shape[y.ndim - 1], r, alpha, beta) };
}

function inverse(p: Radial, y: np.Array): Mapped {
  const { alpha, beta } = shape(p);
  const offset = y.sub(p.center.ref);
  const rho = length(offset.ref);
  const c = alpha.ref.add(beta.ref).sub(rho.ref);
  const product = alpha.ref.mul(rho);
  const root = np.sqrt(np.square(c.ref).add(product.ref.mul(4)));
  // The root of the quadratic that is not negative, in the form that does not cancel.
  const r = np.where(
    np.less(c.ref, 0),
    root.ref.sub(c.ref).mul(0.5),
    product.mul(2).div(np.maximum(root.add(c), 1e-30)),
  );
  const stretch = beta.ref.div(alpha.ref.add(r.ref)).add(1);
  const x = offset.div(stretch).add(p.center);
  return { y: x, logDet: np.negative(logDeterminant(x.shape[x.ndim - 1], r, alpha, beta)) };
}

/** One radial map of ℝᴰ. */
export function radialFlow(D: number): Bijection {
  return {
    specs: [
      { name: "center", shape: [D], bound: 1 },
      { name: "logAlpha", shape: [1], bound: 0.5 },
      { name: "b", shape: [1], bound: 1 },
    ],
    forward: (p, x) => forward(p as unknown as Radial, x),
    inverse: (p, y) => inverse(p as unknown as Radial, y),
  };
}
