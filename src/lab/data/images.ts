/** MNIST and Fashion-MNIST as rows: binarised, or grey and dequantised. */
import { createHash } from "node:crypto";
import { InputError } from "../../errors.ts";
import { stream } from "../../math/random.ts";
import { type Images, imageFile, imageFolder, labelFile, readIdxImages, readIdxLabels } from "./idx.ts";
import { type LabData, validationRows } from "./lab-data.ts";
import type { LabDataSettings } from "./settings.ts";

/** @param name `mnist`, `fashion-mnist`, or with `-grey` behind it */
export async function imageRows(name: string, settings: LabDataSettings): Promise<LabData> {
  const grey = name.endsWith("-grey");
  const folder = imageFolder(name.startsWith("fashion") ? "fashion-mnist" : "mnist");
  const train = await readIdxImages(imageFile(folder, "train"));
  const test = await readIdxImages(imageFile(folder, "test"));
  if (test.height !== train.height || test.width !== train.width)
    throw new InputError(
      `has images of ${test.height} × ${test.width}, the training file ${train.height} × ${train.width}`,
      { file: imageFile(folder, "test") },
    );
  const rows = grey ? dequantised : binarised;
  const { seed } = settings;
  const rest = train.count - validationRows(settings.test, train.count); // those behind are for validation
  const wanted = Math.min(rest, settings.count ?? rest);
  const tested = Math.min(settings.test, test.count);
  const labels = await labelsOf(folder, train.count, test.count);
  return {
    name,
    source: name,
    shape: { kind: "images", height: train.height, width: train.width, binary: !grey },
    train: rows(train, 0, wanted, seed, 0),
    valid: rows(train, rest, train.count, seed, 0),
    test: rows(test, 0, tested, seed, 1),
    ...(labels && {
      labels: {
        train: labels.train.subarray(0, wanted),
        valid: labels.train.subarray(rest),
        test: labels.test.subarray(0, tested),
      },
    }),
    sha256: createHash("sha256").update(train.pixels).update(`${name} ${seed} ${wanted}`).digest("hex"),
  };
}

/** Those of all images, where the files have both. */
async function labelsOf(
  folder: string,
  train: number,
  test: number,
): Promise<{ readonly train: Uint8Array; readonly test: Uint8Array } | undefined> {
  const [ofTrain, ofTest] = [labelFile(folder, "train"), labelFile(folder, "test")];
  if (ofTrain === undefined || ofTest === undefined) return undefined;
  return { train: await readIdxLabels(ofTrain, train), test: await readIdxLabels(ofTest, test) };
}

/** The images `from` … `to` − 1 of a file as rows; `step` tells the files apart. */
type Rows = (images: Images, from: number, to: number, seed: number, step: number) => Float32Array;

/** Each pixel 1 with its grey value as probability (Salakhutdinov & Murray 2008), drawn once. */
const binarised: Rows = (...rows) => eachPixel(...rows, (value, u) => (u * 255 < value ? 1 : 0));

/** (value + u)/256, u uniform in [0, 1): a density over these is a bound of the likelihood of the bytes. */
const dequantised: Rows = (...rows) => eachPixel(...rows, (value, u) => (value + u) / 256);

function eachPixel(
  { height, width, pixels }: Images,
  from: number,
  to: number,
  seed: number,
  step: number,
  of: (value: number, u: number) => number,
): Float32Array {
  const D = height * width;
  const rows = new Float32Array((to - from) * D);
  for (let i = from; i < to; i++) {
    const random = stream({ seed, purpose: "dataset", index: i, step });
    for (let k = i * D; k < (i + 1) * D; k++) rows[k - from * D] = of(pixels[k], random.uint32() / 2 ** 32);
  }
  return rows;
}
