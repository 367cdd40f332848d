/** Counts by key, as a JSON object. */
export type Histogram = Readonly<Record<string, number>>;

/** Adds one to a count. */
export function tally(histogram: Record<string, number>, key: string | number, by = 1): void {
  histogram[key] = (histogram[key] ?? 0) + by;
}
