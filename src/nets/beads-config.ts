/** Shape of the network of a coarse-grained molecule: N distinguishable beads in a chain; see beads.ts. */
import { type Layout, linearSpecs } from "./parameters.ts";

export interface BeadNetworkConfig {
  /** N ≥ 4: beads i and i + 1 are bonded, all of them have a name of their own. */
  readonly beads: number;
  /** Mean distance of each pair (i < j, row by row), in units of the positions' scale. [P] */
  readonly distanceMeans: readonly number[];
  /** Standard deviation of each distance, in the same units. [P] */
  readonly distanceDeviations: readonly number[];
  readonly hidden: number;
  readonly layers: number;
  /** The noise is the gradient of an energy; otherwise a field that need not have one. */
  readonly conservative: boolean;
}

/** Pairs i < j, row by row: 0-1, 0-2, …, 1-2, … */
export const pairsOf = (beads: number): readonly (readonly [number, number])[] =>
  Array.from({ length: beads }, (_, i) =>
    Array.from({ length: beads - i - 1 }, (_, k) => [i, i + 1 + k] as const),
  ).flat();

/** P: number of distances. */
export const pairCount = (beads: number): number => (beads * (beads - 1)) / 2;

/** Added under the roots of bond lengths in the chiral features, in units of the positions' scale squared. */
export const CHIRAL_SOFTENING = 0.01;

/** F: distances, and the chirality of each four consecutive beads. */
export const invariantCount = (beads: number): number => pairCount(beads) + beads - 3;

/** γ is divided by this before it is embedded. */
const GAMMA_SCALE = 12;
const HARMONICS = [1, 2, 3, 4] as const;

/** γ as numbers of order one: γ/12, and sines and cosines of its multiples. */
export const embedGamma = (gamma: number): number[] => {
  const tau = gamma / GAMMA_SCALE;
  return [tau, ...HARMONICS.flatMap((k) => [Math.sin(k * tau), Math.cos(k * tau)])];
};
const TIME_FEATURES = 1 + 2 * HARMONICS.length;

/** What the noise level sets: gain and bias of each hidden unit, the readout, the strength of each harmonic term. */
export const modulationCount = ({
  beads,
  hidden,
  layers,
  conservative,
}: Pick<BeadNetworkConfig, "beads" | "hidden" | "layers" | "conservative">): number =>
  2 * hidden * layers + (conservative ? hidden : invariantCount(beads)) + pairCount(beads);

/** Order of the parameters. */
export function beadLayout(config: BeadNetworkConfig): Layout {
  const { beads, hidden: H, layers, conservative } = config;
  const F = invariantCount(beads);
  const weights = (name: string, outputs: number, inputs: number): Layout => [
    { name: `${name}.weight`, shape: [outputs, inputs], bound: Math.sqrt(3 / inputs) },
  ];
  return [
    ...linearSpecs("time.0", TIME_FEATURES, H),
    ...linearSpecs("time.1", H, modulationCount(config)),
    ...Array.from({ length: layers }, (_, l) => weights(`layers.${l}`, H, l === 0 ? F : H)).flat(),
    ...(conservative ? [] : weights("readout", F, H)),
  ];
}
