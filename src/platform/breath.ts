/** Long synchronous work beside signals, progress bars and pages: where the event loop gets its turn. */

/** Lets the event loop turn. */
export const breath = (): Promise<void> =>
  new Promise((resume) => (typeof setImmediate === "function" ? setImmediate : setTimeout)(resume));

/** ms */
const BREATH_EVERY = 50;

/**
 * A function to await between short pieces of work; it lets the event loop turn where none did for long.
 * @returns a function that rejects with the signal's reason once that is aborted
 */
export function breather(signal?: AbortSignal): () => Promise<void> {
  let last = performance.now();
  return async () => {
    signal?.throwIfAborted();
    if (performance.now() - last < BREATH_EVERY) return;
    await breath();
    last = performance.now();
    signal?.throwIfAborted();
  };
}
