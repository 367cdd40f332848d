/**
 * Distance geometry with handedness (Crippen & Havel 1988): positions that have given distances, and volumes of a given
 * sign at centres, by descending the squared violations with momentum.
 */
import { expectedBondLength } from "../../chem/geometry.ts";
import { type Centre, hasLonePair, type Stereo, staysPyramidal } from "../../chem/stereo.ts";
import { FAR, type Topology } from "../../chem/topology.ts";
import { cross, type Vector } from "../../math/vectors.ts";

/** A wish for the distance of two atoms in Å. */
export interface DistanceWish {
  readonly i: number;
  readonly j: number;
  readonly length: number;
  readonly weight: number;
  /** Farther apart is as good. */
  readonly atLeast?: boolean;
}

/** A wish for the volume of three neighbours seen from an atom, over the product of their distances: at least `aim`. */
export interface VolumeWish {
  readonly atom: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** The product of the three distances in Å³. */
  readonly size: number;
  readonly aim: number;
}

const VOLUME_WEIGHT = 2; // Å²
const MOMENTUM = 0.8;
const RATE = 0.05;

/**
 * Moves x [N, dimensions] downhill; of four dimensions, volumes count in the first three, and the fourth is pressed out
 * over the second half.
 */
export function descend(
  x: Float64Array,
  dimensions: 3 | 4,
  distances: readonly DistanceWish[],
  volumes: readonly VolumeWish[],
  steps: number,
): void {
  const velocity = new Float64Array(x.length);
  const gradient = new Float64Array(x.length);
  const count = distances.length;
  const ends = Int32Array.from(distances.flatMap(({ i, j }) => [dimensions * i, dimensions * j]));
  const values = Float64Array.from(distances.flatMap(({ length, weight }) => [length, weight]));
  const oneSided = Uint8Array.from(distances, ({ atLeast }) => Number(atLeast === true));
  for (let step = 0; step < steps; step++) {
    gradient.fill(0);
    for (let e = 0; e < count; e++) {
      const [p, q, length] = [ends[2 * e], ends[2 * e + 1], values[2 * e]];
      let squared = 1e-12;
      for (let d = 0; d < dimensions; d++) squared += (x[p + d] - x[q + d]) * (x[p + d] - x[q + d]);
      if (oneSided[e] === 1 && squared >= length * length) continue;
      const between = Math.sqrt(squared);
      const pull = (values[2 * e + 1] * (between - length)) / between;
      for (let d = 0; d < dimensions; d++) {
        const force = pull * (x[p + d] - x[q + d]);
        gradient[p + d] += force;
        gradient[q + d] -= force;
      }
    }
    for (const wish of volumes) addVolumeGradient(x, dimensions, wish, gradient);
    if (dimensions === 4) {
      const pressing = Math.max(0, (2 * step) / steps - 0.5);
      for (let k = 3; k < x.length; k += 4) gradient[k] += pressing * x[k];
    }
    for (let k = 0; k < x.length; k++) {
      velocity[k] = MOMENTUM * velocity[k] - RATE * gradient[k];
      x[k] += velocity[k];
    }
  }
}

function addVolumeGradient(
  x: Float64Array,
  dimensions: number,
  { atom, a, b, c, size, aim }: VolumeWish,
  gradient: Float64Array,
): void {
  const o = dimensions * atom;
  const [p, q, r] = [a, b, c].map((other): Vector => {
    const k = dimensions * other;
    return [x[k] - x[o], x[k + 1] - x[o + 1], x[k + 2] - x[o + 2]];
  });
  const forA = cross(q, r);
  // of neighbours that are far off the volume would outweigh everything
  const scale = Math.max(size, Math.hypot(...p) * Math.hypot(...q) * Math.hypot(...r));
  const lack = aim - (p[0] * forA[0] + p[1] * forA[1] + p[2] * forA[2]) / scale;
  if (lack <= 0) return;
  const push = (VOLUME_WEIGHT * lack) / scale;
  [a, b, c].forEach((other, n) => {
    const along = n === 0 ? forA : n === 1 ? cross(r, p) : cross(p, q);
    for (let d = 0; d < 3; d++) {
      gradient[dimensions * other + d] -= push * along[d];
      gradient[o + d] += push * along[d];
    }
  });
}

/** Lengths in Å that bonds should have; those of elements without radii are taken for 1.8. [bonds] */
export function bondLengths({ atomicNumbers, bonds, aromaticBonds }: Topology): number[] {
  return bonds.map(
    ({ i, j, order }, b) =>
      expectedBondLength(atomicNumbers[i], atomicNumbers[j], aromaticBonds[b] === 1 ? 4 : order) ?? 1.8,
  );
}

/** Two neighbours of one atom. */
export interface Angle {
  readonly i: number;
  readonly centre: number;
  readonly k: number;
  /** Distance of i and k in Å that they should have. */
  readonly span: number;
  /** The angle is held by hybridisation or a ring; else it gives way. */
  readonly stiff: boolean;
  /** More than four neighbours: at least a right angle. */
  readonly atLeast: boolean;
}

/** All angles of a molecule with what they should be by hybridisation, number of neighbours and rings. */
export function angles(topology: Topology, lengths: readonly number[]): Angle[] {
  const { neighbours, rings, ringSizes, bonds } = topology;
  const n = neighbours.length;
  const length = new Map<number, number>();
  bonds.forEach(({ i, j }, b) => {
    length.set(i * n + j, lengths[b]);
    length.set(j * n + i, lengths[b]);
  });
  return neighbours.flatMap((around, centre) =>
    around.flatMap((i, p) =>
      around.slice(p + 1).map((k): Angle => {
        const ring = rings
          .filter((each) => each.includes(i) && each.includes(centre) && each.includes(k))
          .reduce((least, each) => Math.min(least, each.length), 8);
        const small = ringSizes[centre] > 0 && ringSizes[centre] < 6;
        const ideal = idealAngle(topology, centre);
        const inside = ring < 6 ? Math.min(ideal, 180 - 360 / ring) : ideal;
        const outside =
          small && around.length === 3 && ideal > 115 ? 180 - (180 - 360 / ringSizes[centre]) / 2 : ideal;
        const degrees = ring < 8 ? inside : outside;
        const [first, second] = [length.get(centre * n + i)!, length.get(centre * n + k)!];
        const cosine = Math.cos((degrees * Math.PI) / 180);
        return {
          i,
          centre,
          k,
          span: Math.sqrt(first ** 2 + second ** 2 - 2 * first * second * cosine),
          stiff: ring < 8 || !small,
          atLeast: around.length > 4,
        };
      }),
    ),
  );
}

/** In degrees. */
function idealAngle(topology: Topology, atom: number): number {
  const { atomicNumbers, neighbours, hybridisation, bonds } = topology;
  const z = atomicNumbers[atom];
  const count = neighbours[atom].length;
  if (count > 4) return 90;
  if (count === 4) return 109.5;
  if (staysPyramidal(topology, atom))
    return bonds.some(({ i, j, order }) => order > 1 && (i === atom || j === atom)) ? 104 : 99;
  if (hybridisation[atom] === 1) return 180;
  if (hybridisation[atom] === 2 || (count === 3 && (z < 6 || z > 8))) return 120;
  return z > 10 ? 100 : 109.5;
}

/** Volumes of the given centres, and of the flat ones that have a lone pair. @param hand of those without a sign */
export function volumesOf(
  centres: readonly Centre[],
  lengthOf: (i: number, j: number) => number,
  hand: (centre: Centre) => 1 | -1,
): VolumeWish[] {
  return centres.flatMap((centre) => {
    const { atom, neighbours, sign, given } = centre;
    const lonePair = hasLonePair(centre);
    if (!given && !lonePair) return [];
    const [a, b, c, d] = (given ? sign : hand(centre)) > 0 ? neighbours : swapped(neighbours);
    const wish = (p: number, q: number, r: number): VolumeWish => ({
      ...{ atom, a: p, b: q, c: r },
      size: lengthOf(atom, p) * lengthOf(atom, q) * lengthOf(atom, r),
      aim: lonePair ? 0.85 : 0.4,
    });
    return lonePair ? [wish(a, b, c)] : [wish(a, b, c), wish(b, a, d), wish(a, c, d), wish(c, b, d)];
  });
}

/** The same neighbours in the order of the other hand. */
const swapped = ([a, b, c, d]: Centre["neighbours"]): Centre["neighbours"] => [b, a, c, d];

/** Distances that keep double bonds cis or trans, where that is known. */
export function doubleBondWishes(
  { neighbours }: Topology,
  { doubleBonds }: Stereo,
  lengthOf: (i: number, j: number) => number,
): DistanceWish[] {
  return doubleBonds.flatMap(({ i, j, a, b, sign }) =>
    sign === 0
      ? []
      : neighbours[i].flatMap((p) =>
          p === j
            ? []
            : neighbours[j].flatMap((q) => {
                if (q === i || p === q) return [];
                const cis = sign > 0 === ((p === a) === (q === b));
                // both ends at 120°: half of each bond along the axis, √3/2 of it across
                const along = lengthOf(i, j) + (lengthOf(i, p) + lengthOf(j, q)) / 2;
                const across =
                  (Math.sqrt(3) / 2) *
                  (cis ? lengthOf(i, p) - lengthOf(j, q) : lengthOf(i, p) + lengthOf(j, q));
                return [{ i: p, j: q, length: Math.hypot(along, across), weight: 1 }];
              }),
        ),
  );
}

/** Å; for atoms that share neither bond nor neighbour, by the number of hydrogens among them. */
const APART = [2.8, 2.5, 2.1] as const;
const THREE_BONDS_APART = [2.5, 2.4, 2.1] as const;

/** How far in Å two atoms that share neither bond nor neighbour stay apart. */
export function leastDistance({ atomicNumbers, hops }: Topology, i: number, j: number): number {
  const hydrogens = Number(atomicNumbers[i] === 1) + Number(atomicNumbers[j] === 1);
  return (hops[i * atomicNumbers.length + j] < FAR ? THREE_BONDS_APART : APART)[hydrogens];
}

/** Lengths of bonds by their ends, in either order. */
export function lengthsByPair(
  { bonds, atomicNumbers }: Topology,
  lengths: readonly number[],
): (i: number, j: number) => number {
  const n = atomicNumbers.length;
  const found = new Map(bonds.map(({ i, j }, b) => [pairKey(n, i, j), lengths[b]]));
  return (i, j) => found.get(pairKey(n, i, j))!;
}

/** One number for a pair of n atoms in either order. */
export const pairKey = (n: number, i: number, j: number): number => Math.min(i, j) * n + Math.max(i, j);
