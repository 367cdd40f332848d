/**
 * Adaptive gradient clipping as EDM's published training does it: the limit is 1.5 × mean + 2 × standard deviation
 * of the last 50 (clipped) norms; the queue starts with one entry of 3000.
 */

const QUEUE_LENGTH = 50;

/** Norms of the last steps, newest first. */
export type ClipQueue = number[];

export const createClipQueue = (): ClipQueue => [3000];

/** Largest norm that the queue allows. */
export function allowedNorm(queue: readonly number[]): number {
  const mean = queue.reduce((sum, norm) => sum + norm, 0) / queue.length;
  const variance = queue.reduce((sum, norm) => sum + (norm - mean) ** 2, 0) / queue.length;
  return 1.5 * mean + 2 * Math.sqrt(variance);
}

/** Factor by which the gradient is to be multiplied; remembers the norm. */
export function clipFactor(queue: ClipQueue, norm: number): number {
  const limit = allowedNorm(queue);
  queue.unshift(Math.min(norm, limit));
  if (queue.length > QUEUE_LENGTH) queue.pop();
  return norm > limit ? limit / (norm + 1e-6) : 1;
}

/** Factor by "adaptive" clipping, none, or a fixed limit of the norm. */
export function gradientScale(
  clipping: "adaptive" | "none" | number,
  queue: ClipQueue,
  norm: number,
): number {
  if (clipping === "adaptive") return clipFactor(queue, norm);
  return clipping === "none" ? 1 : Math.min(1, clipping / norm);
}
