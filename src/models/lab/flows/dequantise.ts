/**
 * Grey values as real numbers, for models of densities: v = (255 x + u)/256 with u uniform in [0, 1), and its logit,
 * squeezed to α + (1 − 2α) v so that it is finite (Dinh, Sohl-Dickstein, Bengio 2017, section 4.1). A density p of v
 * bounds the probability of the image: log P(x) ≥ E_u[log p(v)] − D log 256 (Theis, van den Oord, Bethge 2016).
 */
import { nn, np } from "../../../runtime/jax.ts";
import type { Mapped } from "./bijection.ts";

const ALPHA = 0.05;
const LEVELS = 256;

/** Logits of dequantised grey values x in [0, 1], and log |∂logit/∂v| − log 256 summed; takes ownership. [..., D] */
export function dequantised(x: np.Array, u: np.Array): Mapped {
  const D = x.shape[x.ndim - 1];
  const v = x
    .mul(LEVELS - 1)
    .add(u)
    .mul(1 / LEVELS);
  const squeezed = v.mul(1 - 2 * ALPHA).add(ALPHA);
  const [log, logOther] = [np.log(squeezed.ref), np.log(squeezed.mul(-1).add(1))];
  const logDet = log.ref
    .add(logOther.ref)
    .sum(-1)
    .mul(-1)
    .add(D * (Math.log(1 - 2 * ALPHA) - Math.log(LEVELS)));
  return { y: log.sub(logOther), logDet };
}

/** Grey values of logits, rounded down to a level; takes ownership. */
export function quantised(logits: np.Array): np.Array {
  const v = nn
    .sigmoid(logits)
    .sub(ALPHA)
    .mul(1 / (1 - 2 * ALPHA));
  return np.floor(np.clip(v, 0, 1 - 1e-6).mul(LEVELS)).mul(1 / (LEVELS - 1));
}
