/** Torsion angles of a molecule: which to follow, and their values (IUPAC sign; 0 is cis). */
import { symbolOf } from "../chem/elements.ts";
import type { Bond, Molecule } from "../chem/molecule.ts";
import { components } from "../chem/perception.ts";

/** Atoms a–b–c–d in a row. */
export type Torsion = readonly [a: number, b: number, c: number, d: number];

/**
 * One torsion for each bond that can turn: single, in no ring, both ends with further neighbours; of these the heaviest,
 * the first of equals, is followed.
 */
export function rotatableTorsions(molecule: Molecule, bonds: readonly Bond[]): Torsion[] {
  const { atomicNumbers } = molecule;
  const neighbours = Array.from(atomicNumbers, (): number[] => []);
  for (const { i, j } of bonds) {
    neighbours[i].push(j);
    neighbours[j].push(i);
  }
  const pieces = new Set(components(atomicNumbers.length, bonds)).size;
  const outer = (at: number, besides: number): number | undefined =>
    neighbours[at]
      .filter((other) => other !== besides)
      .sort((x, y) => atomicNumbers[y] - atomicNumbers[x] || x - y)[0];
  return bonds.flatMap((bond): Torsion[] => {
    const { i: b, j: c, order } = bond;
    const [a, d] = [outer(b, c), outer(c, b)];
    if (order !== 1 || a === undefined || d === undefined || a === d) return [];
    const without = bonds.filter((other) => other !== bond);
    const inRing = new Set(components(atomicNumbers.length, without)).size === pieces;
    return inRing ? [] : [[a, b, c, d]];
  });
}

/** `O3–C1–C2–H7`, atoms counted from 1. */
export const torsionName = (torsion: Torsion, { atomicNumbers }: Molecule): string =>
  torsion.map((atom) => `${symbolOf(atomicNumbers[atom])}${atom + 1}`).join("–");

/** Angle in degrees, from −180 to 180, of atoms of `positions` [N, 3]. */
export function torsionAngle(positions: ArrayLike<number>, [a, b, c, d]: Torsion): number {
  const between = (from: number, to: number): Vector => [
    positions[3 * to] - positions[3 * from],
    positions[3 * to + 1] - positions[3 * from + 1],
    positions[3 * to + 2] - positions[3 * from + 2],
  ];
  const [first, axis, last] = [between(a, b), between(b, c), between(c, d)];
  const [left, right] = [cross(first, axis), cross(axis, last)];
  return (Math.atan2(Math.hypot(...axis) * dot(first, right), dot(left, right)) * 180) / Math.PI;
}

type Vector = readonly [number, number, number];
const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
