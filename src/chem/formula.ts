/** Molecular formulas in the order of Hill (1900): C, H, then by symbol; by symbol alone without carbon. */
import { symbolOf } from "./elements.ts";

/** Counts of each element in Hill order: [["C", 2], ["H", 6], ["O", 1]]. */
export function hillCounts(atomicNumbers: Iterable<number>): [string, number][] {
  const counts = new Map<string, number>();
  for (const z of atomicNumbers) counts.set(symbolOf(z), (counts.get(symbolOf(z)) ?? 0) + 1);
  const first = counts.has("C") ? ["C", "H"] : [];
  const rank = (symbol: string) => (first.includes(symbol) ? first.indexOf(symbol) : first.length);
  return [...counts].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** "C2H6O". */
export function hillFormula(atomicNumbers: Iterable<number>): string {
  return hillCounts(atomicNumbers)
    .map(([symbol, count]) => (count === 1 ? symbol : `${symbol}${count}`))
    .join("");
}
