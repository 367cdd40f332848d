/**
 * Handedness of atoms with four neighbours, or three and a lone pair, and geometry of double bonds, as signs of volumes
 * and of torsions. The signs are those of an ordered list of neighbours, so they need no priority rules and say the same
 * of the graph, of a structure, and of its mirror image. A structure is right where other programs read it so, too: a
 * centre lies within its neighbours' tetrahedron (as RDKit has it), a double bond is neither turned nor straight.
 */
import { cross, difference, dot, unit, type Vector } from "../math/vectors.ts";
import type { Topology } from "./topology.ts";

/** An atom with four neighbours; the sign of (a − d)·((b − d) × (c − d)) for its neighbours a, b, c, d. */
export interface Centre {
  readonly atom: number;
  /** In ascending order. With a lone pair there are three, and the atom itself stands in the last place. */
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
/**
 * Least volume of the unit vectors from a centre to any three of its neighbours: 0.77 in a tetrahedron, 0.45 in
 * cyclopropane; negative where the centre lies outside.
 */
const LEAST_VOLUME = 0.12;
/** The same of a centre with a lone pair: 0.8 where its angles sum up to 320°, 0 at 360°. */
const PYRAMIDAL = 0.5;
/** A double bond may be turned by 60°. */
const LEAST_COSINE = 0.5;
/** Cosine of 145°: a neighbour of a double bond that is straighter than that hardly has a side. */
const STRAIGHT = -0.82;

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

/** Whether the place of a fourth neighbour is a lone pair. */
export const hasLonePair = ({ atom, neighbours }: Pick<Centre, "atom" | "neighbours">): boolean =>
  neighbours[3] === atom;

/**
 * The least of the volumes of unit vectors from a centre to any three of its neighbours, −1 … 1, each as positive where
 * the centre's handedness is. Greater than 0: the centre lies inside of its neighbours' tetrahedron and has this `sign`.
 */
export function leastVolume(
  positions: Float64Array,
  { atom, neighbours }: Pick<Centre, "atom" | "neighbours">,
  sign: number,
): number {
  const [a, b, c, d] = neighbours.map((other) => unit(difference(positions, other, atom)));
  const volume = (p: Vector, q: Vector, r: Vector): number => sign * dot(p, cross(q, r));
  return neighbours[3] === atom
    ? volume(a, b, c)
    : Math.min(volume(a, b, c), volume(b, a, d), volume(a, c, d), volume(c, b, d));
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

/** Atoms with four neighbours, and those of three whose lone pair keeps them from being flat. */
export function tetrahedralAtoms(topology: Topology): Pick<Centre, "atom" | "neighbours">[] {
  return topology.neighbours.flatMap((list, atom) => {
    if (list.length === 4) return [{ atom, neighbours: [list[0], list[1], list[2], list[3]] as const }];
    return staysPyramidal(topology, atom) ? [lonePairCentre(topology, atom)] : [];
  });
}

/** A centre of three neighbours. */
export const lonePairCentre = (
  { neighbours }: Topology,
  atom: number,
): Pick<Centre, "atom" | "neighbours"> => ({
  atom,
  neighbours: [neighbours[atom][0], neighbours[atom][1], neighbours[atom][2], atom],
});

/** Electrons of the outer shell by the last digit of a main group. */
const OUTER_ELECTRONS: Readonly<Record<number, number>> = {
  15: 5,
  16: 6,
  17: 7,
  33: 5,
  34: 6,
  35: 7,
  51: 5,
  52: 6,
  53: 7,
  83: 5,
};

/**
 * Whether an atom has three neighbours and one lone pair and is of the third period or below: phosphines, arsines,
 * sulfoxides, sulfonium, sulfinates. Nitrogen inverts at room temperature.
 */
export function staysPyramidal(
  { atomicNumbers, formalCharges, bonds, neighbours }: Topology,
  atom: number,
): boolean {
  const electrons = OUTER_ELECTRONS[atomicNumbers[atom]];
  if (electrons === undefined || neighbours[atom].length !== 3) return false;
  const used = bonds.reduce((sum, { i, j, order }) => (i === atom || j === atom ? sum + order : sum), 0);
  return electrons - formalCharges[atom] - used === 2;
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

/**
 * Given centres and double bonds that a reader of the structure would not take for what was asked; and what no molecule
 * of this graph has: flat atoms with a lone pair, double bonds with a straight end.
 */
export function stereoErrors(stereo: Stereo, positions: Float64Array): StereoErrors {
  return {
    centres: stereo.centres.filter((centre) => !centreIsRight(centre, positions)),
    doubleBonds: stereo.doubleBonds.filter((bond) => !doubleBondIsRight(bond, positions)),
  };
}

function centreIsRight(centre: Centre, positions: Float64Array): boolean {
  const least = hasLonePair(centre) ? PYRAMIDAL : LEAST_VOLUME;
  if (centre.given) return leastVolume(positions, centre, centre.sign) >= least;
  return !hasLonePair(centre) || Math.abs(leastVolume(positions, centre, 1)) >= least;
}

function doubleBondIsRight({ given, sign, a, i, j, b }: DoubleBond, positions: Float64Array): boolean {
  if (given && !(sign * torsionCosine(positions, a, i, j, b) >= LEAST_COSINE)) return false;
  return angleCosine(positions, a, i, j) > STRAIGHT && angleCosine(positions, i, j, b) > STRAIGHT;
}

/** Whether every given centre and double bond is as asked. */
export const stereoIsRight = (stereo: Stereo, positions: Float64Array): boolean => {
  const { centres, doubleBonds } = stereoErrors(stereo, positions);
  return centres.length === 0 && doubleBonds.length === 0;
};

/** Cosine of the angle a–i–b. */
function angleCosine(positions: Float64Array, a: number, i: number, b: number): number {
  return dot(unit(difference(positions, a, i)), unit(difference(positions, b, i)));
}
