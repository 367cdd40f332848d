/** The distribution that the reverse process of symbols draws from, exact: over all states, where there are few. */
import { type Corruption, type KeepStep, reverseProbabilities } from "../../../diffusion/categorical.ts";

/** States that the sum may run over. */
const MOST_STATES = 5000;

/** Whether rows of one or two symbols have so few states, masks counted, that their distribution can be computed. */
export const isEnumerable = (columns: number, K: number): boolean =>
  columns <= 2 && (K + 1) ** columns <= MOST_STATES;

export interface SymbolProcess {
  readonly corruption: Corruption;
  readonly columns: number;
  readonly K: number;
  readonly T: number;
  /** κ before and at step k = 1 … T. */
  readonly keep: (k: number) => KeepStep;
  /** p̃ of corrupted symbols at step k. [n, columns] → [n, columns, K] */
  readonly predict: (x: Int32Array, k: number) => Promise<Float64Array>;
}

/**
 * p(x_0) = Σ over x_1 … x_T of p(x_T) Π p(x_{k−1} | x_k), the columns of a step independent of each other.
 * @returns by state, the first column slowest; the mask is symbol K. [(K + 1)^columns]
 */
export async function symbolDistribution(process: SymbolProcess): Promise<Float64Array> {
  const { corruption, columns, K, T, keep, predict } = process;
  const side = K + 1;
  const states = side ** columns;
  const symbolOf = (state: number, column: number): number =>
    Math.floor(state / side ** (columns - 1 - column)) % side;
  const isPure = (state: number): boolean =>
    Array.from({ length: columns }, (_, c) => symbolOf(state, c)).every((symbol) =>
      corruption === "uniform" ? symbol < K : symbol === K,
    );
  let p = Float64Array.from({ length: states }, (_, state) => Number(isPure(state)));
  const total = p.reduce((sum, value) => sum + value, 0);
  p = p.map((value) => value / total);
  for (let k = T; k >= 1; k--) {
    const alive = Array.from({ length: states }, (_, state) => state).filter((state) => p[state] > 0);
    const x = Int32Array.from(
      alive.flatMap((state) => Array.from({ length: columns }, (_, c) => symbolOf(state, c))),
    );
    const predicted = await predict(x, k);
    const next = new Float64Array(states);
    alive.forEach((state, i) => {
      const step = Array.from({ length: columns }, (_, c) => {
        const at = i * columns + c;
        return reverseProbabilities(corruption, keep(k), x[at], predicted.subarray(at * K, (at + 1) * K));
      });
      const [first, second] = step;
      for (let a = 0; a < side; a++) {
        const mass = p[state] * first[a];
        if (mass === 0) continue;
        if (second === undefined) next[a] += mass;
        else for (let b = 0; b < side; b++) next[a * side + b] += mass * second[b];
      }
    });
    p = next;
  }
  return p;
}
