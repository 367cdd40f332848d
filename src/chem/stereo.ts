/**
 * Handedness of atoms with four neighbours and geometry of double bonds, as signs of volumes and of torsions. The
 * signs are those of an ordered list of neighbours, so they need no priority rules and say the same of the graph,
 * of a structure, and of its mirror image.
 */
import type { Topology } from "./topology.ts";

/** An atom with four neighbours; the sign of (a − d)·((b − d) × (c − d)) for its neighbours a, b, c, d. */
export interface Centre {
  readonly atom: number;
  readonly neighbours: readonly [number, number, number, number];
  /** 0: either. */
  readonly sign: -1 | 0 | 1;
  /** The input demands it: a stereocentre whose configuration is given. */
  readonly given: boolean;
}

/** A double bond i=j that cannot turn, with one neighbour of either end. */
export interface DoubleBond {
  readonly i: number;
  readonly j: number;
  /** Neighbour of i. */
  readonly a: number;
  /** Neighbour of j. */
  readonly b: number;
  /** 1 when a and b are on one side, −1 on opposite sides, 0: either. */
  readonly sign: -1 | 0 | 1;
  readonly given: boolean;
}

/** The handedness of centres and double bonds, as signs of volumes and of sides. */
export interface Stereo {
  readonly centres: readonly Centre[];
  readonly doubleBonds: readonly DoubleBond[];
}

/** Largest ring whose double bonds are cis because nothing else fits. */
const SMALL_RING = 7;

/** The volume of a centre's neighbours over the product of three distances, −1 … 1. */
export function handedness(positions: Float64Array, [a, b, c, d]: Centre["neighbours"]): number {
  const p = difference(positions, a, d);
  const q = difference(positions, b, d);
  const r = difference(positions, c, d);
  return dot(p, cross(q, r)) / (Math.hypot(...p) * Math.hypot(...q) * Math.hypot(...r) + 1e-12);
}

/** Cosine of the torsion a–i=j–b: 1 cis, −1 trans. */
export function torsionCosine(positions: Float64Array, a: number, i: number, j: number, b: number): number {
  const axis = difference(positions, j, i);
  const first = cross(difference(positions, a, i), axis);
  const second = cross(difference(positions, b, j), axis);
  return dot(first, second) / (Math.hypot(...first) * Math.hypot(...second) + 1e-12);
}

/** What a structure shows: the sign of every centre and double bond. `given` marks those that are to be kept. */
export function stereoOfPositions(
  topology: Topology,
  positions: Float64Array,
  given: { readonly centres?: ReadonlySet<number>; readonly doubleBonds?: ReadonlySet<string> } = {},
): Stereo {
  const centres = tetrahedralAtoms(topology).map(({ atom, neighbours }): Centre => {
    const sign = handedness(positions, neighbours) > 0 ? 1 : -1;
    return { atom, neighbours, sign, given: given.centres?.has(atom) ?? false };
  });
  const doubleBonds = rigidDoubleBonds(topology).map(({ i, j, a, b }): DoubleBond => {
    const sign = torsionCosine(positions, a, i, j, b) > 0 ? 1 : -1;
    return { i, j, a, b, sign, given: given.doubleBonds?.has(bondKey(i, j)) ?? false };
  });
  return { centres, doubleBonds };
}

/** Key of a bond whatever the order of its ends. */
export const bondKey = (i: number, j: number): string => `${Math.min(i, j)} ${Math.max(i, j)}`;

/** Atoms with four neighbours, which are listed in ascending order. */
export function tetrahedralAtoms({ neighbours }: Topology): Pick<Centre, "atom" | "neighbours">[] {
  return neighbours.flatMap((list, atom) =>
    list.length === 4 ? [{ atom, neighbours: [list[0], list[1], list[2], list[3]] as const }] : [],
  );
}

/** Double bonds outside of small rings and aromatic systems with a neighbour at either end. */
export function rigidDoubleBonds(topology: Topology): Pick<DoubleBond, "i" | "j" | "a" | "b">[] {
  const { bonds, aromaticBonds, neighbours, rings, hybridisation } = topology;
  return bonds.flatMap(({ i, j, order }, index) => {
    if (order !== 2 || aromaticBonds[index] === 1) return [];
    if (hybridisation[i] !== 2 || hybridisation[j] !== 2) return [];
    if (rings.some((ring) => ring.length <= SMALL_RING && ring.includes(i) && ring.includes(j))) return [];
    const a = neighbours[i].find((atom) => atom !== j);
    const b = neighbours[j].find((atom) => atom !== i);
    return a === undefined || b === undefined ? [] : [{ i, j, a, b }];
  });
}

/** What a structure has that the input did not ask for. */
export interface StereoErrors {
  readonly centres: readonly Centre[];
  readonly doubleBonds: readonly DoubleBond[];
}

/** Centres and double bonds whose sign is not the given one. */
export function stereoErrors(stereo: Stereo, positions: Float64Array): StereoErrors {
  return {
    centres: stereo.centres.filter(
      ({ given, sign, neighbours }) => given && !(sign * handedness(positions, neighbours) > 0),
    ),
    doubleBonds: stereo.doubleBonds.filter(
      ({ given, sign, a, i, j, b }) => given && !(sign * torsionCosine(positions, a, i, j, b) > 0),
    ),
  };
}

/** Whether every given centre and double bond is as asked. */
export const stereoIsRight = (stereo: Stereo, positions: Float64Array): boolean => {
  const { centres, doubleBonds } = stereoErrors(stereo, positions);
  return centres.length === 0 && doubleBonds.length === 0;
};

type Vector = readonly [number, number, number];

const difference = (x: Float64Array, i: number, j: number): Vector => [
  x[3 * i] - x[3 * j],
  x[3 * i + 1] - x[3 * j + 1],
  x[3 * i + 2] - x[3 * j + 2],
];
const cross = (p: Vector, q: Vector): Vector => [
  p[1] * q[2] - p[2] * q[1],
  p[2] * q[0] - p[0] * q[2],
  p[0] * q[1] - p[1] * q[0],
];
const dot = (p: Vector, q: Vector): number => p[0] * q[0] + p[1] * q[1] + p[2] * q[2];
