/** MNIST and Fashion-MNIST as rows: binarised, or grey and dequantised. */
import { createHash } from "node:crypto";
import { InputError } from "../../errors.ts";
import { stream } from "../../math/random.ts";
import { type Images, imageFile, imageFolder, readIdxImages } from "./idx.ts";
import type { LabData } from "./lab-data.ts";
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
  // 50,000 stands for all that there is: the usual number of points to draw means nothing here.
  const wanted = settings.count === 50_000 ? train.count : settings.count;
  const drawn = rows(train, wanted, settings.seed, 0);
  return {
    name,
    source: name,
    shape: { kind: "images", height: train.height, width: train.width, binary: !grey },
    train: drawn,
    test: rows(test, settings.test, settings.seed, 1),
    sha256: createHash("sha256")
      .update(train.pixels)
      .update(`${name} ${settings.seed} ${wanted}`)
      .digest("hex"),
  };
}

/** Each pixel 1 with its grey value as probability (Salakhutdinov & Murray 2008), drawn once. */
const binarised = (images: Images, count: number, seed: number, step: number): Float32Array =>
  eachPixel(images, count, seed, step, (value, u) => (u * 255 < value ? 1 : 0));

/** (value + u)/256, u uniform in [0, 1): a density over these is a bound of the likelihood of the bytes. */
const dequantised = (images: Images, count: number, seed: number, step: number): Float32Array =>
  eachPixel(images, count, seed, step, (value, u) => (value + u) / 256);

function eachPixel(
  { count, height, width, pixels }: Images,
  wanted: number,
  seed: number,
  step: number,
  of: (value: number, u: number) => number,
): Float32Array {
  const D = height * width;
  const n = Math.min(count, wanted);
  const rows = new Float32Array(n * D);
  for (let i = 0; i < n; i++) {
    const random = stream({ seed, purpose: "dataset", index: i, step });
    for (let k = i * D; k < (i + 1) * D; k++) rows[k] = of(pixels[k], random.uint32() / 2 ** 32);
  }
  return rows;
}
