import { describe, expect, it } from '@jest/globals';
import { since1970 } from './since-1970.ts';

describe('milliseconds since 1970', () => {
  it('keep the order and distances of the monotonic clock, and follow the wall clock when it is set', () => {
    let [nowMs, setByMs] = [0.25, 0];
    const epochOf = since1970(
      () => nowMs,
      () => Math.floor(1_700_000_000_000.5 + nowMs + setByMs),
    );
    const begun = epochOf(0.25);
    for (; nowMs < 20; nowMs += 0.3) expect(epochOf(nowMs) - begun).toBeCloseTo(nowMs - 0.25, 3);
    expect(Math.abs(epochOf(nowMs) - (1_700_000_000_000.5 + nowMs))).toBeLessThanOrEqual(1);
    setByMs = 5_000;
    expect(Math.abs(epochOf(nowMs) - (1_700_000_005_000.5 + nowMs))).toBeLessThanOrEqual(1);
  });

  it('do not change when the process is stopped between reading the clocks', () => {
    let [nowMs, before, behind] = [0, 0, 0];
    const wall = (): number => {
      const wallMs = Math.floor(1_700_000_000_000 + (nowMs += before));
      nowMs += behind;
      return wallMs;
    };
    const epochOf = since1970(() => nowMs, wall);
    const moment = epochOf(0);
    for ([before, behind] of [
      [50, 0],
      [0, 50],
      [0, 0],
    ] as const)
      expect(epochOf(0)).toBe(moment);
  });
});
