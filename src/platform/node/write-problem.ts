/** Why something could not be written, in words for the user. What they can mend, a full disk too, is InputError. */
import { access, constants, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { InputError, WorkError } from "../../errors.ts";

/**
 * Runs an operation of the file system that makes or writes `path`.
 * @throws InputError when the place is not usable or full, WorkError when the disk fails; other errors as they are
 */
export async function writing<T>(path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw writeProblem(error, path);
  }
}

/** Makes a folder and those above it, where they are not there yet. Throws as `writing` does. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw writeProblem((await refusal(path)) ?? error, path);
  }
}

/** Why nothing can be made below the nearest folder that there is; Node says of a disk that is read-only that a folder is missing. */
export async function refusal(path: string): Promise<unknown> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    try {
      await access(folder, constants.W_OK);
      return undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || folder === dirname(folder)) return error;
    }
  }
}

/** The error that says why `path` was not written; errors of other kinds are given back unchanged. */
export function writeProblem(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  const input = (message: string): InputError => new InputError(message, { file: path });
  switch (code) {
    case undefined:
      return error;
    case "ENOENT":
      return input("cannot be written: its folder does not exist; make the folder first");
    case "ENOTDIR":
    case "EEXIST":
      return input("cannot be written: a file is in the way where a folder is needed; choose another place");
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return input(`cannot be written: permission is denied (${code}); choose another place`);
    case "EISDIR":
      return input("is a folder; the name of a file was expected");
    case "ENAMETOOLONG":
    case "ELOOP":
      return input(`cannot be written: the name is not usable (${code}); choose another`);
    case "ENOSPC":
    case "EDQUOT":
      return input(
        "cannot be written: the disk is full; nothing was replaced. Make room, or choose another place",
      );
    default:
      return new WorkError(`${path}: writing failed (${code}); nothing was replaced`, { cause: error });
  }
}
