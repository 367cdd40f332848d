/**
 * Score models without noise levels: one network s(x), fitted in one of four ways, sampled by Langevin dynamics. What
 * they cannot do shows on the picture: between the moons there are no data to learn the score from (Song & Ermon
 * 2019, section 3.2).
 */
import { z } from "zod";
import { langevin } from "../../../diffusion/samplers/langevin.ts";
import { PRIOR_STEP, type Space } from "../../../diffusion/space.ts";
import { InputError } from "../../../errors.ts";
import { normalCdf } from "../../../math/normal.ts";
import { count, depth, width } from "../../../models/limits.ts";
import { type ResidualMlp, residualMlp, residualMlpSpecs } from "../../../nets/layers/residual-mlp.ts";
import type { ParameterTree } from "../../../nets/layers/tensors.ts";
import { jax, type np } from "../../../platform/jax.ts";
import { type LabFacts, type LabModel, type LabModelKind, type LabShape, rowLength } from "../lab-model.ts";
import { rowNetwork, rowSpace } from "../rows.ts";
import { mixtureScoreOnDevice } from "./mixture-score.ts";
import {
  denoisingScoreMatching,
  explicitScoreMatching,
  hyvarinenScoreMatching,
  type ScoreFunction,
  slicedScoreMatching,
} from "./objectives.ts";

const settingsSchema = z.strictObject({
  hidden: width.default(128),
  blocks: depth.default(2),
  /** The network's output is divided by this: scores of narrow data are large. */
  scale: z.number().positive().default(0.1),
  /** σ of score-denoising. */
  sigma: z.number().positive().default(0.1),
  /** Langevin steps, and their ε. */
  langevinSteps: count.default(500),
  stepSize: z.number().positive().default(1e-3),
});
type Settings = z.infer<typeof settingsSchema>;

/** Loss of each row for a score; `noise` [B, D] is standard normal. */
type Objective = (score: ScoreFunction, x: np.Array, noise: np.Array) => np.Array;

/** The largest D whose trace is computed exactly. */
const LARGEST_TRACE = 16;

const kind = (
  name: string,
  title: string,
  source: string,
  objective: (settings: Settings, shape: LabShape, facts: LabFacts | undefined) => Objective,
): LabModelKind<Settings> => ({
  name,
  title,
  source,
  settings: settingsSchema,
  presets: {
    points: {
      ...{ "training.learningRate": 3e-3, "training.emaDecay": 0.99, "training.epochs": 40 },
      // Noised data are wider: larger steps are as exact.
      ...(name === "score-denoising" && { stepSize: 4e-3 }),
    },
  },
  build: (settings, shape, facts) => {
    if (shape.kind !== "points") throw new InputError(`${name} takes points, not images or symbols`);
    // What was fitted to noised rows is the score of noised rows.
    const jump = name === "score-denoising" ? settings.sigma : 0;
    return singleLevelModel(settings, shape, facts, objective(settings, shape, facts), jump);
  },
});

/** How far Langevin dynamics may leave the data's box, in sides of it: there are no data to learn a score from. */
const MARGIN = 0.25;

/**
 * Where rows live: the box of the data, and room around it. Far outside, a network's score is the straight continuation
 * of what it is at the edge, and where that points outwards a row runs away exponentially; so steps are projected back
 * (Bubeck, Eldan, Lehec 2018). The start is uniform in the box (Song & Ermon 2019, figure 3). Without known data the
 * start is normal, and rows go where they will.
 */
function langevinSpace(n: number, D: number, seed: number, facts: LabFacts | undefined): Space {
  const space = rowSpace(n, D, seed);
  if (facts === undefined || facts.lowest.length !== D) return space;
  const { lowest, highest } = facts;
  const side = highest.map((high, d) => high - lowest[d]);
  return {
    ...space,
    noise: (step) => {
      const noise = space.noise(step);
      if (step !== PRIOR_STEP) return noise;
      return noise.map((value, i) => lowest[i % D] + side[i % D] * normalCdf(value));
    },
    project: (x) => {
      for (let i = 0; i < x.length; i++) {
        const d = i % D;
        const room = MARGIN * side[d];
        x[i] = Math.min(highest[d] + room, Math.max(lowest[d] - room, x[i]));
      }
    },
  };
}

/** @param jump σ of the noise that samples still have: they go to their mean without it, x + σ² s(x) (Saremi & Hyvärinen 2019) */
function singleLevelModel(
  settings: Settings,
  shape: LabShape,
  facts: LabFacts | undefined,
  objective: Objective,
  jump: number,
): LabModel {
  const D = rowLength(shape);
  const { hidden, blocks, scale, langevinSteps, stepSize } = settings;
  const config = { inputs: D, outputs: D, hidden, blocks, timeFeatures: 0 };
  const layout = residualMlpSpecs("network", config);
  const scoreOf = (parameters: ParameterTree, x: np.Array): np.Array =>
    residualMlp(config, (parameters as unknown as { readonly network: ResidualMlp }).network, x).div(scale);
  const compiled = rowNetwork(layout, D, (parameters, x, t) => {
    t.dispose();
    return scoreOf(parameters, x);
  });
  return {
    layout,
    draws: (batch, random) => ({
      noise: { values: random.normals(new Float32Array(batch * D)), shape: [batch, D] },
    }),
    loss: (parameters, x, { noise }) => {
      const losses = objective((at) => scoreOf(jax.tree.ref(parameters), at), x, noise);
      jax.tree.dispose(parameters);
      return losses;
    },
    sample: async (parameters, n, seed) => {
      const network = compiled.with(parameters);
      const space = langevinSpace(n, D, seed, facts);
      const score = (x: Float64Array): Promise<Float64Array> => network.of(x, 0);
      const x = await langevin(score, space, space.noise(PRIOR_STEP), { steps: langevinSteps, stepSize });
      const s = jump > 0 ? await score(x) : undefined;
      network.release();
      return Float32Array.from(x, (value, i) => value + (s === undefined ? 0 : jump ** 2 * s[i]));
    },
    score: async (parameters, rows) => {
      const network = compiled.with(parameters);
      const values = await network.of(rows, 0);
      network.release();
      return values;
    },
    dispose: compiled.dispose,
  };
}

export const scoreExplicit = kind(
  "score-explicit",
  "Score model fitted to the known score",
  "Hyvärinen 2005, eq. 2",
  (_settings, _shape, facts) => {
    const mixture = facts?.mixture;
    if (mixture === undefined)
      throw new InputError(
        `score-explicit needs data whose score is known (two-moons, eight-gaussians, swiss-roll, mixture)${facts ? `, not "${facts.name}"` : ""}`,
      );
    return (score, x, noise) => {
      noise.dispose();
      const target = mixtureScoreOnDevice(mixture, x.ref);
      return explicitScoreMatching(score, x, target);
    };
  },
);

export const scoreHyvarinen = kind(
  "score-hyvarinen",
  "Score matching with the exact trace",
  "Hyvärinen 2005",
  (_settings, shape) => {
    if (rowLength(shape) > LARGEST_TRACE)
      throw new InputError(
        `score-hyvarinen computes ${rowLength(shape)} derivatives for each row; it takes up to ${LARGEST_TRACE} numbers in a row, score-sliced takes more`,
      );
    return (score, x, noise) => {
      noise.dispose();
      return hyvarinenScoreMatching(score, x);
    };
  },
);

export const scoreSliced = kind(
  "score-sliced",
  "Sliced score matching",
  "Song, Garg, Shi, Ermon 2019",
  () => slicedScoreMatching,
);

export const scoreDenoising = kind(
  "score-denoising",
  "Denoising score matching at one noise level",
  "Vincent 2011",
  ({ sigma }) =>
    (score, x, noise) =>
      denoisingScoreMatching(score, x, sigma, noise),
);
