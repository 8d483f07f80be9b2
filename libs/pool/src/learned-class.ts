import type { WorkloadClass } from './workload-class.ts';

const runsMin = 5;
const slowMs = 250;
const fastMs = 100;
const rowsMany = 10_000;
/** Weight of a run in the moving average of rows. */
const rowsWeight = 0.2;
/** After `memory` runs, the class is judged once in this many runs. */
const judgedEvery = 8;
/** Runs that the histogram remembers: its counts are halved when it holds twice as many. */
const memory = 64;
/** Upper bounds of the histogram of durations in ms, about a factor of the square root of two apart; the limits above are among them. */
const bounds = [
  1, 1.4, 2, 2.8, 4, 5.6, 8, 11, 16, 23, 32, 45, 64, 100, 128, 180, 250, 360, 512, 724, 1_024, 2_048, 5_792, 23_170,
];

/**
 * Learns the class of a query fingerprint from its runs. After at least five runs, a p95 above 250 ms or a mean above 10,000 rows makes
 * it slow (analytical); a p95 of at most 100 ms with at most 10,000 rows makes it fast again. About 300 bytes.
 */
export class LearnedClass {
  readonly #counts = new Float32Array(bounds.length + 1);
  #total = 0;
  #runs = 0;
  #rows = 0;
  #verdict: 'slow' | 'fast' | undefined;

  /** Undefined: not enough runs yet. */
  get verdict(): 'slow' | 'fast' | undefined {
    return this.#verdict;
  }

  /** @param durationMs time at the backend, without waits in the queue or for the client */
  ran(durationMs: number, rows: number): void {
    this.#runs += 1;
    this.#rows = this.#runs === 1 ? rows : this.#rows + (rows - this.#rows) * rowsWeight;
    let place = 0;
    while (place < bounds.length && durationMs > (bounds[place] as number)) place += 1;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#total += 1;
    if (this.#total >= 2 * memory) this.#halve();
    if (this.#runs >= runsMin && (this.#runs < memory || this.#runs % judgedEvery === 0)) this.#judge();
  }

  /** The 95th percentile of durations, rounded up to a bound of the histogram; 0 without runs. */
  p95Ms(): number {
    let left = this.#total * 0.95;
    for (let place = 0; place < this.#counts.length; place += 1) {
      left -= this.#counts[place] as number;
      if (left <= 0 && this.#total > 0) return bounds[place] ?? Infinity;
    }
    return this.#total > 0 ? Infinity : 0;
  }

  #judge(): void {
    const p95Ms = this.p95Ms();
    if (p95Ms > slowMs || this.#rows > rowsMany) this.#verdict = 'slow';
    else if (p95Ms <= fastMs) this.#verdict = 'fast';
    // Between the limits the verdict stays as it was (hysteresis).
  }

  #halve(): void {
    for (const [place, count] of this.#counts.entries()) this.#counts[place] = count / 2;
    this.#total /= 2;
  }
}

/** Learned classes by fingerprint; the least recently used are dropped above `fingerprintsMax`. */
export class LearnedClasses {
  readonly #of = new Map<string, LearnedClass>();
  readonly #fingerprintsMax: number;

  constructor(fingerprintsMax: number) {
    this.#fingerprintsMax = fingerprintsMax;
  }

  ran(fingerprint: string, durationMs: number, rows: number): void {
    const known = this.#of.get(fingerprint);
    const learned = known ?? new LearnedClass();
    learned.ran(durationMs, rows);
    // The order of use matters only once the map is nearly full.
    if (known !== undefined && this.#of.size < this.#fingerprintsMax / 2) return;
    this.#of.delete(fingerprint);
    this.#of.set(fingerprint, learned);
    if (this.#of.size <= this.#fingerprintsMax) return;
    const [oldest] = this.#of.keys();
    if (oldest !== undefined) this.#of.delete(oldest);
  }

  /** The class of a statement. @param looksLike its class by its text; vector, bulk and admin work keep that class however long they take */
  classOf(fingerprint: string, looksLike: WorkloadClass): WorkloadClass {
    const verdict = this.#of.get(fingerprint)?.verdict;
    if (looksLike === 'interactive' && verdict === 'slow') return 'analytical';
    if (looksLike === 'analytical' && verdict === 'fast') return 'interactive';
    return looksLike;
  }
}
