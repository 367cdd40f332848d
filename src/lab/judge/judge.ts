/**
 * What a classifier of the data says of a model's images: how sure it is of them, which classes they are of, and how far
 * their features are from those of test images; each beside what it says of images of the data. It is trained once for
 * each data set and kept.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { InputError } from "../../errors.ts";
import { frechetDistance } from "../../evaluate/frechet.ts";
import { readModelConfig, readModelParameters, writeModelFolder } from "../../models/model-folder.ts";
import { dataHome } from "../../platform/node/home.ts";
import { prepareRuntime } from "../../platform/prepare.ts";
import { loadLabData } from "../data/catalog.ts";
import { type LabData, rowLength } from "../data/lab-data.ts";
import { labDataSchema } from "../data/settings.ts";
import { type Distance, distanceOf } from "../figures/distance.ts";
import {
  accuracyOf,
  type Classifier,
  classifier,
  classifierLayout,
  HIDDEN,
  trainClassifier,
  type Verdicts,
} from "./classifier.ts";

/** A classifier of the images of one data set; whoever asked for it disposes of it. */
export interface ImageJudge extends Classifier {
  readonly classes: number;
  /** Share of the test images that it is right about. */
  readonly accuracy: number;
}

/** From when on an image counts as recognised: probability of its class. */
const SURE = 0.9;

/** What a judge says of samples, beside what it says of test images. */
export interface ImageJudgement {
  /** Of the classifier, on test images. */
  readonly accuracy: number;
  /** Share of images that it gives to one class with a probability of 0.9 or more. */
  readonly recognised: { readonly samples: number; readonly data: number };
  /** Mean probability of the most probable class. */
  readonly confidence: { readonly samples: number; readonly data: number };
  /** Share of the samples in each class. */
  readonly classes: readonly number[];
  /** Fréchet distance of the features to those of test images. */
  readonly frechet: Distance;
}

const configSchema = z.strictObject({
  kind: z.literal("judge"),
  format: z.literal(1),
  data: z.string(),
  sha256: z.string(),
  classes: z.number().int().positive(),
  accuracy: z.number(),
});

/**
 * The classifier of a data set of images, as the models of it see them; trained where there is none yet, in about a minute
 * and kept in the home folder of equimol.
 * @throws InputError for data without labels
 */
export async function judgeOf(
  source: string,
  events: {
    readonly signal?: AbortSignal | undefined;
    readonly onTraining?: () => (share: number) => void;
  } = {},
): Promise<ImageJudge> {
  await prepareRuntime("cpu");
  // All of its images, whatever part of them a model was trained on.
  const data = await loadLabData(source, labDataSchema.parse({}));
  const { labels, shape } = data;
  if (labels === undefined)
    throw new InputError(
      `data "${data.name}" has no labels to train a classifier on; images have them beside their files (train-labels-idx1-ubyte, t10k-labels-idx1-ubyte)`,
    );
  const D = rowLength(shape);
  const classes = 1 + labels.train.reduce((most, label) => Math.max(most, label), 0);
  const layout = classifierLayout(D, classes);
  const sha256 = createHash("sha256")
    .update(data.sha256)
    .update(labels.train)
    .update(HIDDEN.join())
    .digest("hex");
  const folder = join(dataHome(), "lab", "judges", `${data.name}-${sha256.slice(0, 12)}`);
  if (existsSync(join(folder, "config.json"))) {
    const { accuracy } = await readModelConfig(folder, configSchema);
    return { ...classifier(await readModelParameters(folder, layout), D, classes), classes, accuracy };
  }
  const onProgress = events.onTraining?.();
  const parameters = await trainClassifier(
    { rows: data.train, labels: labels.train },
    { rows: data.valid, labels: labels.valid },
    classes,
    { signal: events.signal, ...(onProgress && { onProgress }) },
  );
  const trained = classifier(parameters, D, classes);
  const accuracy = accuracyOf(await trained.of(data.test), labels.test);
  const config = { kind: "judge" as const, format: 1 as const, data: data.name, sha256, classes, accuracy };
  await writeModelFolder(folder, config, layout, parameters);
  return { ...trained, classes, accuracy };
}

/**
 * What the judge says of samples.
 * @param samples images of a model of the data [n, D]; as many test images are compared with
 */
export async function judged(
  { of, classes, accuracy }: ImageJudge,
  data: LabData,
  samples: Float32Array,
): Promise<ImageJudgement> {
  const F = HIDDEN[HIDDEN.length - 1];
  const tested = await of(data.test.subarray(0, samples.length));
  const own = await of(samples);
  const frechet = await distanceOf(data, samples, async (rows) =>
    frechetDistance((await of(rows)).features, tested.features, F),
  );
  return {
    accuracy,
    recognised: { samples: recognised(own, classes), data: recognised(tested, classes) },
    confidence: { samples: confidence(own, classes), data: confidence(tested, classes) },
    classes: shares(own, classes),
    frechet,
  };
}

/** Class of each row, and its probability. */
const decisions = ({ probabilities }: Verdicts, classes: number): readonly (readonly [number, number])[] =>
  Array.from({ length: probabilities.length / classes }, (_, i) => {
    const own = Array.from(probabilities.subarray(i * classes, (i + 1) * classes));
    const most = Math.max(...own);
    return [own.indexOf(most), most];
  });

const recognised = (verdicts: Verdicts, classes: number): number => {
  const all = decisions(verdicts, classes);
  return all.filter(([, p]) => p >= SURE).length / all.length;
};

const confidence = (verdicts: Verdicts, classes: number): number => {
  const all = decisions(verdicts, classes);
  return all.reduce((sum, [, p]) => sum + p, 0) / all.length;
};

const shares = (verdicts: Verdicts, classes: number): number[] => {
  const all = decisions(verdicts, classes);
  return Array.from({ length: classes }, (_, k) => all.filter(([own]) => own === k).length / all.length);
};
