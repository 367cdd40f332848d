/** How this program was called, for the commands that a user is told to run next. */
import { basename, relative } from "node:path";

/** "equimol" where it is installed, "node bin/equimol.js" from a clone. */
export function program(script = process.argv[1] ?? "", folder = process.cwd()): string {
  return basename(script) === "equimol.js" ? `node ${quoted(relative(folder, script))}` : "equimol";
}

/** The word as a shell takes it. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./\\-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
