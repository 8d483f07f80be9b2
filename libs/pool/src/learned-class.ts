import type { WorkloadClass } from './workload-class.ts';

const runsMin = 5;
const slowMs = 250;
const fastMs = 100;
const rowsMany = 10_000;
/** How much a run weighs in the mean of rows. */
const rowsWeight = 0.2;
/** What has run often is looked at once in so many runs. */
const judgedEvery = 8;
/** Runs that the durations remember: at twice as many, all are halved. */
const memory = 64;
/** Bounds of the durations, a factor of the square root of two apart: 1 ms to 23 s. The rules' own limits are among them. */
const bounds = [
  1, 1.4, 2, 2.8, 4, 5.6, 8, 11, 16, 23, 32, 45, 64, 100, 128, 180, 250, 360, 512, 724, 1_024, 2_048, 5_792, 23_170,
];

/**
 * What runs of one fingerprint have shown. Analytical from a p95 above 250 ms or 10,000 rows on, over five runs at least; back below
 * 100 ms and 10,000 rows. About 300 bytes.
 */
export class LearnedClass {
  readonly #counts = new Float32Array(bounds.length + 1);
  #total = 0;
  #runs = 0;
  #rows = 0;
  #verdict: 'slow' | 'fast' | undefined;

  /** `fast` and `slow` are known, undefined is not. */
  get verdict(): 'slow' | 'fast' | undefined {
    return this.#verdict;
  }

  /** @param durationMs of the backend, without what it waited in the queue or for its client */
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

  /** The upper bound of the step that the 95th of a hundred runs ended in. */
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
    // Between the two a slow one stays slow, and one that was not is not.
  }

  #halve(): void {
    for (const [place, count] of this.#counts.entries()) this.#counts[place] = count / 2;
    this.#total /= 2;
  }
}

/** What is known of each fingerprint; of those not seen for longest it forgets. */
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
    // Who was seen last matters only where somebody will soon have to go.
    if (known !== undefined && this.#of.size < this.#fingerprintsMax / 2) return;
    this.#of.delete(fingerprint);
    this.#of.set(fingerprint, learned);
    if (this.#of.size <= this.#fingerprintsMax) return;
    const [oldest] = this.#of.keys();
    if (oldest !== undefined) this.#of.delete(oldest);
  }

  /** What a statement is that looks like this. Vector searches, bulk and admin work are what they look like, however long they take. */
  classOf(fingerprint: string, looksLike: WorkloadClass): WorkloadClass {
    const verdict = this.#of.get(fingerprint)?.verdict;
    if (looksLike === 'interactive' && verdict === 'slow') return 'analytical';
    if (looksLike === 'analytical' && verdict === 'fast') return 'interactive';
    return looksLike;
  }
}
