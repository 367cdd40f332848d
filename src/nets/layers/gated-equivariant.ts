/**
 * PaiNN's gated equivariant block (Schütt, Unke, Gastegger 2021, figure 3) and what two of them make of the
 * representation: a vector for each atom that turns along with the molecule, for forces predicted directly or dipole
 * moments. Names of the parameters are SchNetPack's.
 */
import { np } from "../../platform/jax.ts";
import { silu } from "./mlp.ts";
import { glorotSpecs, type Layout } from "./parameters.ts";
import { type Linear, linear } from "./tensors.ts";

/** Parameters of a gated equivariant block. */
export type GatedBlock = {
  readonly mix_vectors: { readonly weight: np.Array };
  readonly scalar_net: readonly [Linear, Linear];
};

const blockSpecs = (name: string, F: number, out: number): Layout => [
  glorotSpecs(`${name}.mix_vectors`, F, 2 * out)[0],
  ...glorotSpecs(`${name}.scalar_net.0`, F + out, F),
  ...glorotSpecs(`${name}.scalar_net.1`, F, 2 * out),
];

/** Two blocks, F → F/2 → 1. */
export const vectorOutputLayout = (F: number): Layout => [
  ...blockSpecs("outnet.0", F, F / 2),
  ...blockSpecs("outnet.1", F / 2, 1),
];

/** Names and order: `vectorOutputLayout`. */
export type VectorOutput = { readonly outnet: readonly [GatedBlock, GatedBlock] };

/** s, v → s', v': vectors are mixed and scaled by what scalars and their norms say. [B, N, F], [B, N, 3, F] → out */
function gated(p: GatedBlock, s: np.Array, v: np.Array, last: boolean): [np.Array, np.Array] {
  const out = p.mix_vectors.weight.shape[0] / 2;
  const mixed = np.matmul(v, p.mix_vectors.weight.transpose()); // [B, N, 3, 2 out]
  const norm = np.sqrt(
    np
      .square(mixed.ref.slice([], [], [], [0, out]))
      .sum(2)
      .add(1e-8),
  );
  const [first, second] = p.scalar_net;
  const x = linear(second, silu(linear(first, np.concatenate([s, norm], 2)))); // [B, N, 2 out]
  const [B, N] = x.shape;
  const gate = x.ref.slice([], [], [out]).reshape([B, N, 1, out]);
  const scalars = x.slice([], [], [0, out]);
  const vectors = gate.mul(mixed.slice([], [], [], [out]));
  return [last ? scalars : silu(scalars), vectors];
}

/**
 * A vector for each atom from PaiNN's features; owns its arguments.
 * @param s scalars [B, N, F]
 * @param v vectors [B, N, 3, F]
 * @returns scalars [B, N] and vectors [B, N, 3]
 */
export function vectorOutput(
  { outnet }: VectorOutput,
  s: np.Array,
  v: np.Array,
): { readonly scalars: np.Array; readonly vectors: np.Array } {
  const [B, N] = s.shape;
  const [s1, v1] = gated(outnet[0], s, v, false);
  const [s2, v2] = gated(outnet[1], s1, v1, true);
  return { scalars: s2.reshape([B, N]), vectors: v2.reshape([B, N, 3]) };
}
