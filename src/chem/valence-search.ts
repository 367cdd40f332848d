/**
 * Closed-shell bond orders and formal charges for a given connectivity, by branch and bound over the unsaturated
 * parts of a molecule: every atom must reach one of its valences, with as few charged atoms as can be, and among
 * those assignments the bond lengths shall be nearest to what Pyykkö's radii expect of the orders. Gives up, with
 * no assignment, beyond 4 charged atoms in one part or 200,000 steps.
 */

import { expectedBondLength } from "./geometry.ts";
import type { Bond, BondOrder, Molecule } from "./molecule.ts";
import { components } from "./perception.ts";

interface ValenceState {
  readonly valence: number;
  readonly charge: number;
  /** How unlikely the state is beside others; the length term of a bond that is 0.1 Å off is 1. */
  readonly penalty: number;
}

const state = (valence: number, charge = 0, penalty = 0): ValenceState => ({ valence, charge, penalty });

/** Closed-shell states by atomic number. C− is for isocyanides and ylides only, see `carbanionsAreYlides`. */
const VALENCE_STATES: Readonly<Record<number, readonly ValenceState[]>> = {
  1: [state(1)],
  5: [state(3), state(4, -1)],
  6: [state(4), state(3, -1, 5)],
  7: [state(3), state(4, 1), state(2, -1, 2)],
  8: [state(2), state(1, -1), state(3, 1, 5)],
  9: [state(1)],
  13: [state(3), state(4, -1)],
  14: [state(4)],
  15: [state(3), state(5, 0, 1), state(4, 1, 1)],
  16: [state(2), state(4, 0, 1), state(6, 0, 2), state(1, -1, 1), state(3, 1, 3)],
  17: [state(1), state(0, -1)],
  33: [state(3), state(5, 0, 1), state(4, 1, 1)],
  34: [state(2), state(4, 0, 1), state(6, 0, 2), state(1, -1, 1), state(3, 1, 3)],
  35: [state(1), state(0, -1)],
  53: [state(1), state(3, 0, 1), state(0, -1)],
  80: [state(2), state(1, 1)],
  83: [state(3), state(5, 0, 1)],
};

/** States of ions, only where the molecule is known to have a charge of that sign: carbenium and carbanions, single ions. */
const POSITIVE_STATES: Readonly<Record<number, readonly ValenceState[]>> = {
  1: [state(1), state(0, 1)],
  6: [state(4), state(3, 1, 5)],
  ...Object.fromEntries([3, 11, 19, 37, 55].map((z) => [z, [state(0, 1)]])),
  ...Object.fromEntries([4, 12, 20, 38, 56, 30].map((z) => [z, [state(0, 2)]])),
};
const NEGATIVE_STATES: Readonly<Record<number, readonly ValenceState[]>> = {
  1: [state(1), state(0, -1)],
  9: [state(1), state(0, -1)],
};

function statesOf(z: number, charge = 0): readonly ValenceState[] {
  const ions = charge > 0 ? POSITIVE_STATES : charge < 0 ? NEGATIVE_STATES : {};
  return ions[z] ?? VALENCE_STATES[z] ?? [state(0)];
}

const MOST_CHARGED = 4;
const MOST_STEPS = 200_000;
const MOST_EDGES = 2000;

/** Orders for the given bonds, in their order, and the charges that go with them. */
export interface BondAssignment {
  readonly bonds: readonly Bond[];
  /** [N] */
  readonly formalCharges: Int8Array;
}

/**
 * Bond orders and formal charges for a connectivity, or undefined when no closed-shell assignment exists. Orders
 * that already give every atom a neutral valence are kept; otherwise only the connectivity counts.
 * @param charge of the whole, in units of e, where it is known: what does not add up to it is no assignment
 */
export function assignBondOrders(
  molecule: Molecule,
  bonds: readonly Bond[],
  charge?: number,
): BondAssignment | undefined {
  const { atomicNumbers } = molecule;
  const states = Array.from(atomicNumbers, (z) => statesOf(z, charge));
  const sums = new Int32Array(atomicNumbers.length);
  for (const { i, j, order } of bonds) {
    sums[i] += order;
    sums[j] += order;
  }
  if (
    (charge ?? 0) === 0 &&
    states.every((of, i) =>
      of.some(({ valence, charge, penalty }) => valence === sums[i] && charge === 0 && penalty === 0),
    )
  ) {
    return { bonds, formalCharges: new Int8Array(atomicNumbers.length) };
  }
  return solve(molecule, bonds, states, charge);
}

interface Edge {
  readonly i: number;
  readonly j: number;
  /** Index in the list of bonds. */
  readonly bond: number;
  /** Cost of 0, 1, 2 orders beyond single; infinite where impossible. */
  readonly costs: readonly [number, number, number];
}

function solve(
  { atomicNumbers, positions }: Molecule,
  bonds: readonly Bond[],
  states: readonly (readonly ValenceState[])[],
  charge: number | undefined,
): BondAssignment | undefined {
  const atoms = atomicNumbers.length;
  const degree = new Int32Array(atoms);
  for (const { i, j } of bonds) {
    degree[i]++;
    degree[j]++;
  }
  // Orders beyond single that each atom can take at most.
  const room = Int32Array.from(states, (of, i) => Math.max(...of.map(({ valence }) => valence - degree[i])));
  if (room.some((most) => most < 0)) return undefined;

  const edges: Edge[] = [];
  bonds.forEach(({ i, j }, bond) => {
    const most = Math.min(room[i], room[j], 2);
    if (most === 0) return;
    const length = Math.hypot(
      positions[3 * i] - positions[3 * j],
      positions[3 * i + 1] - positions[3 * j + 1],
      positions[3 * i + 2] - positions[3 * j + 2],
    );
    const triple = atomicNumbers[i] <= 8 && atomicNumbers[j] <= 8;
    const cost = (extra: number): number => {
      if (extra > most || (extra === 2 && !triple)) return Number.POSITIVE_INFINITY;
      const expected = expectedBondLength(atomicNumbers[i], atomicNumbers[j], (extra + 1) as BondOrder);
      return expected === undefined ? extra : ((length - expected) / 0.1) ** 2;
    };
    edges.push({ i, j, bond, costs: [cost(0), cost(1), cost(2)] });
  });

  const extras = new Int32Array(bonds.length);
  const formalCharges = new Int8Array(atoms);
  const part = components(atoms, edges);
  const parts: { readonly atoms: number[]; readonly edges: Edge[] }[] = [];
  part.forEach((p, i) => {
    parts[p] ??= { atoms: [], edges: [] };
    parts[p].atoms.push(i);
  });
  for (const edge of edges) parts[part[edge.i]].edges.push(edge);
  const solutions: PartSolution[] = [];
  for (const one of parts) {
    const found = solvePart(one.atoms, one.edges, states, degree);
    if (found === undefined) return undefined;
    solutions.push(found);
  }
  const missing = charge === undefined ? 0 : charge - solutions.reduce((sum, one) => sum + netOf(one), 0);
  if (missing !== 0) {
    // One part takes what is missing, the first that can.
    const other = parts.findIndex((one, p) => {
      if (one.edges.length === 0) return false;
      const found = solvePart(one.atoms, one.edges, states, degree, netOf(solutions[p]) + missing);
      if (found !== undefined) solutions[p] = found;
      return found !== undefined;
    });
    if (other < 0) return undefined;
  }
  solutions.forEach((found, p) => {
    found.extras.forEach((extra, k) => {
      extras[parts[p].edges[k].bond] = extra;
    });
    for (const [atom, own] of found.charges) formalCharges[atom] = own;
  });
  if ((charge ?? 0) >= 0 && !carbanionsAreYlides(atomicNumbers, bonds, formalCharges)) return undefined;
  return {
    bonds: bonds.map(({ i, j }, k) => ({ i, j, order: (1 + extras[k]) as BondOrder })),
    formalCharges,
  };
}

interface PartSolution {
  readonly extras: readonly number[];
  readonly charges: readonly (readonly [number, number])[];
}

const netOf = ({ charges }: PartSolution): number => charges.reduce((sum, [, charge]) => sum + charge, 0);

/**
 * The assignment with the fewest charged atoms, then the least cost, of one part that shares no edge with others.
 * @param wanted the charge of the part; nearest to none where it is left out
 */
function solvePart(
  atoms: readonly number[],
  edges: readonly Edge[],
  states: readonly (readonly ValenceState[])[],
  degree: Int32Array,
  wanted?: number,
): PartSolution | undefined {
  if (edges.length > MOST_EDGES) return undefined;
  const order = walkOrder(atoms, edges);
  const extra = new Int32Array(edges.length);
  const sum = new Map(atoms.map((atom): [number, number] => [atom, 0]));
  const open = new Map(atoms.map((atom): [number, number] => [atom, 0]));
  for (const { i, j } of edges) {
    open.set(i, open.get(i)! + 1);
    open.set(j, open.get(j)! + 1);
  }
  const lowest = edges.map(({ costs }) => Math.min(...costs));
  let remaining = order.reduce((total, k) => total + lowest[k], 0);
  let best: { readonly cost: number; readonly extras: readonly number[] } | undefined;
  let steps = 0;

  const settle = (atom: number): ValenceState | undefined =>
    states[atom].find(({ valence }) => valence === degree[atom] + sum.get(atom)!);

  const search = (depth: number, cost: number, charged: number, net: number, allowed: number): void => {
    if (++steps > MOST_STEPS || (best !== undefined && cost + remaining >= best.cost)) return;
    if (depth === order.length) {
      if (wanted !== undefined && net !== wanted) return;
      const total = cost + 20 * Math.abs(net);
      if (best === undefined || total < best.cost) best = { cost: total, extras: Array.from(extra) };
      return;
    }
    const k = order[depth];
    const { i, j, costs } = edges[k];
    remaining -= lowest[k];
    open.set(i, open.get(i)! - 1);
    open.set(j, open.get(j)! - 1);
    for (const e of [0, 1, 2].sort((a, b) => costs[a] - costs[b])) {
      if (costs[e] === Number.POSITIVE_INFINITY) continue;
      extra[k] = e;
      sum.set(i, sum.get(i)! + e);
      sum.set(j, sum.get(j)! + e);
      let next: { cost: number; charged: number; net: number } | undefined = {
        cost: cost + costs[e],
        charged,
        net,
      };
      for (const atom of [i, j]) {
        if (next === undefined || open.get(atom)! > 0) continue;
        const settled = settle(atom);
        if (settled === undefined) next = undefined;
        else {
          next.cost += settled.penalty;
          next.net += settled.charge;
          if (settled.charge !== 0 && ++next.charged > allowed) next = undefined;
        }
      }
      if (next !== undefined) search(depth + 1, next.cost, next.charged, next.net, allowed);
      sum.set(i, sum.get(i)! - e);
      sum.set(j, sum.get(j)! - e);
    }
    extra[k] = 0;
    open.set(i, open.get(i)! + 1);
    open.set(j, open.get(j)! + 1);
    remaining += lowest[k];
  };

  if (edges.length === 0) {
    best = { cost: 0, extras: [] };
  } else {
    for (let allowed = 0; allowed <= MOST_CHARGED && best === undefined; allowed++) {
      steps = 0;
      search(0, 0, 0, 0, allowed);
    }
  }
  if (best === undefined) return undefined;
  best.extras.forEach((e, k) => {
    sum.set(edges[k].i, sum.get(edges[k].i)! + e);
    sum.set(edges[k].j, sum.get(edges[k].j)! + e);
  });
  const charges: (readonly [number, number])[] = [];
  for (const atom of atoms) {
    const settled = settle(atom);
    if (settled === undefined) return undefined;
    if (settled.charge !== 0) charges.push([atom, settled.charge]);
  }
  return { extras: best.extras, charges };
}

/** Edges so that atoms are completed soon: depth first, from an atom with the fewest edges. */
function walkOrder(atoms: readonly number[], edges: readonly Edge[]): number[] {
  const at = new Map(atoms.map((atom): [number, number[]] => [atom, []]));
  edges.forEach(({ i, j }, k) => {
    at.get(i)!.push(k);
    at.get(j)!.push(k);
  });
  const start = atoms.reduce((a, b) => (at.get(b)!.length < at.get(a)!.length ? b : a), atoms[0]);
  const order: number[] = [];
  const seen = new Set<number>();
  const stack = [start];
  const visited = new Set<number>();
  while (stack.length > 0) {
    const atom = stack.pop()!;
    if (visited.has(atom)) continue;
    visited.add(atom);
    for (const k of at.get(atom)!) {
      if (!seen.has(k)) {
        seen.add(k);
        order.push(k);
      }
      const other = edges[k].i === atom ? edges[k].j : edges[k].i;
      if (!visited.has(other)) stack.push(other);
    }
  }
  return order;
}

/** A carbanion without a positive neighbour is a missing hydrogen, not a closed shell that anyone meant. */
function carbanionsAreYlides(atomicNumbers: Uint8Array, bonds: readonly Bond[], charges: Int8Array): boolean {
  const supported = new Set<number>();
  for (const { i, j } of bonds) {
    if (charges[i] > 0) supported.add(j);
    if (charges[j] > 0) supported.add(i);
  }
  return charges.every((charge, i) => !(atomicNumbers[i] === 6 && charge < 0) || supported.has(i));
}
