/**
 * SIGINT and SIGTERM end the program with 130 or 143. A verb that has something to save takes them over with
 * `onSignal`: the first signal is then its own to handle, a second one ends the program at once.
 */

export type Signal = "SIGINT" | "SIGTERM";

const EXIT_CODES: Readonly<Record<Signal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Exit code of a program that a signal ended. */
export const exitCodeOf = (signal: Signal): number => EXIT_CODES[signal];

let handler: ((signal: Signal) => void) | undefined;

/** Installs the handling; called once by the command line. */
export function handleSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      const first = handler;
      handler = undefined;
      if (first === undefined) process.exit(EXIT_CODES[signal]);
      first(signal);
    });
  }
}

/** Gives the first signal to `handle`; returns the function that takes this back. */
export function onSignal(handle: (signal: Signal) => void): () => void {
  handler = handle;
  return () => {
    if (handler === handle) handler = undefined;
  };
}
