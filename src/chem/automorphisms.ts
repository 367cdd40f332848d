/**
 * Which atoms of a molecule may stand for which: all maps of the heavy atoms of one graph onto those of another that
 * keep elements, charges and bonds, found by backtracking. As in the RMSD of RDKit (GetBestRMS), aromatic bonds are
 * of one kind, and O and N at the end of a conjugated group (carboxylates, nitro groups) are alike.
 */
import type { Topology } from "./topology.ts";

/** Hydrogens left out; atom k of the heavy atoms is `heavy[k]` of the molecule. */
export interface HeavyGraph {
  readonly heavy: readonly number[];
  /** Element and charge, as one number. */
  readonly labels: readonly number[];
  /** Neighbours among the heavy atoms with the kind of their bond. */
  readonly bonds: readonly ReadonlyMap<number, number>[];
}

const CONJUGATED_END = 5;

export function heavyGraph({ atomicNumbers, formalCharges, bonds, aromaticBonds }: Topology): HeavyGraph {
  const heavy = [...atomicNumbers.keys()].filter((atom) => atomicNumbers[atom] !== 1);
  const place = new Map(heavy.map((atom, k) => [atom, k]));
  const lists = heavy.map(() => new Map<number, number>());
  bonds.forEach(({ i, j, order }, b) => {
    const [p, q] = [place.get(i), place.get(j)];
    if (p === undefined || q === undefined) return;
    const kind = aromaticBonds[b] === 1 ? 4 : order;
    lists[p].set(q, kind);
    lists[q].set(p, kind);
  });
  const charges = heavy.map((atom) => formalCharges[atom]);
  const ends = (k: number): boolean =>
    (atomicNumbers[heavy[k]] === 7 || atomicNumbers[heavy[k]] === 8) && lists[k].size === 1;
  lists.forEach((list, centre) => {
    const around = [...list].filter(([k]) => ends(k));
    if (!around.some(([, kind]) => kind === 1) || !around.some(([, kind]) => kind === 2)) return;
    for (const [k] of around) {
      list.set(k, CONJUGATED_END);
      lists[k].set(centre, CONJUGATED_END);
      charges[k] = 0;
    }
  });
  return { heavy, labels: heavy.map((atom, k) => 16 * atomicNumbers[atom] + charges[k] + 8), bonds: lists };
}

/** More maps than this are not looked for. */
export const MOST_MAPS = 10_000;

/** Maps found so far; `complete` is false where there are more than were looked for. */
export interface GraphMaps {
  /** Heavy atom `map[k]` of the second graph stands for heavy atom k of the first. */
  readonly maps: readonly Int32Array[];
  readonly complete: boolean;
}

/** All isomorphisms of two graphs; none where they are different molecules. */
export function isomorphisms(a: HeavyGraph, b: HeavyGraph, most = MOST_MAPS): GraphMaps {
  const n = a.heavy.length;
  if (n !== b.heavy.length || [...a.labels].sort().join() !== [...b.labels].sort().join())
    return { maps: [], complete: true };
  const order = searchOrder(a);
  const map = new Int32Array(n).fill(-1);
  const used = new Uint8Array(n);
  const maps: Int32Array[] = [];
  const fits = (k: number, candidate: number): boolean => {
    if (used[candidate] || a.labels[k] !== b.labels[candidate]) return false;
    if (a.bonds[k].size !== b.bonds[candidate].size) return false;
    for (const [other, kind] of a.bonds[k])
      if (map[other] >= 0 && b.bonds[candidate].get(map[other]) !== kind) return false;
    return true;
  };
  const extend = (depth: number): boolean => {
    if (depth === n) {
      maps.push(map.slice());
      return maps.length < most;
    }
    const k = order[depth];
    const anchor = [...a.bonds[k].keys()].find((other) => map[other] >= 0);
    const candidates = anchor === undefined ? b.heavy.keys() : b.bonds[map[anchor]].keys();
    for (const candidate of candidates) {
      if (!fits(k, candidate)) continue;
      map[k] = candidate;
      used[candidate] = 1;
      const goOn = extend(depth + 1);
      map[k] = -1;
      used[candidate] = 0;
      if (!goOn) return false;
    }
    return true;
  };
  const complete = extend(0);
  return { maps, complete };
}

/** Every atom after one of its neighbours; each piece begins with its rarest kind of atom. */
function searchOrder({ labels, bonds }: HeavyGraph): number[] {
  const count = new Map<number, number>();
  for (const label of labels) count.set(label, (count.get(label) ?? 0) + 1);
  const starts = [...labels.keys()].sort((p, q) => (count.get(labels[p]) ?? 0) - (count.get(labels[q]) ?? 0));
  const order: number[] = [];
  const seen = new Set<number>();
  for (const start of starts) {
    if (seen.has(start)) continue;
    seen.add(start);
    const queue = [start];
    for (let head = 0; head < queue.length; head++) {
      order.push(queue[head]);
      for (const other of bonds[queue[head]].keys()) {
        if (seen.has(other)) continue;
        seen.add(other);
        queue.push(other);
      }
    }
  }
  return order;
}
