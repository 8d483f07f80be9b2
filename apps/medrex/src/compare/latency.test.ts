import { describe, expect, it } from '@jest/globals';
import { LatencyRecorder } from './latency.ts';

describe('latencies', () => {
  it('rise with the percentile up to the longest one', () => {
    const recorder = new LatencyRecorder();
    for (const ms of [1.234, 37.887, 165.375, 187.82]) recorder.record(ms);
    const { p50, p95, p99, p999, max } = recorder.summary()!;
    expect([p50, p95, p99, p999, max]).toEqual([p50, p95, p99, p999, max].sort((a, b) => a - b));
    expect(max).toBeCloseTo(187.82);
  });
});
