import { describe, expect, it } from '@jest/globals';
import { Latencies } from './latencies.ts';

const latenciesOf = (...all: readonly number[]): Latencies => {
  const latencies = new Latencies();
  for (const ms of all) latencies.add(ms);
  return latencies;
};
const quantilesOf = (latencies: Latencies): number[] => [0.5, 0.99].map((share) => latencies.quantile(share));

describe('a latency histogram', () => {
  it('bounds a quantile from above, but never above the longest', () => {
    expect(quantilesOf(latenciesOf(1.2, 1.2, 1.2, 260))).toEqual([1.5, 260]);
    expect(quantilesOf(latenciesOf(0.02))).toEqual([0.02, 0.02]);
    expect(quantilesOf(latenciesOf(1, 90_000))).toEqual([1, 90_000]);
    expect(quantilesOf(latenciesOf())).toEqual([0, 0]);
  });

  it('adds up with the longest of both, and can be reset', () => {
    const sum = latenciesOf(3);
    sum.addAll(latenciesOf(210));
    expect([sum.maxMs, ...quantilesOf(sum)]).toEqual([210, 3, 210]);
    sum.clear();
    expect([sum.maxMs, ...quantilesOf(sum)]).toEqual([0, 0, 0]);
  });
});
