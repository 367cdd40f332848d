/**
 * Atoms and pairs of a molecule as the network's channels, computed once for a molecule: its atoms, its local edges
 * (bonds, pairs two and three bonds apart, with what is known of double bonds), and the pairs that may be radius edges.
 */
import { hasLonePair, type Stereo } from "../../chem/stereo.ts";
import { FAR, type Topology } from "../../chem/topology.ts";

/** Channels of an atom beside its element and the noise level. */
export const ATOM_CHANNELS = 13;
/** Channels of a pair: single, double, triple, aromatic, two and three bonds apart, cis, trans, one ring. */
export const EDGE_CHANNELS = 9;
/** Channels of the noise level. */
export const NOISE_CHANNELS = 14;

/** Channels of an atom in all, a multiple of four: products of other lengths are slow. */
export const atomWidth = (elements: number): number =>
  4 * Math.ceil((elements + ATOM_CHANNELS + NOISE_CHANNELS) / 4);

/** ln(σ/α) at the first and the last radial function of the noise level. */
const NOISE_RANGE = [-5, 4.1] as const;

/** Å; a step along the graph leads no farther. */
const LONGEST_BOND = 2;

/** A molecule's constant part of the network's input. */
export interface GraphChannels {
  readonly size: number;
  /** Å; no atom is farther than this from the middle. */
  readonly reach: number;
  /** [N, elements + ATOM_CHANNELS] */
  readonly atoms: Float32Array;
  /** Pairs (i, j), i < j, up to three bonds apart. [2·L] */
  readonly local: Int32Array;
  /** [L, EDGE_CHANNELS] */
  readonly localFeatures: Float32Array;
  /** All other pairs. [2·G] */
  readonly far: Int32Array;
  /** Atom and its neighbours a, b, c, d. [5·C] */
  readonly centres: Int32Array;
  /** [C] */
  readonly signs: Float32Array;
}

/** @param elements nuclear charges in the order of the one-hot channels; every atom must be one of them */
export function graphChannels(
  topology: Topology,
  stereo: Stereo,
  elements: readonly number[],
): GraphChannels {
  const n = topology.atomicNumbers.length;
  const width = elements.length + ATOM_CHANNELS;
  const atoms = new Float32Array(n * width);
  for (let i = 0; i < n; i++) {
    const element = elements.indexOf(topology.atomicNumbers[i]);
    if (element < 0) throw new RangeError(`atomic number ${topology.atomicNumbers[i]} is not in the model`);
    atoms[i * width + element] = 1;
    atoms.set(atomChannels(topology, i), i * width + elements.length);
  }
  const { local, localFeatures, far } = pairs(topology, stereo);
  // the network knows centres of four neighbours only
  const known = stereo.centres.filter((centre) => centre.sign !== 0 && !hasLonePair(centre));
  return {
    size: n,
    reach: LONGEST_BOND * (longestWay(topology.neighbours) + 1),
    atoms,
    local: Int32Array.from(local),
    localFeatures: Float32Array.from(localFeatures),
    far: Int32Array.from(far),
    centres: Int32Array.from(known.flatMap(({ atom, neighbours }) => [atom, ...neighbours])),
    signs: Float32Array.from(known, ({ sign }) => sign),
  };
}

function atomChannels(topology: Topology, i: number): number[] {
  const { formalCharges, aromaticAtoms, hybridisation, ringSizes, neighbours, atomicNumbers } = topology;
  const is = (condition: boolean): number => Number(condition);
  return [
    is(formalCharges[i] < 0),
    is(formalCharges[i] > 0),
    aromaticAtoms[i],
    ...[1, 2, 3].map((kind) => is(hybridisation[i] === kind)),
    ...[3, 4, 5, 6, 7].map((size) => is(ringSizes[i] === size)),
    neighbours[i].length / 4,
    neighbours[i].filter((j) => atomicNumbers[j] === 1).length / 3,
  ];
}

/** Most bonds between two atoms on the shortest way. */
function longestWay(neighbours: Topology["neighbours"]): number {
  let most = 0;
  for (const start of neighbours.keys()) {
    const seen = new Uint8Array(neighbours.length);
    seen[start] = 1;
    let shell = [start];
    for (let hops = 0; shell.length > 0; hops++) {
      most = Math.max(most, hops);
      shell = shell.flatMap((atom) => neighbours[atom].filter((next) => seen[next]++ === 0));
    }
  }
  return most;
}

function pairs(topology: Topology, stereo: Stereo) {
  const { hops, bonds, aromaticBonds, rings } = topology;
  const n = topology.atomicNumbers.length;
  const channel = new Map<number, number[]>(); // pair → channels that are one
  const mark = (i: number, j: number, k: number): void => {
    const key = Math.min(i, j) * n + Math.max(i, j);
    const marks = channel.get(key);
    if (marks) marks.push(k);
    else channel.set(key, [k]);
  };
  bonds.forEach(({ i, j, order }, b) => {
    mark(i, j, aromaticBonds[b] === 1 ? 3 : order - 1);
  });
  for (const { i, j, a, b, sign } of stereo.doubleBonds) {
    if (sign === 0) continue;
    for (const p of topology.neighbours[i]) {
      for (const q of topology.neighbours[j]) {
        if (p === j || q === i || p === q) continue;
        const same = (p === a) === (q === b); // both or neither are the named neighbours
        mark(p, q, sign > 0 === same ? 6 : 7);
      }
    }
  }
  const oneRing = new Set<number>();
  for (const ring of rings) for (const p of ring) for (const q of ring) if (p < q) oneRing.add(p * n + q);

  const local: number[] = [];
  const localFeatures: number[] = [];
  const far: number[] = [];
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const hop = hops[i * n + j];
      if (hop >= FAR) {
        far.push(i, j);
        continue;
      }
      local.push(i, j);
      const features = new Array<number>(EDGE_CHANNELS).fill(0);
      if (hop > 1) features[hop + 2] = 1;
      for (const k of channel.get(i * n + j) ?? []) features[k] = 1;
      if (oneRing.has(i * n + j)) features[8] = 1;
      localFeatures.push(...features);
    }
  }
  return { local, localFeatures, far };
}

/** Radial functions of ln(σ/α). */
export function noiseChannels(sigma: number): Float32Array {
  const [low, high] = NOISE_RANGE;
  const step = (high - low) / (NOISE_CHANNELS - 1);
  const at = Math.min(Math.max(Math.log(sigma), low), high);
  return Float32Array.from({ length: NOISE_CHANNELS }, (_, k) =>
    Math.exp(-0.5 * ((at - low) / step - k) ** 2),
  );
}
