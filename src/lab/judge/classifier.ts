/**
 * A small classifier of images, trained on their labels: what judges samples that are to look like them. An MLP, whose
 * last hidden layer is the features of the Fréchet distance.
 */
import { permutation, stream } from "../../math/random.ts";
import { type Mlp, mlp, mlpSpecs, silu } from "../../nets/layers/mlp.ts";
import { initialParameters, type Layout } from "../../nets/layers/parameters.ts";
import { type ParameterTree, parameterTree, readTree } from "../../nets/layers/tensors.ts";
import { jax, nn, np } from "../../platform/jax.ts";
import { type TrainingTask, trainingLoop } from "../../train/loop.ts";
import { trainingSchema } from "../../train/schema.ts";
import { rowFunction } from "../models/rows.ts";

/** Widths of the hidden layers; the last is that of the features. */
export const HIDDEN = [256, 64];

export interface LabelledRows {
  /** [n, D] */
  readonly rows: Float32Array;
  /** 0 … classes − 1 [n] */
  readonly labels: Uint8Array;
}

export const classifierLayout = (D: number, classes: number): Layout =>
  mlpSpecs("layers", [D, ...HIDDEN, classes]);

const layersOf = (parameters: ParameterTree): Mlp =>
  (parameters as unknown as { readonly layers: Mlp }).layers;

/** What a classifier says of rows. */
export interface Verdicts {
  /** Last hidden layer. [n, 64] */
  readonly features: Float64Array;
  /** [n, classes] */
  readonly probabilities: Float64Array;
}

/** A classifier under its parameters. */
export interface Classifier {
  /** Features and probabilities of rows. [n, D] */
  readonly of: (rows: Float32Array) => Promise<Verdicts>;
  /** Frees what it compiled; once. */
  readonly dispose: () => void;
}

export function classifier(parameters: Float32Array, D: number, classes: number): Classifier {
  const F = HIDDEN[HIDDEN.length - 1];
  const compiled = rowFunction(classifierLayout(D, classes), D, (tree, x) => {
    const layers = layersOf(tree);
    const features = silu(mlp(layers.slice(0, -1), x, silu)); // [B, F]
    const logits = mlp(layers.slice(-1), features.ref, silu);
    return np.concatenate([features, nn.softmax(logits, 1)], 1);
  });
  return {
    of: async (rows) => {
      const both = await compiled.of(parameters, rows);
      const n = rows.length / D;
      const part = (from: number, width: number): Float64Array =>
        Float64Array.from(
          { length: n * width },
          (_, i) => both[Math.floor(i / width) * (F + classes) + from + (i % width)],
        );
      return { features: part(0, F), probabilities: part(F, classes) };
    },
    dispose: compiled.dispose,
  };
}

/** Share of rows whose most probable class is their label. */
export function accuracyOf({ probabilities }: Verdicts, labels: Uint8Array): number {
  const classes = probabilities.length / labels.length;
  const right = labels.filter((label, i) => {
    const own = probabilities.subarray(i * classes, (i + 1) * classes);
    return own.every((p, k) => k === label || p <= own[label]);
  });
  return right.length / labels.length;
}

const BATCH = 128;
/** Epochs, and steps of sets that are too small for as many in these. */
const LEAST = { epochs: 5, steps: 600 };

const trainingOf = (perEpoch: number) =>
  trainingSchema.parse({
    epochs: Math.max(LEAST.epochs, Math.ceil(LEAST.steps / perEpoch)),
    ...{ batchSize: BATCH, learningRate: 2e-3, decay: "cosine", amsgrad: false },
    ...{ weightDecay: 1e-2, emaDecay: 0.99, clipping: "none" },
  });

/** Parameters with the lowest loss on the validation rows, of those after each epoch. */
export async function trainClassifier(
  train: LabelledRows,
  valid: LabelledRows,
  classes: number,
  events: { readonly signal?: AbortSignal | undefined; readonly onProgress?: (share: number) => void } = {},
): Promise<Float32Array> {
  const N = train.labels.length;
  const D = train.rows.length / N;
  const layout = classifierLayout(D, classes);
  const B = Math.min(BATCH, N);
  const perEpoch = Math.floor(N / B);
  const training = trainingOf(perEpoch);
  /** −log p(label) of each row; takes ownership. x [B, D], labels one-hot [B, classes] → [B] */
  const losses = (tree: ParameterTree, x: np.Array, labels: np.Array): np.Array =>
    np.negative(
      nn
        .logSoftmax(mlp(layersOf(tree), x, silu), 1)
        .mul(labels)
        .sum(1),
    );
  const lossAndGradient = jax.jit(
    jax.valueAndGrad((tree: ParameterTree, x: np.Array, labels: np.Array) => losses(tree, x, labels).mean()),
  );
  const each = jax.jit(losses);
  const batchOf = ({ rows, labels }: LabelledRows, indices: ArrayLike<number>): [np.Array, np.Array] => {
    const n = indices.length;
    const x = new Float32Array(n * D);
    const oneHot = new Float32Array(n * classes);
    for (let k = 0; k < n; k++) {
      x.set(rows.subarray(indices[k] * D, (indices[k] + 1) * D), k * D);
      oneHot[k * classes + labels[indices[k]]] = 1;
    }
    return [np.array(x, { shape: [n, D] }), np.array(oneHot, { shape: [n, classes] })];
  };
  let best = { loss: Number.POSITIVE_INFINITY, parameters: new Float32Array(0) };
  const task: TrainingTask = {
    initialParameters: initialParameters(layout, training.seed),
    batches: (epoch) => {
      const order = permutation(N, stream({ seed: training.seed, purpose: "batchOrder", index: epoch }));
      return Array.from({ length: perEpoch }, (_, b) => order.subarray(b * B, (b + 1) * B));
    },
    lossAndGradient: async (parameters, { items }, gradient) => {
      const [value, gradients] = lossAndGradient(
        parameterTree(layout, parameters),
        ...batchOf(train, items),
      ) as unknown as [np.Array, ParameterTree];
      const [mean] = (await value.data()) as Float32Array;
      await readTree(layout, gradients, gradient);
      return new Float64Array(items.length).fill(mean);
    },
    validate: async (parameters) => {
      const n = valid.labels.length;
      const all = Array.from({ length: n }, (_, i) => i);
      const found = (await each(
        parameterTree(layout, parameters),
        ...batchOf(valid, all),
      ).data()) as Float32Array;
      const loss = found.reduce((sum, value) => sum + value, 0) / n;
      if (loss < best.loss) best = { loss, parameters: parameters.slice() };
      return { loss };
    },
  };
  try {
    await trainingLoop(task, training, undefined, undefined, {
      ...(events.signal && { signal: events.signal }),
      onProgress: ({ step, totalSteps }) => events.onProgress?.(step / totalSteps),
    });
  } finally {
    lossAndGradient.dispose();
    each.dispose();
  }
  events.signal?.throwIfAborted();
  return best.parameters;
}
