/** What data sets there are, and what each is: `equimol data list | show`. */

import { join, resolve } from "node:path";
import { InputError } from "../errors.ts";
import type { Reading } from "../formats/records.ts";
import { dataHome } from "../platform/node/home.ts";
import type { DatasetInfo } from "./dataset-info.ts";
import { datasetNames, findDataset, loadDataset, readDatasetInfo } from "./store.ts";

/** A data set below the home folder; `info` is missing and `problem` says why where `dataset.json` is damaged. */
export interface CatalogEntry {
  readonly name: string;
  readonly folder: string;
  readonly info?: DatasetInfo;
  readonly problem?: string;
}

/** All data sets below `home`, by name. */
export async function listDatasets(home = dataHome()): Promise<CatalogEntry[]> {
  return Promise.all(
    datasetNames(home).map(async (name) => {
      const folder = join(home, "data", name);
      try {
        return { name, folder, info: await readDatasetInfo(folder) };
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        return { name, folder, problem: error.message };
      }
    }),
  );
}

/**
 * What is known of a data set, given by name or folder, or of a molecule file, which is read for it.
 * @throws InputError when there is none, or it is damaged
 */
export async function describeDataset(
  nameOrPath: string,
  home = dataHome(),
  reading: Reading = {},
): Promise<{ readonly location: string; readonly info: DatasetInfo }> {
  const folder = findDataset(nameOrPath, home);
  const { info } = await loadDataset(nameOrPath, { ...reading, home });
  return { location: resolve(folder ?? nameOrPath), info };
}
