/**
 * Small repairs of a sample: a centre that lies just outside of its neighbours' tetrahedron or has the wrong hand, an atom
 * with a lone pair that is flat, a double bond that is turned or straight. Distances stay what the network made of them
 * wherever they are sound; the neighbourhood of what is wrong gets the distances that it should have.
 */
import { leastVolume, type Stereo, stereoErrors } from "../../chem/stereo.ts";
import type { Topology } from "../../chem/topology.ts";
import { center } from "../../math/superposition.ts";
import { distance } from "../../math/vectors.ts";
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

/** A bond of a sample may be this far from its expected length before the sample counts as broken. */
const BROKEN = 0.3;
/** Å; no two atoms without a bond come nearer: the hydrogens of water are 1.5 Å apart. */
const ONE_PLACE = 1.2;
/** A bond this far from its expected length is drawn to it by a repair. */
const STRETCHED = 0.15;
const TURNING_STEPS = 120;
const SETTLING_STEPS = 200;

/**
 * Whether the bonds of a structure hold and no other two atoms are in one place.
 * @param lengths that bonds should have, in Å
 */
export function isIntact(
  { atomicNumbers, bonds, hops }: Topology,
  positions: Float64Array,
  lengths: readonly number[],
): boolean {
  const n = atomicNumbers.length;
  for (let i = 0; i < n; i++)
    for (let j = i + 1; j < n; j++)
      if (hops[i * n + j] !== 1 && !(distance(positions, i, j) > ONE_PLACE)) return false;
  return bonds.every(({ i, j }, b) => Math.abs(distance(positions, i, j) / lengths[b] - 1) < BROKEN);
}

/** The structure with what is wrong set right, or undefined where a bond would break or a double bond has to turn. */
export function mended(
  topology: Topology,
  stereo: Stereo,
  positions: Float64Array,
): Float64Array | undefined {
  const lengths = bondLengths(topology);
  const wrong = stereoErrors(stereo, positions);
  const centres = new Set(wrong.centres.map(({ atom }) => atom));
  const bent = new Set(wrong.doubleBonds.flatMap(({ i, j }) => [i, j]));
  const ideal = (atom: number): boolean => centres.has(atom) || bent.has(atom);
  const n = topology.atomicNumbers.length;
  const lengthOf = lengthsByPair(topology, lengths);
  const bonds = topology.bonds.map(({ i, j }, b): DistanceWish => {
    const found = distance(positions, i, j);
    const sound = Math.abs(found / lengths[b] - 1) < STRETCHED && !ideal(i) && !ideal(j);
    return { i, j, length: sound ? found : lengths[b], weight: 1 };
  });
  const spans = angles(topology, lengths);
  const near = new Set<number>();
  for (const { i, j } of topology.bonds) near.add(pairKey(n, i, j));
  const kept: DistanceWish[] = [];
  const around: DistanceWish[] = [];
  for (const { i, k, centre, span, stiff, atLeast } of spans) {
    if (near.has(pairKey(n, i, k))) continue;
    near.add(pairKey(n, i, k));
    if (ideal(centre)) around.push({ i, j: k, length: span, weight: stiff ? 1 : 0.2, atLeast });
    else kept.push({ i, j: k, length: distance(positions, i, k), weight: 0.6 });
  }
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      if (near.has(pairKey(n, i, j))) continue;
      const apart = leastDistance(topology, i, j);
      kept.push({ i, j, length: Math.min(distance(positions, i, j), apart), weight: 0.3, atLeast: true });
    }
  }
  const volumes = volumesOf(stereo.centres, lengthOf, (centre) =>
    leastVolume(positions, centre, 1) < 0 ? -1 : 1,
  );
  const sides = doubleBondWishes(topology, { ...stereo, doubleBonds: wrong.doubleBonds }, lengthOf);
  const x = positions.slice();
  descend(x, 3, [...bonds, ...kept, ...sides], volumes, TURNING_STEPS);
  descend(x, 3, [...bonds, ...kept, ...around, ...sides], volumes, SETTLING_STEPS);
  const now = stereoErrors(stereo, x);
  const right = now.centres.length === 0 && now.doubleBonds.length === 0 && isSettled(topology, x, lengths);
  return right ? center(x) : undefined;
}

/** Bonds within a quarter of what they should be. */
export function isSettled(topology: Topology, positions: Float64Array, lengths: readonly number[]): boolean {
  return (
    isIntact(topology, positions, lengths) &&
    topology.bonds.every(({ i, j }, b) => Math.abs(distance(positions, i, j) / lengths[b] - 1) < 0.25)
  );
}
