/**
 * The archive of QM9 (Ramakrishnan, Dral, Rupp, von Lilienfeld, Sci. Data 2014; figshare collection 978904): a
 * bzip2 tarball of 133,885 raw records, and the list of those whose relaxation changed the molecule.
 */

import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { createTarDecoder } from "modern-tar";
import unbzip2 from "unbzip2-stream";
import { InputError, WorkError } from "../errors.ts";
import { parseQm9 } from "../formats/qm9.ts";
import { SPLITS, type Split } from "./dataset-info.ts";
import { type MoleculeSet, moleculeSetBuilder } from "./molecule-set.ts";
import { QM9_MOLECULES, QM9_UNCHARACTERIZED, qm9Split } from "./qm9-split.ts";

/** A file as figshare states it. */
export interface PublishedFile {
  readonly name: string;
  readonly bytes: number;
  /** In hexadecimal. */
  readonly md5: string;
  /** Number of the file at figshare. */
  readonly figshare: number;
}

/** What is published, and how much of it trains. */
export interface Qm9Source {
  readonly archive: PublishedFile;
  readonly uncharacterized: PublishedFile;
  readonly molecules: number;
  readonly uncharacterizedMolecules: number;
  readonly trainMolecules: number;
}

/** Sizes and checksums as figshare states them. */
export const QM9_SOURCE: Qm9Source = {
  archive: {
    name: "dsgdb9nsd.xyz.tar.bz2",
    bytes: 86_144_227,
    md5: "ad1ebd51ee7f5b3a6e32e974e5d54012",
    figshare: 3195389,
  },
  uncharacterized: {
    name: "uncharacterized.txt",
    bytes: 486_752,
    md5: "a361887bacb427b8a0ce7903d92a53b4",
    figshare: 3195404,
  },
  molecules: QM9_MOLECULES,
  uncharacterizedMolecules: QM9_UNCHARACTERIZED,
  trainMolecules: 100_000,
};

/**
 * The indices in `uncharacterized.txt`: the lines that begin with a whole number.
 * @throws WorkError when there are not as many as published
 */
export function uncharacterizedIds(text: string, file: string, source: Qm9Source): ReadonlySet<number> {
  const ids = new Set([...text.matchAll(/^\s*(\d+)(?=\s|$)/gm)].map(([, id]) => Number(id)));
  if (ids.size !== source.uncharacterizedMolecules) {
    throw new WorkError(
      `${file}: ${ids.size} molecules are listed, expected ${source.uncharacterizedMolecules}`,
    );
  }
  return ids;
}

/**
 * Reads the molecules that are not dropped, in the three parts, each by increasing index.
 * @throws WorkError when the archive cannot be unpacked, or a molecule is missing, twice there, or unknown
 * @throws InputError when a record is malformed
 */
export async function readQm9Archive(
  file: string,
  dropped: ReadonlySet<number>,
  source: Qm9Source,
  onProgress: (molecules: number) => void = () => {},
): Promise<Readonly<Record<Split, MoleculeSet>>> {
  const all = Array.from({ length: source.molecules }, (_, i) => i + 1);
  const split = qm9Split(
    all.filter((id) => !dropped.has(id)),
    source.trainMolecules,
  );
  const partOf = new Map<number, Split>();
  for (const part of SPLITS) for (const id of split[part]) partOf.set(id, part);

  const builders = { train: moleculeSetBuilder(), valid: moleculeSetBuilder(), test: moleculeSetBuilder() };
  const seen = new Set<number>();
  for await (const { name, text } of tarBz2Files(file)) {
    if (!name.endsWith(".xyz")) continue;
    const molecule = parseQm9(text, `${file}:${name}`);
    const id = molecule.properties?.gdb;
    const part = typeof id === "number" ? partOf.get(id) : undefined;
    if (typeof id !== "number" || seen.has(id) || (part === undefined && !dropped.has(id))) {
      throw new WorkError(`${file}: ${name} has the index ${id}, which is not one of QM9 or occurs twice`);
    }
    seen.add(id);
    if (part !== undefined) builders[part].add(molecule);
    if (seen.size % 1_000 === 0) onProgress(seen.size);
  }
  if (seen.size !== source.molecules) {
    throw new WorkError(`${file}: holds ${seen.size} molecules, expected ${source.molecules}`);
  }
  onProgress(seen.size);
  return { train: builders.train.finish(), valid: builders.valid.finish(), test: builders.test.finish() };
}

/** The text files of a `.tar.bz2` in turn. */
async function* tarBz2Files(file: string): AsyncGenerator<{ readonly name: string; readonly text: string }> {
  const packed = createReadStream(file, { highWaterMark: 1 << 20 });
  const plain = new Readable().wrap(packed.pipe(unbzip2()));
  packed.on("error", (error) => plain.destroy(error));
  try {
    const entries = (Readable.toWeb(plain) as ReadableStream<Uint8Array>).pipeThrough(createTarDecoder());
    for await (const entry of entries) {
      const text = await new Response(entry.body).text();
      if (entry.header.type === "file") yield { name: entry.header.name, text };
    }
  } catch (error) {
    if (error instanceof InputError || error instanceof WorkError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new WorkError(`${file}: cannot be unpacked (${reason})`, { cause: error });
  } finally {
    packed.destroy();
  }
}
