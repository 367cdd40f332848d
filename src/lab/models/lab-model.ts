/**
 * What a model of the lab is: a loss to train, a way to sample, and, where it has one, a likelihood. Each kind
 * (VAE, flow, score model, DDPM …) is one `LabModelKind`; training, folders, CLI, comparison and pictures are
 * written once against these types.
 */
import type { z } from "zod";
import type { EngineOptions } from "../../engines/open-engine.ts";
import type { Stream } from "../../math/random.ts";
import type { Layout } from "../../nets/layers/parameters.ts";
import type { ParameterTree } from "../../nets/layers/tensors.ts";
import type { np } from "../../platform/jax.ts";
import type { GaussianMixture } from "../data/gaussian-mixture.ts";
import type { LabShape } from "../data/lab-data.ts";

export { type LabShape, rowLength } from "../data/lab-data.ts";

/** What a kind may know of the data besides their shape. */
export interface LabFacts {
  readonly name: string;
  /** The distribution, where it is known. */
  readonly mixture?: GaussianMixture;
  /** Smallest and largest value in each column of the training data, of points. [D] each */
  readonly lowest: readonly number[];
  readonly highest: readonly number[];
  /** What computes the networks that have kernels. */
  readonly engine?: EngineOptions;
}

/** A random input of the loss, drawn outside the compiled function. */
export interface Draw {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

/** The loss by kernels of our own, where the model has any. */
export interface LossKernels {
  /** What computes: "native (AVX-512)". */
  readonly engine: () => Promise<string>;
  /** As `loss`, of rows [B, D] with the values of their draws. [B] */
  readonly losses: (
    parameters: Float32Array,
    rows: Float32Array,
    draws: Readonly<Record<string, Draw>>,
  ) => Promise<Float64Array>;
  /** The same; the gradient of their mean replaces the contents of `gradient`. */
  readonly lossAndGradient: (
    parameters: Float32Array,
    rows: Float32Array,
    draws: Readonly<Record<string, Draw>>,
    gradient: Float32Array,
  ) => Promise<Float64Array>;
}

/** Scores of noisy rows x̃ = x + σ̃ ε at falling levels of noise, and how they are sampled. */
export interface AnnealedScores {
  /** σ̃, falling. */
  readonly deviations: readonly number[];
  readonly stepsPerLevel: number;
  /** ε/σ̃² of the Langevin steps. */
  readonly stepSize: number;
  /** Runs `use` with the score under these parameters. [n, D] → [n, D] */
  readonly with: <R>(
    parameters: Float32Array,
    use: (score: (x: Float64Array, level: number) => Promise<Float64Array>) => Promise<R>,
  ) => Promise<R>;
  /** Rows of the data as they are noised, and back. */
  readonly toDiffused: (rows: ArrayLike<number>) => Float64Array;
  /** The way back. */
  readonly fromDiffused: (rows: Float64Array) => Float32Array;
}

/** What a model of the lab can do; what it cannot is absent. */
export interface LabModel {
  readonly layout: Layout;
  /** Starting values where `initialParameters(layout, seed)` will not do, as for data-dependent initialisation. */
  readonly initialise?: (seed: number, rows: Float32Array) => Promise<Float32Array>;
  /** Random inputs for one batch; `progress` runs from 0 to 1 over the training (for warm-ups). */
  readonly draws: (batch: number, random: Stream, progress: number) => Readonly<Record<string, Draw>>;
  /** Loss of each row. Pure, compiled once per batch size; takes ownership. x [B, D] → [B] */
  readonly loss: (
    parameters: ParameterTree,
    x: np.Array,
    draws: Readonly<Record<string, np.Array>>,
  ) => np.Array;
  /** The same loss by kernels: faster, and equal but for rounding. */
  readonly kernels?: LossKernels;
  /** New rows, row i a function of seed and i alone. [n, D] */
  readonly sample: (parameters: Float32Array, n: number, seed: number) => Promise<Float32Array>;
  /** log p(x) of each row in nats, exact or a lower bound of it. */
  readonly logLikelihood?: {
    readonly kind: "exact" | "lower bound";
    /** In nats. [n] */
    readonly of: (parameters: Float32Array, rows: Float32Array, seed: number) => Promise<Float64Array>;
  };
  /**
   * log p(x) of points for density maps, without the noise of an estimate, where `logLikelihood` is a bound that has
   * some; absent where there is no way to compute it. [n, D] → [n]
   */
  readonly density?: {
    /** How it is computed, below the map. */
    readonly note: string;
    /** Cells along a side of the map, where fewer are enough: points whose density takes long. */
    readonly side?: number;
    /** log p(x) of each row, in nats. [n, D] → [n] */
    readonly of: (parameters: Float32Array, rows: Float32Array) => Promise<Float64Array>;
  };
  /** More figures of a model on rows, such as the terms of a bound, by name. */
  readonly figures?: (
    parameters: Float32Array,
    rows: Float32Array,
    seed: number,
  ) => Promise<Readonly<Record<string, number>>>;
  /** ∇ log p(x) of each row, where the model is made of scores. [n, D] → [n, D] */
  readonly score?: (parameters: Float32Array, rows: Float32Array) => Promise<Float64Array>;
  /** Scores at many noise levels, for models that can be composed. */
  readonly annealed?: AnnealedScores;
  /** Pictures of its own besides samples, such as a latent manifold: rows to lay out as a grid. */
  readonly pictures?: (
    parameters: Float32Array,
    seed: number,
  ) => Promise<readonly { readonly name: string; readonly rows: Float32Array; readonly columns: number }[]>;
  /** Frees compiled functions. */
  readonly dispose?: () => void;
}

/** A kind of model: its name on the command line, its settings, and how to build one for data of a shape. */
export interface LabModelKind<S = unknown> {
  /** `real-nvp` */
  readonly name: string;
  /** `RealNVP: affine coupling layers` */
  readonly title: string;
  /** `Dinh, Sohl-Dickstein, Bengio 2017` */
  readonly source: string;
  readonly settings: z.ZodType<S>;
  /**
   * Starting settings by data set (`two-moons`), else by shape (`points`, `images`, `symbols`), on top of the schema's
   * defaults; `training.*` and `data.*` keys go to the training loop and the data.
   */
  readonly presets?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Settings that are asked for by name, on top of those: the recipe of a paper or a course. Keys as in `presets`. */
  readonly recipes?: Readonly<
    Record<string, { readonly description: string; readonly settings: Readonly<Record<string, unknown>> }>
  >;
  /** Its `initialise` finds the optimum; training only measures it. */
  readonly fittedAtStart?: boolean;
  /** @throws InputError for a shape that it cannot take */
  readonly build: (settings: S, shape: LabShape, facts?: LabFacts) => LabModel;
}
