/** Upper bounds in ms: about 30 % apart in the range of most statements, so that percentiles are close. */
const boundsMs: readonly number[] = [
  ...[0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700],
  ...[1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 20_000, 60_000],
];

/** A histogram of durations. */
export class Latencies {
  readonly counts = new Float64Array(boundsMs.length + 1);
  /** The longest. */
  maxMs = 0;

  add(ms: number): void {
    if (ms > this.maxMs) this.maxMs = ms;
    let low = 0;
    let high = boundsMs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((boundsMs[middle] as number) < ms) low = middle + 1;
      else high = middle;
    }
    (this.counts[low] as number) += 1;
  }

  addAll(other: Latencies): void {
    for (let index = 0; index < this.counts.length; index++)
      (this.counts[index] as number) += other.counts[index] as number;
    this.maxMs = Math.max(this.maxMs, other.maxMs);
  }

  clear(): void {
    this.counts.fill(0);
    this.maxMs = 0;
  }

  /** The upper bound below which this share lies, but at most the longest; 0 if empty. */
  quantile(share: number): number {
    const all = this.counts.reduce((sum, count) => sum + count, 0);
    let left = share * all;
    for (const [index, count] of this.counts.entries()) {
      left -= count;
      if (left <= 0 && count > 0) return Math.min(boundsMs[index] ?? Infinity, this.maxMs);
    }
    return this.maxMs;
  }
}
