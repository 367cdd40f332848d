/** What a program says at its end when something was thrown: one line for the user, the stack for a bug. */
import { InputError, WorkError } from "../errors.ts";
import { plain } from "./plain-text.ts";

/** Prints the error as it deserves on stderr and returns the exit code: 2 bad input, 1 failed while working. */
export function reportError(error: unknown): number {
  const expected = error instanceof InputError || error instanceof WorkError || isSystemError(error);
  if (expected) {
    console.error(oneLine(error.message));
    return error instanceof InputError || (isSystemError(error) && !FAILURES.has(error.code ?? "")) ? 2 : 1;
  }
  console.error("equimol: an error that should not happen. Please report it with the lines below.");
  console.error(plain(error instanceof Error ? (error.stack ?? error.message) : String(error)));
  return 1;
}

/** Failures of the machine; every other one of the file system is a path, or a disk, that the user can mend. */
const FAILURES: ReadonlySet<string> = new Set(["EIO", "EMFILE", "ENFILE"]);

const oneLine = (message: string): string => plain(message.replace(/\s*[\n\r]\s*/g, " "));

/** A file or folder that cannot be opened or written, where nobody nearer to it has said so in better words. */
const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "code" in error && "syscall" in error && "path" in error;
