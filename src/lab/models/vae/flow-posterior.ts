/**
 * Posteriors that a flow bends away from the Gaussian: z₀ = μ + σ ε, then a chain of invertible maps, and
 * log q(z) = log q(z₀) − Σ log |det| (Rezende & Mohamed 2015, eq. 13; Kingma et al. 2016, eq. 5). The encoder gives every
 * row its own maps. Only the flow's cheap direction is used, so nothing is inverted.
 */
import type { Mlp } from "../../../nets/layers/mlp.ts";
import type { ParameterTree } from "../../../nets/layers/tensors.ts";
import type { np } from "../../../platform/jax.ts";
import { autoregressive } from "../flows/autoregressive.ts";
import type { Mapped } from "../flows/bijection.ts";
import { planarForward } from "../flows/planar.ts";
import { columns, type Draws, diagonalPosterior, overDraws, type Posterior } from "./posterior.ts";

/**
 * Map k of a row, applied to its draws z [B, K, Z]; `own` [B, 1, size] are the row's outputs of the encoder for it.
 * Takes ownership.
 */
type RowMap = (parameters: ParameterTree, own: np.Array, z: np.Array, k: number) => Mapped;

/** A diagonal Gaussian through `length` maps, `size` outputs of the encoder each. */
function bent(latent: number, length: number, size: number, map: RowMap): Posterior["draw"] {
  const base = diagonalPosterior(latent);
  return (parameters, head, noise): Draws => {
    let { z, logDensity } = base.draw(undefined, head.ref, noise);
    for (let k = 0; k < length; k++) {
      const from = 2 * latent + k * size;
      const mapped = map(parameters ?? {}, overDraws(columns(head.ref, from, from + size)), z, k);
      z = mapped.y;
      logDensity = logDensity.sub(mapped.logDet);
    }
    head.dispose();
    return { z, logDensity };
  };
}

/** Planar maps whose u, w and b the encoder gives. */
export function planarPosterior(latent: number, length: number): Posterior {
  const size = 2 * latent + 1;
  return {
    headSize: 2 * latent + length * size,
    specs: [],
    draw: bent(latent, length, size, (_, own, z) => {
      const part = (from: number, to: number): np.Array => own.ref.slice([], [], [from, to]);
      const planar = { u: part(0, latent), w: part(latent, 2 * latent), b: part(2 * latent, size) };
      own.dispose();
      return planarForward(planar, z);
    }),
  };
}

/** Inverse autoregressive maps: shared masked networks, which see the row through the biases of their first layer. */
export function iafPosterior(latent: number, length: number, width: number): Posterior {
  const maps = Array.from({ length }, (_, k) => autoregressive(latent, [width], k % 2 === 1));
  return {
    headSize: 2 * latent + length * width,
    specs: maps.flatMap(({ specs }, k) =>
      specs.map((spec) => ({ ...spec, name: `posterior.maps.${k}.${spec.name}` })),
    ),
    draw: bent(latent, length, width, (parameters, own, z, k) => {
      const { net } = (parameters as unknown as { maps: readonly { net: Mlp }[] }).maps[k];
      const [first, ...rest] = net;
      const seeing = { weight: first.weight, bias: first.bias.add(own) }; // [B, 1, width]
      return maps[k].forward({ net: [seeing, ...rest] } as unknown as ParameterTree, z);
    }),
  };
}
