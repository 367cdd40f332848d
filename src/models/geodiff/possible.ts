/**
 * Whether a configuration can exist. Centres at which rings meet hold each other: a bicycle of small rings has one
 * configuration of its bridgeheads, and the network would bend and stretch bonds to give the other. Asked for such
 * centres, distance geometry says in most cases that it can; else a structure relaxed by MMFF94 is
 * compared with one whose centres are as they fall.
 */

import { relaxMmff94 } from "../../chem/mmff94.ts";
import type { GraphWithStereo } from "../../chem/rdkit-graph.ts";
import { type Stereo, stereoIsRight } from "../../chem/stereo.ts";
import type { Topology } from "../../chem/topology.ts";
import { type Stream, stream } from "../../math/random.ts";
import { type Embedded, embedded } from "./rebuild.ts";

/** Tries of either kind. */
const TRIES = 8;
/**
 * Relative error of distances: 0.03 to 0.06 in rings without strain, 0.08 to 0.1 in trans-fused small rings, 0.2 in
 * a norbornane one of whose bridgeheads is turned inwards.
 */
const UNSTRAINED = 0.1;
/** kcal/mol: the most strained stereoisomers that are known lie below, such as trans-fused small rings. */
const IMPOSSIBLE = 60;

/** A configuration that cannot be. */
export interface Impossible {
  /** Centres where rings meet, or ends of double bonds in rings; from 0. */
  readonly atoms: readonly number[];
  /** kcal/mol of MMFF94 above the best other configuration; undefined where no structure was found at all. */
  readonly strain?: number;
}

/** What cannot be of the given stereochemistry; undefined where nothing speaks against it. */
export function impossibility({ topology, stereo }: GraphWithStereo, seed: number): Impossible | undefined {
  const inRing = ringBonds(topology);
  const ringBondsOf = (atom: number): number =>
    topology.bonds.filter(({ i, j }, b) => inRing[b] && (i === atom || j === atom)).length;
  const centres = stereo.centres.filter(({ given, atom }) => given && ringBondsOf(atom) > 2);
  const doubleBonds = stereo.doubleBonds.filter(
    ({ given, i, j }) =>
      given &&
      topology.bonds.some(
        (bond, b) => inRing[b] && bond.i + bond.j === i + j && (bond.i === i || bond.i === j),
      ),
  );
  if (centres.length < 2 && doubleBonds.length === 0) return undefined;
  const streamOf = (k: number): Stream =>
    stream({ seed, purpose: "samplingNoise", index: k, step: 0xfffffffd });
  const best = (wanted: Stereo, first: number, enough: number): Embedded | undefined => {
    let least: Embedded | undefined;
    for (let k = 0; k < TRIES; k++) {
      const made = embedded(topology, wanted, streamOf(first + k));
      if (made !== undefined && made.worst < (least?.worst ?? 1)) least = made;
      if (least !== undefined && least.worst < enough) return least;
    }
    return least;
  };
  const asked = best(stereo, 0, UNSTRAINED);
  if (asked !== undefined && asked.worst < UNSTRAINED) return undefined;
  const free: Stereo = {
    centres: stereo.centres.map((centre) =>
      centres.includes(centre) ? { ...centre, given: false, sign: 0 } : centre,
    ),
    doubleBonds: stereo.doubleBonds.map((bond) =>
      doubleBonds.includes(bond) ? { ...bond, given: false, sign: 0 } : bond,
    ),
  };
  const other = best(free, TRIES, UNSTRAINED);
  if (other === undefined) return undefined;
  const atoms = [...centres.map(({ atom }) => atom), ...doubleBonds.flatMap(({ i, j }) => [i, j])];
  const relaxed = asked && relaxMmff94(topology, asked.positions);
  const held = relaxed !== undefined && stereoIsRight(stereo, relaxed.positions);
  const least = relaxMmff94(topology, other.positions);
  if (least === undefined) return asked === undefined ? { atoms } : undefined; // nothing to compare with
  if (!held) return { atoms };
  const strain = relaxed.energy - least.energy;
  return strain > IMPOSSIBLE ? { atoms, strain } : undefined;
}

/** Which bonds are in a ring of any size: those that are no bridge of the graph (Tarjan 1974). [bonds] */
function ringBonds({ bonds, neighbours }: Topology): boolean[] {
  const order = new Int32Array(neighbours.length).fill(-1);
  const low = new Int32Array(neighbours.length);
  const bridges = new Set<string>();
  let count = 0;
  const visit = (atom: number, from: number): void => {
    order[atom] = low[atom] = count++;
    for (const next of neighbours[atom]) {
      if (next === from) continue;
      if (order[next] < 0) {
        visit(next, atom);
        if (low[next] > order[atom]) bridges.add(`${Math.min(atom, next)} ${Math.max(atom, next)}`);
      }
      low[atom] = Math.min(low[atom], low[next]);
    }
  };
  for (const atom of neighbours.keys()) if (order[atom] < 0) visit(atom, -1);
  return bonds.map(({ i, j }) => !bridges.has(`${Math.min(i, j)} ${Math.max(i, j)}`));
}
