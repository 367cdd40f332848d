/** Unfinished files and folders: `.NAME.OWNER-RANDOM.tmp`, beside what they will become. */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { markHasEnded, ownerMark } from "./owner.ts";

const UNFINISHED = /^\.(.*)\.(\d+-[0-9a-f]{8}-(?:[0-9a-f]{8}|0))-[0-9a-f]{12}\.tmp$/su;
/** Bytes of the name that are kept: names have at most 255. */
const KEPT = 200;

/** A name that no one else has, beside the target. */
export function unfinishedBeside(target: string): string {
  const name = cut(basename(target));
  return join(dirname(target), `.${name}.${ownerMark()}-${randomBytes(6).toString("hex")}.tmp`);
}

function cut(name: string): string {
  let kept = "";
  for (const character of name) {
    if (Buffer.byteLength(kept + character) > KEPT) break;
    kept += character;
  }
  return kept;
}

/** The name of what it was to become, when it is an unfinished file whose process has ended. */
export function leftoverOf(name: string): string | undefined {
  const [, target, mark] = UNFINISHED.exec(name) ?? [];
  return mark !== undefined && markHasEnded(mark) ? target : undefined;
}

/** What this process is making; when it is interrupted it takes them with it. */
const own = new Set<string>();
process.on("exit", () => {
  for (const path of own) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // Nothing more can be done.
    }
  }
});

/** Removes the file or folder should the process end before it is `settled`. */
export function removeAtExit(path: string): void {
  own.add(path);
}

/** It is in its place, or gone. */
export function settled(path: string): void {
  own.delete(path);
}
