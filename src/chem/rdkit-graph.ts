/**
 * Molecular graphs from SMILES and from records with bonds, read by RDKit.js: sanitized, all hydrogens as atoms, one
 * Kekulé structure, stereocentres and double bonds as given. RDKit's "ccw" (the @ of SMILES): seen from the first
 * neighbour, in the order of bonds, the others turn counter-clockwise.
 */
import { InputError, printable } from "../errors.ts";
import { symbolOf } from "./elements.ts";
import type { Bond } from "./molecule.ts";
import { components } from "./perception.ts";
import type { Rdkit } from "./rdkit.ts";
import {
  type Centre,
  type DoubleBond,
  hasLonePair,
  lonePairCentre,
  rigidDoubleBonds,
  type Stereo,
  tetrahedralAtoms,
} from "./stereo.ts";
import { type OpenStereo, openStereo } from "./stereo-open.ts";
import { type BondedAtoms, type Topology, topologyOf } from "./topology.ts";

/** A molecule as a graph, with the stereochemistry that its source gives. */
export interface GraphWithStereo {
  readonly topology: Topology;
  /** Centres and double bonds; sign 0 where the source says nothing. */
  readonly stereo: Stereo;
  /** Mass numbers, 0 for the natural mixture; absent where all atoms are that. [N] */
  readonly isotopes?: Uint16Array;
  /** What may come either way: the source says nothing of it, or it is of a kind that is not kept. */
  readonly open?: OpenStereo;
}

interface JsonAtom {
  readonly z?: number;
  readonly impHs?: number;
  readonly chg?: number;
  readonly nRad?: number;
  readonly isotope?: number;
  readonly stereo?: string;
}
interface JsonBond {
  readonly bo?: number;
  readonly atoms: readonly [number, number];
  readonly stereo?: string;
  readonly stereoAtoms?: readonly [number, number];
}
/** R, S, E, Z; "(?)" where a centre has none. */
interface StereoTags {
  readonly CIP_atoms: readonly (readonly [atom: number, tag: string])[];
}
interface JsonMolecule {
  readonly atoms: readonly JsonAtom[];
  readonly bonds?: readonly JsonBond[];
}

/** RDKit.js goes down one level of its stack for each atom of a chain, and at some 1,000 it overflows and stays broken. */
const MAX_ATOMS = 300;
const ATOM = /\[[^\]]*\]|Cl|Br|[A-Za-z*]/g;

function refuseLarge(atoms: number, what: string): void {
  if (atoms > MAX_ATOMS)
    throw new InputError(`${what}: ${atoms} atoms; graphs of at most ${MAX_ATOMS} are read`);
}

/**
 * The graph of a SMILES.
 * @throws InputError saying what is wrong, with the position where RDKit knows it
 */
export function graphOfSmiles(rdkit: Rdkit, smiles: string): GraphWithStereo {
  refuseLarge(smiles.match(ATOM)?.length ?? 0, `SMILES "${shortened(smiles)}"`);
  return graphOfText(rdkit, smiles, `SMILES "${shortened(smiles)}"`, {});
}

/** The graph of a molblock (V2000, V3000); its positions give the stereochemistry. @throws InputError */
export function graphOfMolblock(rdkit: Rdkit, molblock: string): GraphWithStereo {
  const counts = molblock.split("\n", 4)[3] ?? "";
  const large = counts.includes("V3000") ? /COUNTS (\d+)/.exec(molblock)?.[1] : counts.slice(0, 3);
  refuseLarge(Number(large ?? 0), "the record");
  return graphOfText(rdkit, molblock, "the record", { removeHs: false });
}

function graphOfText(rdkit: Rdkit, text: string, what: string, options: object): GraphWithStereo {
  if (text.trim() === "") throw new InputError(`${what}: nothing is there`);
  const log = rdkit.set_log_capture("rdApp.error");
  try {
    const mol = rdkit.get_mol(text, JSON.stringify(options));
    if (mol === null) throw new InputError(`${what}: ${problemIn(log?.get_buffer() ?? "")}`);
    try {
      const { CIP_atoms } = JSON.parse(mol.get_stereo_tags()) as StereoTags;
      const unspecified = CIP_atoms.filter(([, tag]) => tag === "(?)").map(([atom]) => atom);
      mol.add_hs_in_place();
      const { molecules } = JSON.parse(mol.get_json()) as { readonly molecules: readonly JsonMolecule[] };
      return graphOfJson(molecules[0], what, unspecified);
    } finally {
      mol.delete();
    }
  } finally {
    log?.delete();
  }
}

/** RDKit's words for what is wrong, in one line. */
function problemIn(log: string): string {
  const lines = log.split("\n").map((line) => line.replace(/^\[[\d:]+\] /, "").trim());
  const parse = lines.find((line) => line.startsWith("SMILES Parse Error"));
  const position = /around position (\d+)/.exec(log)?.[1];
  if (parse !== undefined) {
    const reason = parse.replace("SMILES Parse Error: ", "").replace(/ while parsing.*| for input.*/, "");
    return position === undefined ? reason : `${reason} at position ${position}`;
  }
  return lines.find((line) => line !== "") ?? "RDKit cannot read it";
}

const shortened = (text: string): string => printable(text.length > 60 ? `${text.slice(0, 57)}…` : text);

function graphOfJson(
  { atoms, bonds = [] }: JsonMolecule,
  what: string,
  unspecified: readonly number[],
): GraphWithStereo {
  if (atoms.length === 0) throw new InputError(`${what}: no atoms`);
  const atomicNumbers = Uint8Array.from(atoms, ({ z = 6 }) => z);
  const dummy = atomicNumbers.indexOf(0);
  if (dummy >= 0)
    throw new InputError(
      `${what}: atom ${dummy + 1} is a dummy (*); conformers are made of whole molecules: put an atom in its place`,
    );
  const radical = atoms.findIndex(({ nRad = 0 }) => nRad > 0);
  if (radical >= 0)
    throw new InputError(
      `${what}: atom ${radical + 1} (${symbolOf(atomicNumbers[radical])}) is a radical; closed shells only`,
    );
  const open = atoms.findIndex(({ impHs = 0 }) => impHs > 0);
  if (open >= 0) throw new InputError(`${what}: atom ${open + 1} lacks hydrogens`);
  const list = bonds.map(({ bo = 1, atoms: [i, j] }): Bond => {
    if (bo !== 1 && bo !== 2 && bo !== 3)
      throw new InputError(`${what}: a bond of order ${bo} between atoms ${i + 1} and ${j + 1}`);
    return { i, j, order: bo };
  });
  const pieces = new Set(components(atoms.length, list)).size;
  if (pieces > 1) throw new InputError(`${what}: ${pieces} fragments; conformers are made of one molecule`);
  const formalCharges = Int8Array.from(atoms, ({ chg = 0 }) => chg);
  const isotopes = Uint16Array.from(atoms, ({ isotope = 0 }) => isotope);
  const topology = topologyOf({ atomicNumbers, formalCharges, bonds: list });
  const stereo = stereoOfJson(topology, atoms, bonds);
  return {
    topology,
    stereo,
    open: openStereo(topology, stereo, { unspecified, ...marked(atoms, bonds) }),
    ...(isotopes.some((isotope) => isotope > 0) && { isotopes }),
  };
}

function stereoOfJson(topology: Topology, atoms: readonly JsonAtom[], bonds: readonly JsonBond[]): Stereo {
  const ordered = topology.neighbours.map((): number[] => []); // in the order of bonds
  for (const { atoms: ends } of bonds) {
    ordered[ends[0]].push(ends[1]);
    ordered[ends[1]].push(ends[0]);
  }
  const isGiven = (atom: number): boolean => atoms[atom].stereo === "ccw" || atoms[atom].stereo === "cw";
  const places = tetrahedralAtoms(topology);
  const known = new Set(places.map(({ atom }) => atom));
  // nitrogen in a small ring or at a bridgehead, where the source says how it stands
  const given = topology.neighbours.flatMap((list, atom) =>
    list.length === 3 && isGiven(atom) && !known.has(atom) ? [lonePairCentre(topology, atom)] : [],
  );
  const centres = [...places, ...given].map(({ atom, neighbours }): Centre => {
    const lonePair = hasLonePair({ atom, neighbours });
    if (isGiven(atom)) {
      const order = lonePair ? [...ordered[atom], atom] : ordered[atom];
      const sign = (atoms[atom].stereo === "ccw" ? 1 : -1) * parity(order, neighbours);
      return { atom, neighbours, sign: sign > 0 ? 1 : -1, given: true };
    }
    const sign = lonePair ? 0 : freeSign(topology, neighbours);
    return { atom, neighbours, sign, given: false };
  });
  const stereoBonds = new Map(
    bonds
      .filter(({ stereo }) => stereo === "cis" || stereo === "trans")
      .map((bond) => [Math.min(...bond.atoms) * atoms.length + Math.max(...bond.atoms), bond]),
  );
  const doubleBonds = rigidDoubleBonds(topology).map(({ i, j, a, b }): DoubleBond => {
    const bond = stereoBonds.get(Math.min(i, j) * atoms.length + Math.max(i, j));
    if (bond?.stereoAtoms === undefined) return { i, j, a, b, sign: 0, given: false };
    const [first, second] = bond.stereoAtoms;
    const [atI, atJ] =
      topology.neighbours[i].includes(first) && first !== j ? [first, second] : [second, first];
    const same = (atI === a) === (atJ === b);
    return { i, j, a, b, sign: (bond.stereo === "cis") === same ? 1 : -1, given: true };
  });
  return { centres, doubleBonds };
}

/** Atoms and double bonds that the source marks, whether or not the marks can be kept. */
const marked = (atoms: readonly JsonAtom[], bonds: readonly JsonBond[]) => ({
  centres: [...atoms.keys()].filter((atom) => (atoms[atom].stereo ?? "unspecified") !== "unspecified"),
  doubleBonds: bonds
    .filter(({ stereo }) => stereo === "cis" || stereo === "trans")
    .map(({ atoms: ends }) => ends),
});

/** 1 when one order of four is an even permutation of the other, else −1. */
function parity(order: readonly number[], other: readonly number[]): 1 | -1 {
  let sign: 1 | -1 = 1;
  const places = order.map((value) => other.indexOf(value));
  for (let p = 0; p < places.length; p++)
    for (let q = p + 1; q < places.length; q++) if (places[p] > places[q]) sign = sign === 1 ? -1 : 1;
  return sign;
}

/** Two hydrogens are alike, so either sign is the same molecule; of others nothing is known. */
function freeSign({ atomicNumbers }: Topology, neighbours: Centre["neighbours"]): 0 | 1 {
  return neighbours.filter((atom) => atomicNumbers[atom] === 1).length > 1 ? 1 : 0;
}

/**
 * The bonds as one Kekulé structure and the charges that go with them, as RDKit draws them: nitro groups with charges,
 * aromatic bonds as single and double ones; and the hydrogens that it adds to each atom. Undefined where RDKit does not
 * take the graph.
 */
export function cleanedGraph(
  rdkit: Rdkit,
  atoms: BondedAtoms,
):
  | (Pick<BondedAtoms, "bonds"> & { readonly formalCharges: Int8Array; readonly implied: Uint8Array })
  | undefined {
  const log = rdkit.set_log_capture("rdApp.error"); // its complaints are not for the terminal
  try {
    const mol = rdkit.get_mol(v3000(atoms), JSON.stringify({ removeHs: false }));
    if (mol === null) return undefined;
    try {
      const { molecules } = JSON.parse(mol.get_json()) as { readonly molecules: readonly JsonMolecule[] };
      const { atoms: found, bonds = [] } = molecules[0];
      if (found.length !== atoms.atomicNumbers.length) return undefined;
      const drawn = bonds.map(({ bo = 1, atoms: [i, j] }) => ({ i, j, order: bo }));
      if (!drawn.every((bond): bond is Bond => [1, 2, 3].includes(bond.order))) return undefined;
      return {
        bonds: drawn,
        formalCharges: Int8Array.from(found, ({ chg = 0 }) => chg),
        implied: Uint8Array.from(found, ({ impHs = 0 }) => impHs),
      };
    } finally {
      mol.delete();
    }
  } finally {
    log?.delete();
  }
}

/** V3000 molblock of a graph, all atoms at the origin. */
function v3000({ atomicNumbers, formalCharges, bonds }: BondedAtoms): string {
  const lines = ["", "", "", "  0  0  0     0  0            999 V3000", "M  V30 BEGIN CTAB"];
  lines.push(`M  V30 COUNTS ${atomicNumbers.length} ${bonds.length} 0 0 0`, "M  V30 BEGIN ATOM");
  atomicNumbers.forEach((z, i) => {
    const charge = formalCharges?.[i] ?? 0;
    lines.push(`M  V30 ${i + 1} ${symbolOf(z)} 0 0 0 0${charge === 0 ? "" : ` CHG=${charge}`}`);
  });
  lines.push("M  V30 END ATOM", "M  V30 BEGIN BOND");
  bonds.forEach(({ i, j, order }, k) => {
    lines.push(`M  V30 ${k + 1} ${order} ${i + 1} ${j + 1}`);
  });
  lines.push("M  V30 END BOND", "M  V30 END CTAB", "M  END", "");
  return lines.join("\n");
}

/** Whether RDKit takes the atoms and bonds for a whole molecule: sanitized, closed shells, one piece. */
export function isWhole(rdkit: Rdkit, atoms: BondedAtoms): boolean {
  try {
    const { topology } = graphOfMolblock(rdkit, v3000(atoms));
    return topology.atomicNumbers.length === atoms.atomicNumbers.length;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}
