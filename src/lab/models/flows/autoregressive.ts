/**
 * Masked autoregressive flow (Papamakarios, Pavlakou, Murray 2017, eq. 3-5): u_i = (x_i − μ_i(x_<i)) exp(−α_i(x_<i)).
 * One pass of a masked network (MADE, Germain et al. 2015) gives all μ and α, so `forward` is one pass and `inverse`
 * takes D. Run the other way it is the inverse autoregressive flow of Kingma et al. 2016.
 */
import { type Mask, maskedMlp } from "../../../nets/layers/masked.ts";
import { type Mlp, mlpSpecs, silu } from "../../../nets/layers/mlp.ts";
import type { ParameterTree } from "../../../nets/layers/tensors.ts";
import { jax, np } from "../../../platform/jax.ts";
import type { Bijection } from "./bijection.ts";
import { boundedLogScale } from "./coupling.ts";

/** Masks under which output i sees only the inputs that come before i in the order (0 … D − 1, or its reverse). */
export function autoregressiveMasks(D: number, layers: number, reversed: boolean): Mask[] {
  const input = (i: number): number => (reversed ? D - i : i + 1); // 1 … D
  const hidden = (k: number): number => 1 + (k % (D - 1)); // 1 … D − 1
  const output = (i: number): number => input(i % D);
  return Array.from({ length: layers }, (_, layer): Mask => {
    if (layer === layers - 1) return (to, from) => output(to) > hidden(from);
    return (to, from) => hidden(to) >= (layer === 0 ? input(from) : hidden(from));
  });
}

/** x → u of ℝᴰ, D ≥ 2. A context reaches the network as the bias of its first layer, one for each row. */
export function autoregressive(D: number, hidden: readonly number[], reversed: boolean): Bijection {
  const masks = autoregressiveMasks(D, hidden.length + 1, reversed);
  const shiftAndLogScale = (parameters: ParameterTree, x: np.Array) => {
    const { net } = parameters as unknown as { readonly net: Mlp };
    const [mu, alpha] = np.split(maskedMlp(net, masks, x, silu), 2, -1);
    return { mu, alpha: boundedLogScale(alpha) }; // [..., D]
  };
  return {
    specs: mlpSpecs("net", [D, ...hidden, 2 * D]),
    forward: (parameters, x) => {
      const { mu, alpha } = shiftAndLogScale(parameters, x.ref);
      return { y: x.sub(mu).mul(np.exp(np.negative(alpha.ref))), logDet: np.negative(alpha.sum(-1)) };
    },
    inverse: (parameters, u) => {
      // After pass i the first i coordinates of the order are exact.
      let x = np.zerosLike(u.ref);
      let logDet: np.Array | undefined;
      for (let pass = 0; pass < D; pass++) {
        const { mu, alpha } = shiftAndLogScale(jax.tree.ref(parameters), x);
        logDet?.dispose();
        logDet = alpha.ref.sum(-1);
        x = u.ref.mul(np.exp(alpha)).add(mu);
      }
      jax.tree.dispose([parameters, u]);
      return { y: x, logDet: logDet as np.Array };
    },
  };
}
