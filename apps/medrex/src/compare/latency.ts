import { build, type Histogram } from 'hdr-histogram-js';

/** Percentiles in ms. */
export interface LatencySummary {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/**
 * Latencies from the intended send time to the end of the operation. Because the load is open loop and the intended time
 * is the start, a stalled server shows in every message that it delayed: no coordinated omission to correct for.
 */
export class LatencyRecorder {
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 3_600_000_000,
    numberOfSignificantValueDigits: 3,
  });

  /** Records a latency, capped at an hour. */
  record(ms: number): void {
    this.#histogram.recordValue(Math.min(3_600_000_000, Math.max(1, Math.round(ms * 1000))));
  }

  summary(): LatencySummary | undefined {
    if (this.#histogram.totalCount === 0) return undefined;
    const max = this.#histogram.maxValue / 1000;
    // A percentile is the upper bound of its bucket, which may exceed the maximum.
    const at = (percentile: number) => Math.min(max, this.#histogram.getValueAtPercentile(percentile) / 1000);
    return { p50: at(50), p95: at(95), p99: at(99), p999: at(99.9), max };
  }
}
