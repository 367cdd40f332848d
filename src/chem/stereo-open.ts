/**
 * What nothing is known of, or cannot be kept: stereocentres and double bonds without a configuration, and the axes of
 * allenes and of crowded single bonds. Atoms are alike when refining their classes by their neighbours' does not tell them
 * apart (Weisfeiler & Leman 1968; Morgan 1965).
 */
import { bondKey, rigidDoubleBonds, type Stereo, stereoOfPositions } from "./stereo.ts";
import type { Topology } from "./topology.ts";

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

/** What the source says. */
export interface GivenStereo {
  /** Stereocentres without a configuration, as RDKit finds them. */
  readonly unspecified: readonly number[];
  /** Atoms and double bonds that are marked, whether or not the marks can be kept. */
  readonly centres: readonly number[];
  readonly doubleBonds: readonly (readonly [number, number])[];
}

/** What may come either way in structures of a graph. */
export function openStereo(topology: Topology, stereo: Stereo, given: GivenStereo): OpenStereo {
  const { bonds, neighbours } = topology;
  const classes = symmetryClasses(topology);
  /** Whether the neighbours of an atom, one left out, are not all alike two by two. */
  const differ = (atom: number, ...without: readonly number[]): boolean => {
    const around = neighbours[atom]
      .filter((other) => !without.includes(other))
      .map((other) => classes[other]);
    return around.length > 0 && new Set(around).size === around.length;
  };
  const known = new Set(stereo.centres.filter((centre) => centre.given).map(({ atom }) => atom));
  const knownBonds = new Set(
    stereo.doubleBonds.filter((bond) => bond.given).map(({ i, j }) => bondKey(i, j)),
  );
  const double = (atom: number): number[] =>
    bonds.flatMap(({ i, j, order }) => (order !== 2 ? [] : i === atom ? [j] : j === atom ? [i] : []));
  const allenes = neighbours.flatMap((list, middle) => {
    const [i, j] = double(middle);
    const has = list.length === 2 && j !== undefined && differ(i, middle) && differ(j, middle);
    return has ? [[i, middle, j] as const] : [];
  });
  const middles = new Set(allenes.map(([, middle]) => middle));
  return {
    centres: [...new Set([...given.unspecified, ...ringCentres(topology, classes)])]
      .filter((atom) => !known.has(atom))
      .sort((a, b) => a - b),
    doubleBonds: rigidDoubleBonds(topology).flatMap(({ i, j }) =>
      !knownBonds.has(bondKey(i, j)) && differ(i, j) && differ(j, i) ? [[i, j] as const] : [],
    ),
    allenes,
    axes: bonds.flatMap(({ i, j, order }) =>
      order === 1 && isCrowded(topology, classes, i, j) ? [[i, j] as const] : [],
    ),
    unkept: [
      ...given.centres.filter((atom) => !known.has(atom) && !middles.has(atom)),
      ...given.doubleBonds.filter(([i, j]) => !knownBonds.has(bondKey(i, j))).flat(),
    ],
  };
}

/**
 * The hands of centres and the sides of double bonds that a structure shows, as one text: the same for structures of one
 * isomer whose atoms are in one order, another for those of another isomer. Flat structures have no centres to show.
 */
export function configurationText(
  topology: Topology,
  positions: Float64Array,
  shown: { readonly centres: boolean } = { centres: true },
): string {
  const classes = symmetryClasses(topology);
  const inRing = new Set(ringCentres(topology, classes));
  const differ = (atoms: readonly number[]): boolean =>
    new Set(atoms.map((atom) => classes[atom])).size === atoms.length;
  const { centres, doubleBonds } = stereoOfPositions(topology, positions);
  const others = (atom: number, without: number): number[] =>
    topology.neighbours[atom].filter((other) => other !== without);
  return [
    ...centres.filter(({ atom }) => shown.centres && (inRing.has(atom) || differ(topology.neighbours[atom]))),
    ...doubleBonds.filter(({ i, j }) => differ(others(i, j)) && differ(others(j, i))),
  ]
    .map(({ sign }) => (sign > 0 ? "+" : "-"))
    .join("");
}

/** One number for atoms that the graph does not tell apart. [N] */
function symmetryClasses({
  atomicNumbers,
  formalCharges,
  bonds,
  aromaticBonds,
  neighbours,
}: Topology): number[] {
  const kind = new Map<string, number>();
  bonds.forEach(({ i, j, order }, b) => {
    kind.set(bondKey(i, j), aromaticBonds[b] === 1 ? 4 : order);
  });
  let classes = Array.from(atomicNumbers, (z, i) => 100 * z + formalCharges[i]);
  for (let count = new Set(classes).size; ; ) {
    const names = classes.map((own, i) =>
      [
        own,
        ...neighbours[i].map((j) => 1000 * kind.get(bondKey(i, j))! + classes[j]).sort((a, b) => a - b),
      ].join(" "),
    );
    const numbers = new Map([...new Set(names)].sort().map((name, k) => [name, k]));
    classes = names.map((name) => numbers.get(name)!);
    if (numbers.size === count) return classes;
    count = numbers.size;
  }
}

/** Centres that only a ring makes so, such as those of 1,4-dimethylcyclohexane: cis or trans to one another. */
function ringCentres({ rings, neighbours, hybridisation }: Topology, classes: readonly number[]): number[] {
  return rings.flatMap((ring) => {
    const marked = ring.filter((atom) => {
      const outside = neighbours[atom].filter((other) => !ring.includes(other));
      return hybridisation[atom] === 3 && outside.length === 2 && classes[outside[0]] !== classes[outside[1]];
    });
    return marked.length > 1 ? marked : [];
  });
}

/** Whether a single bond joins two flat rings of six or more atoms with three or more substituents beside it. */
function isCrowded(
  { rings, neighbours, hybridisation, atomicNumbers }: Topology,
  classes: readonly number[],
  i: number,
  j: number,
): boolean {
  if (hybridisation[i] !== 2 || hybridisation[j] !== 2) return false;
  const beside = [i, j].map((atom) => {
    const ring = rings.find((each) => each.length > 5 && each.includes(atom));
    if (ring === undefined || (ring.includes(i) && ring.includes(j))) return [];
    return neighbours[atom].filter((other) => ring.includes(other));
  });
  if (beside.some((pair) => pair.length !== 2 || classes[pair[0]] === classes[pair[1]])) return false;
  const substituted = [i, j].flatMap((atom, side) =>
    beside[side].filter((ortho) =>
      neighbours[ortho].some(
        (other) => other !== atom && atomicNumbers[other] !== 1 && !sameRing(rings, atom, ortho, other),
      ),
    ),
  );
  return substituted.length > 2;
}

const sameRing = (rings: Topology["rings"], ...atoms: readonly number[]): boolean =>
  rings.some((ring) => atoms.every((atom) => ring.includes(atom)));

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
