/** Shape of the network of a coarse-grained molecule: N distinguishable beads in a chain; see beads.ts, bead-painn.ts. */
import { type Layout, linearSpecs, type ParameterSpec } from "../layers/parameters.ts";

export const BEAD_NETWORKS = ["perceptron", "painn"] as const;

export interface BeadNetworkConfig {
  /** A perceptron of invariants (beads.ts), or PaiNN (bead-painn.ts). */
  readonly kind: (typeof BEAD_NETWORKS)[number];
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

/** K: number of signed volumes, one for each four consecutive beads. */
export const volumeCount = (beads: number): number => beads - 3;

/** Added to squared bond lengths where signed volumes are divided by them, in units of the positions' scale. */
export const CHIRAL_SOFTENING = 0.01;

/** γ is divided by this before it is embedded. */
const GAMMA_SCALE = 12;
const HARMONICS = [1, 2, 3, 4] as const;
const TIME_FEATURES = 1 + 2 * HARMONICS.length;

/** γ as numbers of order one: γ/12, and sines and cosines of its multiples. */
export const embedGamma = (gamma: number): number[] => {
  const tau = gamma / GAMMA_SCALE;
  return [tau, ...HARMONICS.flatMap((k) => [Math.sin(k * tau), Math.cos(k * tau)])];
};

/**
 * Order of the parameters. `time` embeds the noise level, which sets by `gains.l` and `biases.l` how hidden layer l
 * works, by `harmonic` the strength of each harmonic term, and by `level` the readout.
 */
export function beadLayout({ beads, hidden: H, layers, conservative }: BeadNetworkConfig): Layout {
  const [P, K] = [pairCount(beads), volumeCount(beads)];
  const weight = (name: string, outputs: number, inputs: number, fanIn = inputs): ParameterSpec => ({
    name: `${name}.weight`,
    shape: [outputs, inputs],
    bound: Math.sqrt(3 / fanIn),
  });
  const each = (specs: (layer: number) => Layout): Layout =>
    Array.from({ length: layers }, (_, l) => specs(l)).flat();
  return [
    ...linearSpecs("time", TIME_FEATURES, H),
    ...each((l) => [...linearSpecs(`gains.${l}`, H, H), ...linearSpecs(`biases.${l}`, H, H)]),
    ...linearSpecs("harmonic", H, P),
    weight("distances", H, P, P + K),
    weight("volumes", H, K, P + K),
    ...each((l) => (l === 0 ? [] : [weight(`layers.${l - 1}`, H, H)])),
    ...(conservative
      ? linearSpecs("level", H, H)
      : [
          ...linearSpecs("distanceLevel", H, P),
          weight("distanceReadout", P, H),
          ...linearSpecs("volumeLevel", H, K),
          weight("volumeReadout", K, H),
        ]),
  ];
}
