/** Clearing away what killed processes left: unfinished files, and locks that nobody holds. */
import { readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { breakIfEnded } from "./lock.ts";
import { leftoverOf } from "./unfinished.ts";

/** Clears the folder, and what is below it where asked for. What cannot be removed stays. */
export async function sweep(folder: string, { below = false } = {}): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: below }).catch(() => []);
  for (const { name, parentPath } of entries) {
    const path = join(parentPath, name);
    if (leftoverOf(name) !== undefined)
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
    else if (name.startsWith(".") && name.endsWith(".lock")) breakIfEnded(path);
  }
}

const swept = new Set<string>();

/** As `sweep`, of each folder once in the life of this process. */
export async function sweepOnce(folder: string): Promise<void> {
  const path = resolve(folder);
  if (swept.has(path)) return;
  swept.add(path);
  await sweep(path);
}
