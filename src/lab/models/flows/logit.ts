/**
 * Values in [0, 1], such as dequantised grey values, as unbounded numbers: y = logit(α + (1 − 2α) x), with α = 0.05 so
 * that 0 and 1 stay finite (Dinh, Sohl-Dickstein, Bengio 2017, section 4.1).
 */
import { nn, np } from "../../../platform/jax.ts";
import type { Bijection } from "./bijection.ts";

const ALPHA = 0.05;
const SPAN = 1 - 2 * ALPHA;

/** log |det ∂y/∂x| = Σ log(1 − 2α) − log s − log(1 − s), with s = sigmoid(y). [..., D] → [...] */
const logVolume = (log: np.Array, logOther: np.Array): np.Array =>
  log.add(logOther).mul(-1).add(Math.log(SPAN)).sum(-1);

export const logit: Bijection = {
  specs: [],
  forward: (_, x) => {
    const s = x.mul(SPAN).add(ALPHA);
    const [log, logOther] = [np.log(s.ref), np.log(s.mul(-1).add(1))];
    return { y: log.ref.sub(logOther.ref), logDet: logVolume(log, logOther) };
  },
  inverse: (_, y) => {
    const [log, logOther] = [nn.logSigmoid(y.ref), nn.logSigmoid(np.negative(y.ref))];
    const x = nn
      .sigmoid(y)
      .sub(ALPHA)
      .mul(1 / SPAN);
    return { y: x, logDet: np.negative(logVolume(log, logOther)) };
  },
};
