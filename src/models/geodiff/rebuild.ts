/**
 * A structure without the network, for where that fails: distance geometry in four dimensions with the handedness and
 * double bonds that are asked for, then the nearest minimum of MMFF94 where that has parameters.
 */
import { relaxMmff94 } from "../../chem/mmff94.ts";
import { type Stereo, stereoIsRight } from "../../chem/stereo.ts";
import type { Topology } from "../../chem/topology.ts";
import type { Stream } from "../../math/random.ts";
import { center } from "../../math/superposition.ts";
import { distance } from "../../math/vectors.ts";
import { isSettled } from "./mend.ts";
import {
  angles,
  bondLengths,
  type DistanceWish,
  descend,
  doubleBondWishes,
  leastDistance,
  lengthsByPair,
  pairKey,
  volumesOf,
} from "./shape.ts";

/** Weights of angles that give way, and of atoms that must not come near; those of all else are 1. */
const GIVING = 0.2;
const REPELLING = 0.3;
const EMBEDDING_STEPS = 400;
const SETTLING_STEPS = 150;
/** A structure, and its energy by MMFF94 where there are parameters. */
export interface Rebuilt {
  /** Centred, in Å. [N, 3] */
  readonly positions: Float64Array;
  /** kcal/mol */
  readonly energy?: number;
}

/** A structure by distance geometry alone. */
export interface Embedded {
  /** In Å. [N, 3] */
  readonly positions: Float64Array;
  /** The largest relative error of a bond, an angle held by a ring or hybridisation, or a double bond's side. */
  readonly worst: number;
}

/** One try; undefined where centres and double bonds did not come out as asked. */
export function embedded(topology: Topology, stereo: Stereo, random: Stream): Embedded | undefined {
  const n = topology.atomicNumbers.length;
  const lengths = bondLengths(topology);
  const lengthOf = lengthsByPair(topology, lengths);
  const distances = topology.bonds.map(
    ({ i, j }, b): DistanceWish => ({ i, j, length: lengths[b], weight: 1 }),
  );
  const near = new Set(distances.map(({ i, j }) => pairKey(n, i, j)));
  const wish = (i: number, j: number, length: number, weight: number, atLeast = false): void => {
    if (near.has(pairKey(n, i, j))) return;
    near.add(pairKey(n, i, j));
    distances.push({ i, j, length, weight, atLeast });
  };
  for (const { i, k, span, stiff, atLeast } of angles(topology, lengths))
    wish(i, k, span, stiff ? 1 : GIVING, atLeast);
  for (const { i, j, length, weight } of doubleBondWishes(topology, stereo, lengthOf))
    wish(i, j, length, weight);
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      wish(i, j, leastDistance(topology, i, j), REPELLING, true);
    }
  }
  const volumes = volumesOf(stereo.centres, lengthOf, () => (random.uniform() < 0.5 ? 1 : -1));
  const start = random.normals(new Float64Array(4 * n)).map((v) => 0.8 * n ** (1 / 3) * v);
  descend(start, 4, distances, volumes, EMBEDDING_STEPS);
  const positions = new Float64Array(3 * n);
  for (let i = 0; i < n; i++) positions.set(start.subarray(4 * i, 4 * i + 3), 3 * i);
  descend(positions, 3, distances, volumes, SETTLING_STEPS);
  if (!stereoIsRight(stereo, positions)) return undefined;
  const worst = distances.reduce((most, { i, j, length, weight, atLeast }) => {
    const error = distance(positions, i, j) / length - 1;
    return weight < 1 || (atLeast && error > 0) ? most : Math.max(most, Math.abs(error));
  }, 0);
  return { positions, worst };
}

/** One try, relaxed; undefined where it ends badly. */
export function rebuilt(topology: Topology, stereo: Stereo, random: Stream): Rebuilt | undefined {
  const start = embedded(topology, stereo, random);
  if (start === undefined) return undefined;
  const relaxed = relaxMmff94(topology, start.positions);
  const made = relaxed?.positions ?? start.positions;
  if (!stereoIsRight(stereo, made) || !isSettled(topology, made, bondLengths(topology))) return undefined;
  return { positions: center(made), ...(relaxed && { energy: relaxed.energy }) };
}
