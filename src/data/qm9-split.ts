/**
 * The split of QM9 that EGNN (Satorras et al. 2021) and EDM (Hoogeboom et al. 2022) train on: NumPy's legacy
 * RandomState(0).permutation over the kept molecules sorted by index; the first 100,000 train, the last
 * ⌊0.1 M⌋ test, those between validate. RandomState is MT19937 (Matsumoto & Nishimura 1998) with the seeding
 * of 2002 and a Fisher–Yates shuffle by masked rejection, which NumPy keeps frozen (NEP 19).
 */

const N = 624;
const M = 397;

/** Words of MT19937 as `numpy.random.RandomState(seed)` yields them. */
function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(N);
  state[0] = seed;
  for (let i = 1; i < N; i++) {
    const previous = state[i - 1] ^ (state[i - 1] >>> 30);
    state[i] = Math.imul(previous, 1812433253) + i;
  }
  let position = N;
  return () => {
    if (position === N) {
      for (let i = 0; i < N; i++) {
        const y = (state[i] & 0x80000000) | (state[(i + 1) % N] & 0x7fffffff);
        state[i] = state[(i + M) % N] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      position = 0;
    }
    let y = state[position++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  };
}

/**
 * `numpy.random.RandomState(seed).permutation(n)`, number for number.
 * @param seed integer in [0, 2^32)
 */
export function numpyPermutation(seed: number, n: number): Uint32Array {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new RangeError(`seed of RandomState must be an integer in [0, 2^32), got ${seed}`);
  }
  const next = mersenneTwister(seed);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const mask = 0xffffffff >>> Math.clz32(i);
    let j = (next() & mask) >>> 0;
    while (j > i) j = (next() & mask) >>> 0;
    const held = order[i];
    order[i] = order[j];
    order[j] = held;
  }
  return order;
}

/** Indices of the QM9 data base (1-based, as in `dsgdb9nsd_000001.xyz`) of the three parts. */
export interface Qm9Split {
  readonly train: Uint32Array;
  readonly valid: Uint32Array;
  readonly test: Uint32Array;
}

/** Molecules of QM9, of which 3,054 are marked as uncharacterized (their geometry changed its bonds). */
export const QM9_MOLECULES = 133_885;
export const QM9_UNCHARACTERIZED = 3_054;

/**
 * Splits the kept molecules as EGNN and EDM do. For the whole of QM9: 100,000 / 17,748 / 13,083.
 *
 * @param kept indices of the molecules kept; order does not matter
 * @param trainCount size of the training part
 */
export function qm9Split(kept: Iterable<number>, trainCount = 100_000): Qm9Split {
  const ids = Uint32Array.from(kept).sort();
  const testCount = Math.floor(0.1 * ids.length);
  const validEnd = ids.length - testCount;
  if (trainCount > validEnd) {
    throw new RangeError(
      `${ids.length} molecules leave no room for ${trainCount} of training beside the test part`,
    );
  }
  const drawn = numpyPermutation(0, ids.length).map((position) => ids[position]);
  return {
    train: drawn.slice(0, trainCount),
    valid: drawn.slice(trainCount, validEnd),
    test: drawn.slice(validEnd),
  };
}
