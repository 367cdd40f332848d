/**
 * What normalizing flows are built of: invertible maps of ℝᴰ that know the logarithm of their volume change. A flow
 * sends data to noise by `forward`; log p(x) = log N(z; 0, I) + log |det ∂z/∂x| (Rezende & Mohamed 2015, eq. 5).
 */
import { initialParameters, type Layout, namedViews } from "../../../nets/layers/parameters.ts";
import { type ParameterTree, parameterTree } from "../../../nets/layers/tensors.ts";
import { jax, type np } from "../../../platform/jax.ts";
import { logStandardNormal } from "../gaussian.ts";

export type Mapped = {
  /** [..., D] */
  readonly y: np.Array;
  /** log |det ∂y/∂x| of each row [...] */
  readonly logDet: np.Array;
};

/** Functions take ownership of their arguments; x and y [..., D]. */
export interface Bijection {
  readonly specs: Layout;
  readonly forward: (parameters: ParameterTree, x: np.Array) => Mapped;
  /** x of y, with the log |det ∂x/∂y| of this way. */
  readonly inverse: (parameters: ParameterTree, y: np.Array) => Mapped;
  /** Starting values by name for the first data that the map sees, where uniform ones will not do. */
  readonly initialise?: (x: np.Array) => Promise<Readonly<Record<string, Float64Array>>>;
}

/** The first map, then the second …; their volume changes add. */
export function chain(maps: readonly Bijection[]): Bijection {
  // Maps without parameters have no place in the tree of parameters.
  const places = maps.map((_, k) => maps.slice(0, k).filter(({ specs }) => specs.length > 0).length);
  const named = (k: number): Layout =>
    maps[k].specs.map((spec) => ({ ...spec, name: `maps.${places[k]}.${spec.name}` }));

  const through = (
    direction: "forward" | "inverse",
    order: readonly number[],
    parameters: ParameterTree,
    x: np.Array,
  ): Mapped => {
    const { maps: own = [] } = parameters as unknown as { maps?: readonly ParameterTree[] };
    let mapped: Mapped | undefined;
    for (const k of order) {
      const p = maps[k].specs.length > 0 ? own[places[k]] : {};
      const { y, logDet } = maps[k][direction](p, mapped?.y ?? x);
      mapped = { y, logDet: mapped === undefined ? logDet : mapped.logDet.add(logDet) };
    }
    return mapped as Mapped;
  };
  const order = maps.map((_, k) => k);
  return {
    specs: order.flatMap(named),
    forward: (parameters, x) => through("forward", order, parameters, x),
    inverse: (parameters, y) => through("inverse", order.toReversed(), parameters, y),
  };
}

/**
 * Starting values of `chain(maps)`: each map's own for what the maps before it make of the rows.
 * @param x rows of data [n, D]; taken over
 */
export async function dataDependentStart(
  maps: readonly Bijection[],
  seed: number,
  x: np.Array,
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  let rows = x;
  for (const [k, { specs, forward, initialise }] of maps.entries()) {
    const values = initialParameters(specs, seed + k);
    const own = namedViews(specs, values);
    for (const [name, set] of Object.entries((await initialise?.(rows.ref)) ?? {})) own.get(name)?.set(set);
    parts.push(values);
    rows = withoutVolume(forward(parameterTree(specs, values), rows));
  }
  rows.dispose();
  return Float32Array.from(parts.flatMap((values) => Array.from(values)));
}

/** The same map run the other way. */
export const inverted = ({ specs, forward, inverse }: Bijection): Bijection => ({
  specs,
  forward: inverse,
  inverse: forward,
});

/** log p(x) with a standard normal at the other end; takes ownership. [..., D] → [...] */
export function logDensity(flow: Bijection, parameters: ParameterTree, x: np.Array): np.Array {
  const { y: z, logDet } = flow.forward(parameters, x);
  return logStandardNormal(z).add(logDet);
}

/** The map alone, without its volume change. */
export function withoutVolume({ y, logDet }: Mapped): np.Array {
  jax.tree.dispose(logDet);
  return y;
}
