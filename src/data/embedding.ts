/**
 * Coordinates from a bond graph by distance geometry (Crippen & Havel 1988, in the form of minimising the
 * violations from a random start in four dimensions): bonds and angles as distances, all else kept apart. Rough,
 * to be relaxed by a force field. OpenChemLib's generator was measured at 0.3 s for every molecule with a rigid
 * fragment not met before, this takes 2 ms.
 */

import { covalentRadius } from "../chem/elements.ts";
import type { Bond } from "../chem/molecule.ts";
import type { Stream } from "../math/random.ts";

/** A wish for the distance of two atoms: exactly `distance`, or at least that. In Å. */
interface Restraint {
  readonly i: number;
  readonly j: number;
  readonly distance: number;
  readonly exact: boolean;
}

/** What is embedded: atoms with hydrogens, the bonds between them, and the rings of up to six atoms. */
export interface BondGraph {
  readonly atomicNumbers: ArrayLike<number>;
  readonly bonds: readonly Bond[];
  readonly rings: readonly (readonly number[])[];
}

const DIMENSIONS = 4;
const STEPS = 400;
const ATTEMPTS = 5;

/**
 * Positions in Å that fit the bonds within 15 % and the angles about as well, or undefined where five random
 * starts ended badly. Handedness and double bond geometry are as they fall. [N, 3]
 */
export function embedByDistances(graph: BondGraph, random: Stream): Float64Array | undefined {
  const n = graph.atomicNumbers.length;
  const restraints = restraintsOf(graph);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const x = random.normals(new Float64Array(DIMENSIONS * n)).map((v) => 1.5 * v);
    relax(x, restraints);
    const positions = new Float64Array(3 * n);
    for (let i = 0; i < n; i++) positions.set(x.subarray(DIMENSIONS * i, DIMENSIONS * i + 3), 3 * i);
    if (fits(positions, restraints)) return positions;
  }
  return undefined;
}

function restraintsOf({ atomicNumbers, bonds, rings }: BondGraph): Restraint[] {
  const n = atomicNumbers.length;
  const bonded = Array.from({ length: n }, (): { readonly atom: number; readonly length: number }[] => []);
  const highest = new Array<number>(n).fill(1);
  const wishes = new Map<number, Restraint>();
  const wish = (a: number, b: number, distance: number, exact: boolean): void => {
    const [i, j] = a < b ? [a, b] : [b, a];
    if (!wishes.has(i * n + j)) wishes.set(i * n + j, { i, j, distance, exact });
  };
  for (const { i, j, order } of bonds) {
    const length = covalentRadius(atomicNumbers[i])! + covalentRadius(atomicNumbers[j])! - 0.17 * (order - 1);
    bonded[i].push({ atom: j, length });
    bonded[j].push({ atom: i, length });
    highest[i] = Math.max(highest[i], order);
    highest[j] = Math.max(highest[j], order);
    wish(i, j, length, true);
  }
  for (let centre = 0; centre < n; centre++) {
    const smallest = Math.min(7, ...rings.filter((ring) => ring.includes(centre)).map((ring) => ring.length));
    for (const a of bonded[centre]) {
      for (const b of bonded[centre]) {
        if (a.atom >= b.atom) continue;
        const around = rings.find((ring) => [a.atom, centre, b.atom].every((atom) => ring.includes(atom)));
        const inRing = around === undefined ? 180 : 180 - 360 / around.length;
        const degrees = Math.min(inRing, [109.5, 120, 180][highest[centre] - 1]);
        const squared =
          a.length ** 2 + b.length ** 2 - 2 * a.length * b.length * Math.cos((degrees * Math.PI) / 180);
        // outside of a small ring the angles open; how far is left to the force field
        wish(a.atom, b.atom, Math.sqrt(squared), around !== undefined || smallest > 4);
      }
    }
  }
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const hydrogens = Number(atomicNumbers[i] === 1) + Number(atomicNumbers[j] === 1);
      wish(i, j, [2.8, 2.5, 2.1][hydrogens], false);
    }
  }
  return [...wishes.values()];
}

/** Descends the squared violations with momentum; the fourth coordinate is pressed out over the second half. */
function relax(x: Float64Array, restraints: readonly Restraint[]): void {
  const velocity = new Float64Array(x.length);
  const gradient = new Float64Array(x.length);
  for (let step = 0; step < STEPS; step++) {
    gradient.fill(0);
    for (const { i, j, distance, exact } of restraints) {
      let squared = 1e-12;
      for (let d = 0; d < DIMENSIONS; d++) squared += (x[DIMENSIONS * i + d] - x[DIMENSIONS * j + d]) ** 2;
      const length = Math.sqrt(squared);
      if (!exact && length >= distance) continue;
      const pull = ((exact ? 1 : 0.3) * (length - distance)) / length;
      for (let d = 0; d < DIMENSIONS; d++) {
        const force = pull * (x[DIMENSIONS * i + d] - x[DIMENSIONS * j + d]);
        gradient[DIMENSIONS * i + d] += force;
        gradient[DIMENSIONS * j + d] -= force;
      }
    }
    const pressing = Math.max(0, (2 * step) / STEPS - 0.5);
    for (let k = 3; k < x.length; k += DIMENSIONS) gradient[k] += pressing * x[k];
    for (let k = 0; k < x.length; k++) {
      velocity[k] = 0.8 * velocity[k] - 0.06 * gradient[k];
      x[k] += velocity[k];
    }
  }
}

function fits(positions: Float64Array, restraints: readonly Restraint[]): boolean {
  return restraints.every(({ i, j, distance, exact }) => {
    const found = Math.hypot(...[0, 1, 2].map((d) => positions[3 * i + d] - positions[3 * j + d]));
    return exact ? Math.abs(found / distance - 1) < 0.15 : found > 0.7 * distance;
  });
}
