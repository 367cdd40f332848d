/**
 * Coupling layers: half of the coordinates stay, and decide how the others are moved. NICE adds (Dinh, Krueger,
 * Bengio 2015, eq. 5), RealNVP scales and adds (Dinh, Sohl-Dickstein, Bengio 2017, eq. 7-9). Both ways cost one pass,
 * and the Jacobian is triangular. Which half stays alternates with `parity`.
 */

import { fixed } from "../../../nets/layers/masked.ts";
import { type Mlp, mlp, mlpSpecs, silu } from "../../../nets/layers/mlp.ts";
import type { ParameterTree } from "../../../nets/layers/tensors.ts";
import { np } from "../../../platform/jax.ts";
import type { Bijection } from "./bijection.ts";

/** log σ stays within ± this, so that no layer can stretch space by more than e³. */
const LARGEST_LOG_SCALE = 3;

/** Smooth limit of a log scale; takes ownership. */
export const boundedLogScale = (x: np.Array): np.Array =>
  np.tanh(x.mul(1 / LARGEST_LOG_SCALE)).mul(LARGEST_LOG_SCALE);

type CouplingParameters = { readonly net: Mlp };

const netOf = (parameters: ParameterTree): Mlp => (parameters as unknown as CouplingParameters).net;

/** 1 for the coordinates that stay. [D] */
const stays = (D: number, parity: number, x: np.Array): np.Array =>
  fixed([D], (i) => Number(i % 2 === parity), x.dtype);

/** y = x on the half that stays, y = x · exp(s) + t on the other; s and t are a network's of the half that stays. */
export function affineCoupling(D: number, hidden: readonly number[], parity: 0 | 1): Bijection {
  /** s and t, zero on the half that stays. [..., D] each */
  const scaleAndShift = (parameters: ParameterTree, x: np.Array) => {
    const mask = stays(D, parity, x);
    const moves = mask.ref.mul(-1).add(1);
    const outputs = mlp(netOf(parameters), x.mul(mask), silu); // [..., 2D]
    const [s, t] = np.split(outputs, 2, -1);
    return { s: boundedLogScale(s).mul(moves.ref), t: t.mul(moves) };
  };
  return {
    specs: mlpSpecs("net", [D, ...hidden, 2 * D]),
    forward: (parameters, x) => {
      const { s, t } = scaleAndShift(parameters, x.ref);
      return { y: x.mul(np.exp(s.ref)).add(t), logDet: s.sum(-1) };
    },
    inverse: (parameters, y) => {
      const { s, t } = scaleAndShift(parameters, y.ref);
      return { y: y.sub(t).mul(np.exp(np.negative(s.ref))), logDet: np.negative(s.sum(-1)) };
    },
  };
}

/** y = x on the half that stays, y = x + t on the other: no volume changes. */
export function additiveCoupling(D: number, hidden: readonly number[], parity: 0 | 1): Bijection {
  const shift = (parameters: ParameterTree, x: np.Array): np.Array => {
    const mask = stays(D, parity, x);
    const t = mlp(netOf(parameters), x.mul(mask.ref), silu);
    return t.mul(mask.mul(-1).add(1));
  };
  const unchanged = (y: np.Array): np.Array => np.zeros(y.shape.slice(0, -1), { dtype: y.dtype });
  return {
    specs: mlpSpecs("net", [D, ...hidden, D]),
    forward: (parameters, x) => {
      const y = x.ref.add(shift(parameters, x));
      return { y, logDet: unchanged(y) };
    },
    inverse: (parameters, y) => {
      const x = y.ref.sub(shift(parameters, y));
      return { y: x, logDet: unchanged(x) };
    },
  };
}

/** y = x · exp(s), one s for each coordinate: the layer by which NICE changes volumes (section 3.3). */
export function diagonalScaling(D: number): Bijection {
  const logScale = (parameters: ParameterTree): np.Array => (parameters as { s: np.Array }).s;
  const logDet = (s: np.Array, x: np.Array): np.Array => np.broadcastTo(s.sum(), x.shape.slice(0, -1));
  return {
    specs: [{ name: "s", shape: [D], bound: 0 }],
    forward: (parameters, x) => {
      const s = logScale(parameters);
      const y = x.mul(np.exp(s.ref));
      return { logDet: logDet(s, y), y };
    },
    inverse: (parameters, y) => {
      const s = np.negative(logScale(parameters));
      const x = y.mul(np.exp(s.ref));
      return { logDet: logDet(s, x), y: x };
    },
  };
}
