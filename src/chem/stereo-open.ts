/**
 * What nothing is known of, or cannot be kept: stereocentres and double bonds without a configuration, and the axes of
 * allenes and of hindered single bonds. Which atoms can be centres at all is OpenChemLib's, by symmetry classes.
 */
import { Molecule as OclMolecule } from "openchemlib";
import { bondKey, rigidDoubleBonds, type Stereo } from "./stereo.ts";
import { type Topology, toOpenChemLib } from "./topology.ts";

/** Atoms by number from 0. */
export interface OpenStereo {
  /** Stereocentres whose hand is not given. */
  readonly centres: readonly number[];
  /** Double bonds that are not said to be E or Z. */
  readonly doubleBonds: readonly (readonly [number, number])[];
  /** End, middle and end of cumulated double bonds that have a hand or are E or Z; this is never kept. */
  readonly allenes: readonly (readonly [number, number, number])[];
  /** Single bonds that crowded rings may hold in one of two hands (atropisomers); this is never kept. */
  readonly axes: readonly (readonly [number, number])[];
  /** Given, but of a kind that is not kept: square planar, octahedral … */
  readonly unkept: readonly number[];
}

/** @param given atoms and double bonds that the source marks */
export function openStereo(
  topology: Topology,
  stereo: Stereo,
  given: {
    readonly centres: readonly number[];
    readonly doubleBonds: readonly (readonly [number, number])[];
  },
): OpenStereo {
  const { bonds, neighbours } = topology;
  const { ocl, atoms, bonds: places } = toOpenChemLib(topology);
  ocl.ensureHelperArrays(OclMolecule.cHelperParities);
  const known = new Set(stereo.centres.filter((centre) => centre.given).map(({ atom }) => atom));
  const knownBonds = new Set(
    stereo.doubleBonds.filter((bond) => bond.given).map(({ i, j }) => bondKey(i, j)),
  );
  const rigid = new Set(rigidDoubleBonds(topology).map(({ i, j }) => bondKey(i, j)));
  const allenes = neighbours.flatMap((list, middle) => {
    const doubles = bonds.filter(({ i, j, order }) => order === 2 && (i === middle || j === middle));
    const has = ocl.getAtomParity(atoms[middle]) !== OclMolecule.cAtomParityNone;
    return doubles.length === 2 && list.length === 2 && has ? [[list[0], middle, list[1]] as const] : [];
  });
  const inAllene = new Set(allenes.map(([, middle]) => middle));
  const open = (kind: "double" | "single") =>
    bonds.flatMap(({ i, j, order }, b) => {
      const double = order === 2 && rigid.has(bondKey(i, j)) && !knownBonds.has(bondKey(i, j));
      const single = order === 1 && ocl.isBINAPChiralityBond(places[b]);
      const has = ocl.getBondParity(places[b]) !== OclMolecule.cBondParityNone;
      return has && (kind === "double" ? double : single) ? [[i, j] as const] : [];
    });
  return {
    centres: [...neighbours.keys()].filter(
      (atom) =>
        ocl.getAtomParity(atoms[atom]) !== OclMolecule.cAtomParityNone &&
        !known.has(atom) &&
        !inAllene.has(atom),
    ),
    doubleBonds: open("double"),
    allenes,
    axes: open("single"),
    unkept: [
      ...given.centres.filter((atom) => !known.has(atom) && !inAllene.has(atom)),
      ...given.doubleBonds.filter(([i, j]) => !knownBonds.has(bondKey(i, j))).flat(),
    ],
  };
}

/** What is open in words, by numbers from 1; undefined where nothing is. */
export function openStereoText({
  centres,
  doubleBonds,
  allenes,
  axes,
  unkept,
}: OpenStereo): string | undefined {
  const list = (
    one: string,
    many: string,
    items: readonly (number | readonly number[])[],
    join = "–",
  ): string[] => {
    const names = items.map((item) =>
      typeof item === "number" ? item + 1 : item.map((i) => i + 1).join(join),
    );
    return names.length === 0 ? [] : [`${names.length === 1 ? one : many} ${names.join(", ")}`];
  };
  const unknown = [
    ...list("centre", "centres", centres),
    ...list("double bond", "double bonds", doubleBonds, "="),
  ];
  const lost = [
    ...list("the axis of the allene", "the axes of the allenes", allenes, "="),
    ...list("the axis of the crowded bond", "the axes of the crowded bonds", axes),
    ...list("the configuration of atom", "the configurations of atoms", unkept),
  ];
  const parts = [
    ...(unknown.length > 0 ? [`the input does not give ${unknown.join(" and ")}`] : []),
    ...(lost.length > 0 ? [`this cannot be kept: ${lost.join("; ")}`] : []),
  ];
  return parts.length === 0 ? undefined : `${parts.join("; ")}; either may come`;
}
