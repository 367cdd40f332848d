/**
 * The denoiser ε_θ(z_t, t) that EDM trains (Hoogeboom et al. 2022, section 3): the network's change of
 * positions without its centre of mass, and its new features without the conditioning channels.
 */
import { np } from "../../platform/jax.ts";
import type { ParameterTree } from "../layers/tensors.ts";
import type { DynamicsConfig } from "./dynamics-layout.ts";
import { type EgnnParameters, egnn, type PaddedGraph } from "./egnn.ts";
import { type GnnParameters, gnn } from "./gnn.ts";

/** Subtracts the mean over the atoms of each molecule; padding stays zero. [B, N, 3] */
function withoutCenterOfMass(x: np.Array, atoms: np.Array): np.Array {
  const mean = x.ref.sum(1, { keepdims: true }).div(atoms.ref.sum(1, { keepdims: true })); // [B, 1, 3]
  return x.sub(mean.mul(atoms));
}

/**
 * Takes ownership of its arguments.
 * @param x noised positions [B, N, 3]
 * @param h noised features and conditioning channels [B, N, inFeatures]
 * @param guess positions of an earlier guess, with self-conditioning only [B, N, 3]
 * @returns predicted noise [B, N, 3 + outFeatures]
 */
export function dynamics(
  config: DynamicsConfig,
  parameters: ParameterTree,
  x: np.Array,
  h: np.Array,
  graph: PaddedGraph,
  guess?: np.Array,
): np.Array {
  const atoms = graph.atoms.ref;
  if (config.network === "gnn") {
    const out = gnn(parameters as unknown as GnnParameters, x, h, graph);
    const velocity = withoutCenterOfMass(out.ref.slice([], [], [0, 3]), atoms);
    return np.concatenate([velocity, out.slice([], [], [3])], 2);
  }
  const out = egnn(config, parameters as unknown as EgnnParameters, x.ref, h, graph, guess);
  const velocity = withoutCenterOfMass(out.x.sub(x).mul(atoms.ref), atoms);
  return np.concatenate([velocity, out.h.slice([], [], [0, config.outFeatures])], 2);
}
