import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { initialLadderState, nextLadderState, rungs, type LoadFigures, type LadderState } from './overload-ladder.ts';

const calm: LoadFigures = { poolUse: 0.2, interactiveWaitMs: 0, patienceUse: 0, queueUse: 0, memoryUse: 0.3 };
const standingOn = (level: number): LadderState => ({ rung: rungs[level]!, calmSinceMs: undefined });
const levelAt = (figures: Partial<LoadFigures>): number =>
  nextLadderState(initialLadderState, { ...calm, ...figures }, 0).rung.level;

/** The levels after each of these steps, 1 s apart. */
function walk(from: number, figures: Partial<LoadFigures>, steps: number): readonly number[] {
  let standing = standingOn(from);
  return Array.from({ length: steps }, (_, at) => {
    standing = nextLadderState(standing, { ...calm, ...figures }, at * 1_000);
    return standing.rung.level;
  });
}

describe('the ladder', () => {
  it.each([
    [{}, 0],
    [{ poolUse: 1 }, 0], // busy, but nobody waits
    [{ poolUse: 0.8, interactiveWaitMs: 50 }, 1],
    [{ poolUse: 0.79, interactiveWaitMs: 50 }, 0],
    [{ interactiveWaitMs: 1_000 }, 2],
    [{ interactiveWaitMs: 5_000 }, 3],
    [{ interactiveWaitMs: 10_000, patienceUse: 10 / 120 }, 3],
    [{ patienceUse: 10 / 15 }, 4],
    [{ patienceUse: 14 / 15 }, 5],
    [{ queueUse: 0.5 }, 4],
    [{ queueUse: 0.9 }, 5],
    [{ memoryUse: 0.749 }, 0],
    [{ memoryUse: 0.75 }, 2],
    [{ memoryUse: 0.85 }, 4],
    [{ memoryUse: 0.9 }, 5],
    [{ memoryUse: 0.75, interactiveWaitMs: 5_000 }, 3],
  ])('is climbed at once: %j is level %i', (figures, level) => {
    expect(levelAt(figures)).toBe(level);
  });

  it('steps down one rung at a time, each after five calm seconds', () => {
    expect(walk(3, {}, 17)).toEqual([3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 0, 0]);
  });

  it.each([
    [3, { interactiveWaitMs: 4_000 }],
    [2, { interactiveWaitMs: 800 }],
    [4, { memoryUse: 0.81 }],
    [2, { memoryUse: 0.71 }],
    [5, { memoryUse: 0.86 }],
    [1, { poolUse: 0.7, interactiveWaitMs: 45 }],
  ])('is not left from level %i while the figures are only a little better: %j', (level, figures) => {
    expect(walk(level, figures, 20)).toEqual(Array.from({ length: 20 }, () => level));
  });

  it('restarts the count of calm seconds after one that was not calm', () => {
    let standing = standingOn(4);
    for (let second = 0; second < 60; second += 1) {
      const figures = second % 5 === 4 ? { ...calm, memoryUse: 0.82 } : calm;
      standing = nextLadderState(standing, figures, second * 1_000);
    }
    expect(standing.rung.level).toBe(4);
  });

  it('does on each rung what the rungs below it do', () => {
    const done = rungs.map(
      ({ isShrunk, isCacheOnly, isShedding, isClosed }) =>
        [isShrunk, isCacheOnly, isShedding, isClosed].filter(Boolean).length,
    );
    expect(done).toEqual([0, 1, 2, 2, 3, 4]);
  });

  it('is never below the rung that the figures ask for, and never steps down by more than one', () => {
    const figures = fc.record({
      poolUse: fc.double({ min: 0, max: 1, noNaN: true }),
      interactiveWaitMs: fc.nat(20_000),
      patienceUse: fc.double({ min: 0, max: 2, noNaN: true }),
      queueUse: fc.double({ min: 0, max: 1, noNaN: true }),
      memoryUse: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(figures, fc.nat(7_000)), { maxLength: 40 }), (history) => {
        let standing = initialLadderState;
        let nowMs = 0;
        for (const [now, afterMs] of history) {
          nowMs += afterMs;
          const before = standing.rung.level;
          standing = nextLadderState(standing, now, nowMs);
          expect(standing.rung.level).toBeGreaterThanOrEqual(Math.max(levelAt(now), before - 1));
        }
      }),
    );
  });
});
