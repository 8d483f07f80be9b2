/** A seeded random generator: the same seed gives the same load on every machine. */
export interface Random {
  next(): number;
  /** Whole number in [0, bound). */
  below(bound: number): number;
  pick<T>(items: readonly T[]): T;
  /** Fixed-length lower-case hex. */
  hex(length: number): string;
}

/** sfc32 by Chris Doty-Humphrey (PractRand): small, fast, and good enough for load generation. */
export function seededRandom(seed: number): Random {
  let a = 0x9e3779b9 | 0;
  let b = 0x243f6a88 | 0;
  let c = seed | 0;
  let counter = 1;
  const next = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return (t >>> 0) / 4_294_967_296;
  };
  for (let i = 0; i < 12; i += 1) next(); // the first numbers still depend visibly on the seed
  const below = (bound: number) => Math.floor(next() * bound);
  return {
    next,
    below,
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error('cannot pick from an empty list');
      return item;
    },
    hex: (length) => Array.from({ length }, () => below(16).toString(16)).join(''),
  };
}

/**
 * Zipf's law over ranks 0..size-1: rank r has weight 1 / (r + 1)^skew; skew 0 is uniform.
 * Draws by bisection of the cumulative weights: O(log size) per draw, 8 bytes per rank.
 */
export function zipf(random: Random, size: number, skew: number): () => number {
  const cumulative = new Float64Array(size);
  let total = 0;
  for (let rank = 0; rank < size; rank += 1) {
    total += 1 / (rank + 1) ** skew;
    cumulative[rank] = total;
  }
  return () => {
    const target = random.next() * total;
    let low = 0;
    let high = size - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] ?? 0) <= target) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
