import { describe, expect, it } from '@jest/globals';
import { ManualClock } from './testing/manual-clock.ts';
import { WorkingTime } from './working-time.ts';

describe('WorkingTime', () => {
  it('stops while the channel does not work, and skips gaps and clock jumps', () => {
    const clock = new ManualClock(1_000);
    let isWorking = true;
    const time = new WorkingTime(clock, () => isWorking);
    const at = (ms: number): number => {
      clock.leap(ms);
      return time.now();
    };
    expect(at(500)).toBe(1_500);
    isWorking = false;
    expect(at(100)).toBe(1_600);
    expect(at(1_000)).toBe(1_600);
    isWorking = true;
    expect(at(10)).toBe(1_600);
    expect(at(10)).toBe(1_610);
    expect(at(3_600_000)).toBe(3_610);
    expect(at(-5_000)).toBe(3_610);
    expect(at(10)).toBe(3_620);
  });
});
