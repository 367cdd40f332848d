/**
 * The same molecule in another drawing: aromatic bonds or either Kekulé structure, a nitro group with five bonds at its N or
 * with charges, charges elsewhere in a mesomeric system, other orders of atoms and bonds, hydrogens as atoms or implied. RDKit
 * cleans each drawing up; where two are still different, they are the same when atoms, hydrogens and connections are, and the
 * charge of the whole is. Tautomers, whose hydrogens are elsewhere, are different molecules.
 */
import { type HeavyGraph, heavyGraph, isomorphisms } from "../chem/automorphisms.ts";
import { type ConformerComparison, conformerComparison } from "../chem/conformer-rmsd.ts";
import { hillFormula } from "../chem/formula.ts";
import type { Bond } from "../chem/molecule.ts";
import { type Rdkit, readableSmiles } from "../chem/rdkit.ts";
import { cleanedGraph } from "../chem/rdkit-graph.ts";
import { type BondedAtoms, type Topology, topologyOf } from "../chem/topology.ts";
import type { Ensemble } from "../data/ensembles.ts";
import { formatSdf } from "../formats/sdf/write.ts";

/** An ensemble as it is compared: drawn as RDKit draws it. */
export interface ComparedEnsemble {
  readonly ensemble: Ensemble;
  readonly topology: Topology;
  /** Hydrogens of each atom that are no atoms of the graph. [N] */
  readonly implied: Uint8Array;
}

/** The ensemble in RDKit's drawing; as it is, aromatic bonds as single ones, where RDKit does not take it. */
export function compared(rdkit: Rdkit, ensemble: Ensemble): ComparedEnsemble {
  const cleaned = cleanedGraph(rdkit, ensemble);
  const drawn: Ensemble = {
    ...ensemble,
    ...(cleaned ?? {
      bonds: ensemble.bonds.map((bond): Bond => (bond.order === 4 ? { ...bond, order: 1 } : bond)),
    }),
  };
  return {
    ensemble: drawn,
    topology: topologyOf(drawn),
    implied: cleaned?.implied ?? new Uint8Array(ensemble.atomicNumbers.length),
  };
}

const chargeOf = ({ formalCharges }: Topology): number =>
  formalCharges.reduce((sum, charge) => sum + charge, 0);

/** Text that is equal for the same molecules, and different for most others. */
export function sortOf({ topology, implied }: ComparedEnsemble): string {
  const hydrogens = implied.reduce((sum, count) => sum + count, 0);
  const all = [...topology.atomicNumbers, ...Array<number>(hydrogens).fill(1)];
  return `${hillFormula(Uint8Array.from(all))} ${chargeOf(topology)}`;
}

/** The heavy atoms with their hydrogens counted, connected by bonds without order. */
function skeleton({ topology, implied }: ComparedEnsemble): HeavyGraph {
  const { atomicNumbers, neighbours } = topology;
  const { heavy, bonds } = heavyGraph(topology);
  const labels = heavy.map((atom) => {
    const hydrogens = neighbours[atom].filter((other) => atomicNumbers[other] === 1).length + implied[atom];
    return 32 * atomicNumbers[atom] + hydrogens;
  });
  return { heavy, labels, bonds: bonds.map((list) => new Map([...list.keys()].map((k) => [k, 1]))) };
}

/** Heavy atom `map[k]` of the second stands for heavy atom k of the first; undefined where they are different molecules. */
function atomMap(first: ComparedEnsemble, second: ComparedEnsemble): Int32Array | undefined {
  if (sortOf(first) !== sortOf(second)) return undefined;
  return isomorphisms(skeleton(first), skeleton(second), 1).maps[0];
}

/** Two drawings of one molecule. */
export interface SameMolecule {
  readonly comparison: ConformerComparison;
  /** The second, where need be drawn as the first is. */
  readonly second: ComparedEnsemble;
}

/** How structures of two drawings are compared; undefined where they are different molecules. */
export function sameMolecule(first: ComparedEnsemble, second: ComparedEnsemble): SameMolecule | undefined {
  const map = atomMap(first, second);
  if (map === undefined) return undefined;
  const strict = conformerComparison(first.topology, second.topology);
  if (strict !== undefined) return { comparison: strict, second };
  const drawn = redrawn(first, second, map);
  const topology = topologyOf(drawn);
  const comparison = conformerComparison(first.topology, topology);
  return (
    comparison && { comparison, second: { ...second, topology, ensemble: { ...second.ensemble, ...drawn } } }
  );
}

/** The second molecule with the bond orders and charges of the first between its heavy atoms. */
function redrawn(first: ComparedEnsemble, second: ComparedEnsemble, map: Int32Array): BondedAtoms {
  const [a, b] = [heavyGraph(first.topology).heavy, heavyGraph(second.topology).heavy];
  const place = new Map(a.map((atom, k): [number, number] => [atom, b[map[k]]]));
  const { atomicNumbers, bonds } = second.topology;
  const formalCharges = new Int8Array(atomicNumbers.length);
  for (const [atom, other] of place) formalCharges[other] = first.topology.formalCharges[atom];
  return {
    atomicNumbers,
    formalCharges,
    bonds: [
      ...first.topology.bonds.flatMap(({ i, j, order }): Bond[] => {
        const [p, q] = [place.get(i), place.get(j)];
        return p === undefined || q === undefined ? [] : [{ i: p, j: q, order }];
      }),
      ...bonds.filter(({ i, j }) => atomicNumbers[i] === 1 || atomicNumbers[j] === 1),
    ],
  };
}

/** SMILES of one structure with its stereochemistry; null where RDKit does not take it. */
export function isomericSmiles(
  rdkit: Rdkit,
  { atomicNumbers, bonds, formalCharges, isotopes }: Ensemble,
  positions: Float64Array,
  withIsotopes: boolean,
): string | null {
  if (positions.some((value) => Math.abs(value) > 9000)) return null;
  return readableSmiles(
    rdkit,
    formatSdf({
      ...{ atomicNumbers, positions, bonds },
      ...(formalCharges && { formalCharges }),
      ...(withIsotopes && isotopes && { isotopes }),
    }),
  );
}

/** Ensembles of one molecule and one isomer as one, in the atom order of the first; the others as they are. */
export function joined(rdkit: Rdkit, ensembles: readonly ComparedEnsemble[]): ComparedEnsemble[] {
  const bySort = new Map<string, number[]>();
  const kept: ComparedEnsemble[] = [];
  for (const next of ensembles) {
    const sort = sortOf(next);
    const alike = bySort.get(sort) ?? [];
    bySort.set(sort, alike);
    const at = alike.find((k) => {
      const more = asStructuresOf(rdkit, kept[k], next);
      if (more === undefined) return false;
      const { ensemble } = kept[k];
      kept[k] = { ...kept[k], ensemble: { ...ensemble, conformers: [...ensemble.conformers, ...more] } };
      return true;
    });
    if (at === undefined) alike.push(kept.push(next) - 1);
  }
  return kept;
}

/** The structures of the second in the atom order of the first; undefined for another molecule or isomer. */
function asStructuresOf(
  rdkit: Rdkit,
  first: ComparedEnsemble,
  second: ComparedEnsemble,
): Float64Array[] | undefined {
  const order = atomOrder(first, second);
  if (order === undefined) return undefined;
  const structures = second.ensemble.conformers.map((x) =>
    Float64Array.from(order.flatMap((atom) => [...x.subarray(3 * atom, 3 * atom + 3)])),
  );
  const isotopes = (first.ensemble.isotopes && second.ensemble.isotopes) !== undefined;
  const isomer = (x: Float64Array): string | null => isomericSmiles(rdkit, first.ensemble, x, isotopes);
  return isomer(structures[0]) === isomer(first.ensemble.conformers[0]) ? structures : undefined;
}

/** Which atom of the second is atom i of the first; undefined where they are different, or one lacks hydrogens. */
function atomOrder(first: ComparedEnsemble, second: ComparedEnsemble): number[] | undefined {
  const map = atomMap(first, second);
  const n = first.topology.atomicNumbers.length;
  if (map === undefined || n !== second.topology.atomicNumbers.length) return undefined;
  const [a, b] = [first, second].map(({ topology }) => heavyGraph(topology).heavy);
  const order = new Array<number>(n).fill(-1);
  const hydrogensOf = ({ topology }: ComparedEnsemble, atom: number): number[] =>
    topology.neighbours[atom].filter((other) => topology.atomicNumbers[other] === 1);
  for (const [k, atom] of a.entries()) {
    const other = b[map[k]];
    order[atom] = other;
    const [own, theirs] = [hydrogensOf(first, atom), hydrogensOf(second, other)];
    for (const [h, hydrogen] of own.entries()) order[hydrogen] = theirs[h] ?? -1;
  }
  return order.every((atom) => atom >= 0) ? order : undefined;
}
