/**
 * `equimol data fetch qm9`: QM9 as its authors published it (Ramakrishnan, Dral, Rupp, von Lilienfeld, Sci. Data
 * 2014; figshare collection 978904), without the molecules they list as uncharacterized, in the split of EGNN
 * and EDM. Archive and list stay below `<home>/downloads/qm9`; files put there by hand are used.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { WorkError } from "../errors.ts";
import { digestOfFile } from "../platform/node/digest.ts";
import { dataHome } from "../platform/node/home.ts";
import type { DatasetInfo } from "./dataset-info.ts";
import { download } from "./download.ts";
import {
  type PublishedFile,
  QM9_SOURCE,
  type Qm9Source,
  readQm9Archive,
  uncharacterizedIds,
} from "./qm9-archive.ts";
import { QM9_UNITS } from "./qm9-units.ts";
import { type DatasetPlace, holdingDataset, writeDataset } from "./store.ts";

/** How far it is: bytes while downloading, molecules while reading. */
export interface FetchProgress {
  readonly phase: "download" | "read";
  readonly done: number;
  readonly total: number;
}

/** Where QM9 comes from and what it is called. */
export interface FetchOptions extends DatasetPlace {
  /**
   * Where the two files are to be found by their names (`dsgdb9nsd.xyz.tar.bz2`, `uncharacterized.txt`).
   * Default: `$EQUIMOL_QM9_URL`, or figshare.
   */
  readonly baseUrl?: string;
  /** Default "qm9". */
  readonly name?: string;
  /** Default: `QM9_SOURCE`. */
  readonly source?: Qm9Source;
  /** Told of bytes and molecules as they come. */
  readonly onProgress?: (progress: FetchProgress) => void;
  /** See `DownloadOptions.pause`. */
  readonly pause?: number;
}

const WITHOUT_NETWORK =
  'without network, import files of your own ("equimol data import FILES… --name NAME") or make the built-in data set ("equimol data make minimol")';

/**
 * Downloads QM9 (what is not there yet) and writes it as a data set.
 * @throws WorkError when a download fails (with what to do instead) or the archive is not what it should be
 * @throws InputError when the name is bad or taken
 */
export const fetchQm9 = (options: FetchOptions = {}): Promise<DatasetInfo> =>
  holdingDataset({ ...options, name: options.name ?? "qm9" }, () => fetchHeld(options));

async function fetchHeld(options: FetchOptions): Promise<DatasetInfo> {
  const {
    name = "qm9",
    home = dataHome(),
    replace = false,
    source = QM9_SOURCE,
    onProgress,
    pause,
  } = options;
  const baseUrl = options.baseUrl ?? process.env.EQUIMOL_QM9_URL;
  const total = source.archive.bytes + source.uncharacterized.bytes;
  const local = async (published: PublishedFile, before: number): Promise<string> => {
    const file = join(home, "downloads", "qm9", published.name);
    const url =
      baseUrl === undefined ? figshareUrl(published) : `${baseUrl.replace(/\/+$/, "")}/${published.name}`;
    await download({
      url,
      file,
      bytes: published.bytes,
      md5: published.md5,
      pause,
      onProgress: (bytes) => onProgress?.({ phase: "download", done: before + bytes, total }),
    }).catch((error: unknown) => {
      throw error instanceof WorkError
        ? new WorkError(`${error.message}; ${WITHOUT_NETWORK}`, { cause: error })
        : error;
    });
    return file;
  };
  const list = await local(source.uncharacterized, 0);
  const archive = await local(source.archive, source.uncharacterized.bytes);

  const dropped = uncharacterizedIds(await readFile(list, "utf8"), list, source);
  const parts = await readQm9Archive(archive, dropped, source, (done) =>
    onProgress?.({ phase: "read", done, total: source.molecules }),
  );
  const files = [
    { file: source.archive.name, sha256: await digestOfFile("sha256", archive), molecules: source.molecules },
    { file: source.uncharacterized.name, sha256: await digestOfFile("sha256", list), molecules: 0 },
  ];
  return writeDataset({
    ...parts,
    name,
    home,
    replace,
    held: true,
    units: QM9_UNITS,
    provenance: {
      command: "data fetch qm9",
      sources: files,
      options: { split: "EGNN/EDM: numpy RandomState(0)" },
      dropped: { uncharacterized: dropped.size },
    },
  });
}

const figshareUrl = ({ figshare }: PublishedFile): string =>
  `https://ndownloader.figshare.com/files/${figshare}`;
