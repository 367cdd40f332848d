/** The formats of molecules and the file names that stand for them. */

import { InputError } from "../errors.ts";

/** Plain XYZ, extended XYZ, SDF (V2000, V3000), and the raw records of QM9 (`dsgdb9nsd_*.xyz`, read only). */
export type Format = "xyz" | "extxyz" | "sdf" | "qm9";

const BY_EXTENSION: ReadonlyMap<string, Format> = new Map([
  [".xyz", "xyz"],
  [".extxyz", "extxyz"],
  [".sdf", "sdf"],
  [".mol", "sdf"],
]);

/** Extension in lower case without a final `.gz`, for example ".sdf" of "out/a.SDF.gz". */
export function extensionOf(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1).toLowerCase();
  const stem = name.endsWith(".gz") ? name.slice(0, -3) : name;
  const dot = stem.lastIndexOf(".");
  return dot < 0 ? "" : stem.slice(dot);
}

/** Format that the name of a file stands for. Throws InputError for any other extension. */
export function formatOfPath(path: string): Format {
  const format = BY_EXTENSION.get(extensionOf(path));
  if (format === undefined) {
    throw new InputError(
      `the name does not tell the format; name it ${[...BY_EXTENSION.keys()].join(", ")} (each also with .gz)`,
      { file: path },
    );
  }
  return format;
}
