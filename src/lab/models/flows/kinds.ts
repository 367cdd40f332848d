/** The flows by name, with their settings. */
import { z } from "zod";
import { InputError } from "../../../errors.ts";
import { depth, width } from "../../../models/limits.ts";
import { np } from "../../../platform/jax.ts";
import { type LabModelKind, type LabShape, rowLength } from "../lab-model.ts";
import { autoregressive } from "./autoregressive.ts";
import { type Bijection, chain, dataDependentStart, inverted } from "./bijection.ts";
import { additiveCoupling, affineCoupling, diagonalScaling } from "./coupling.ts";
import { glowMaps, mostLevels } from "./glow.ts";
import { checkDimension, labFlow } from "./lab-flow.ts";
import { logit } from "./logit.ts";
import { planarFlow } from "./planar.ts";
import { radialFlow } from "./radial.ts";

/** A chain of maps of one kind, without networks. */
const mapsSettings = z.strictObject({
  /** Maps in the chain. */
  length: depth.default(16),
});

/** A chain of layers with networks. */
const layersSettings = z.strictObject({
  /** Layers in the chain; which coordinates come first alternates. */
  layers: depth.default(6),
  /** Widths of the hidden layers of each network. */
  hidden: z.array(width).min(1).max(64).default([64, 64]),
});
type LayersSettings = z.infer<typeof layersSettings>;

const presets = {
  points: {
    "training.learningRate": 4e-3,
    "training.warmupSteps": 50,
    "training.clipping": 5,
    "training.epochs": 20,
    "training.emaDecay": 0.99,
  },
};

/** Passes of an inverse, one a dimension, that are still worth waiting for. */
const MOST_PASSES = 64;

const mapsKind = (
  name: string,
  title: string,
  source: string,
  map: (D: number) => Bijection,
): LabModelKind<z.infer<typeof mapsSettings>> => ({
  name,
  title,
  source,
  settings: mapsSettings,
  presets,
  build: ({ length }, shape) => labFlow(chain(Array.from({ length }, () => map(rowLength(shape)))), shape),
});

const layersKind = (
  name: string,
  title: string,
  source: string,
  most: number | undefined,
  flow: (D: number, settings: LayersSettings) => Bijection,
): LabModelKind<LayersSettings> => ({
  name,
  title,
  source,
  settings: layersSettings,
  presets,
  build: (settings, shape: LabShape) => {
    const D = rowLength(shape);
    checkDimension(D, name, 2, most);
    return labFlow(flow(D, settings), shape);
  },
});

const parity = (k: number): 0 | 1 => (k % 2 === 0 ? 0 : 1);
const layersOf = (n: number, layer: (k: number) => Bijection): Bijection[] =>
  Array.from({ length: n }, (_, k) => layer(k));

export const planar = mapsKind(
  "planar",
  "Planar flow with the invertibility constraint",
  "Rezende, Mohamed 2015",
  planarFlow,
);

export const radial = mapsKind("radial", "Radial flow", "Rezende, Mohamed 2015", radialFlow);

export const nice = layersKind(
  "nice",
  "NICE: additive coupling layers",
  "Dinh, Krueger, Bengio 2015",
  undefined,
  (D, { layers, hidden }) =>
    chain([...layersOf(layers, (k) => additiveCoupling(D, hidden, parity(k))), diagonalScaling(D)]),
);

export const realNvp = layersKind(
  "real-nvp",
  "RealNVP: affine coupling layers",
  "Dinh, Sohl-Dickstein, Bengio 2017",
  undefined,
  (D, { layers, hidden }) => chain(layersOf(layers, (k) => affineCoupling(D, hidden, parity(k)))),
);

const mafChain = (D: number, { layers, hidden }: LayersSettings): Bijection =>
  chain(layersOf(layers, (k) => autoregressive(D, hidden, k % 2 === 1)));

export const maf = layersKind(
  "maf",
  "Masked autoregressive flow",
  "Papamakarios, Pavlakou, Murray 2017",
  MOST_PASSES,
  mafChain,
);

export const iaf = layersKind(
  "iaf",
  "Inverse autoregressive flow: fast to sample, slow to train",
  "Kingma, Salimans, Jozefowicz, Chen, Sutskever, Welling 2016",
  MOST_PASSES,
  (D, settings) => inverted(mafChain(D, settings)),
);

const glowSettings = z.strictObject({
  /** How often the image is halved. */
  levels: depth.default(2),
  /** Steps of a level. */
  steps: depth.default(4),
  /** Channels of the couplings' networks. */
  hidden: width.default(32),
});

/** Rows that actnorm is set by. */
const FIRST_ROWS = 256;

export const glow: LabModelKind<z.infer<typeof glowSettings>> = {
  name: "glow",
  title: "Glow: multi-scale flow with invertible 1 × 1 convolutions",
  source: "Kingma, Dhariwal 2018",
  settings: glowSettings,
  presets: {
    images: {
      "training.batchSize": 32,
      "training.epochs": 1,
      "training.learningRate": 2e-3,
      "training.emaDecay": 0.99,
    },
  },
  build: ({ levels, steps, hidden }, shape) => {
    if (shape.kind !== "images") throw new InputError("glow takes images (mnist-grey)");
    const { height, width } = shape;
    const most = mostLevels(height, width);
    if (levels > most)
      throw new InputError(`images of ${height} × ${width} can be halved ${most} times, levels is ${levels}`);
    const maps = glowMaps(height, width, levels, steps, hidden);
    return labFlow(chain(maps), shape, async (seed, rows) => {
      const D = height * width;
      const first = rows.slice(0, FIRST_ROWS * D);
      return dataDependentStart([logit, ...maps], seed, np.array(first, { shape: [first.length / D, D] }));
    });
  },
};
