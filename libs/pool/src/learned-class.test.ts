import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LearnedClass, LearnedClasses } from './learned-class.ts';

function after(runs: readonly (readonly [durationMs: number, rows: number, times: number])[]): LearnedClass {
  const learned = new LearnedClass();
  for (const [durationMs, rows, times] of runs) for (let run = 0; run < times; run += 1) learned.ran(durationMs, rows);
  return learned;
}

describe('a learned class', () => {
  it.each([
    ['nothing from four runs', [[900, 1, 4]], undefined],
    ['slow from five runs above 250 ms', [[251, 1, 5]], 'slow'],
    ['nothing from 250 ms', [[250, 1, 50]], undefined],
    ['fast from 100 ms', [[100, 1, 5]], 'fast'],
    ['nothing from 101 ms', [[101, 1, 50]], undefined],
    ['slow from more than 10,000 rows, however fast', [[3, 10_001, 5]], 'slow'],
    ['fast from 10,000 rows', [[3, 10_000, 5]], 'fast'],
    [
      'fast with one slow run in thirty',
      [
        [3, 1, 29],
        [900, 1, 1],
      ],
      'fast',
    ],
    [
      'slow with one slow run in ten',
      [
        [3, 1, 27],
        [900, 1, 3],
      ],
      'slow',
    ],
    [
      'slow for as long as it stays above 100 ms',
      [
        [900, 1, 10],
        [200, 1, 500],
      ],
      'slow',
    ],
    [
      'fast again when the slow runs are forgotten',
      [
        [900, 1, 10],
        [90, 1, 500],
      ],
      'fast',
    ],
    [
      'fast for as long as it stays below 250 ms',
      [
        [3, 1, 10],
        [200, 1, 500],
      ],
      'fast',
    ],
  ] as const)('is %s', (_, runs, verdict) => {
    expect(after(runs).verdict).toBe(verdict);
  });

  it('has a p95 that is not below the true one of its last runs, and at most one bound above', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 5, maxLength: 100 }), (durations) => {
        const learned = after(durations.map((ms) => [ms, 1, 1] as const));
        const sorted = durations.toSorted((one, other) => one - other);
        const truth = sorted[Math.ceil(durations.length * 0.95) - 1]!;
        expect(learned.p95Ms()).toBeGreaterThanOrEqual(truth);
        expect(learned.p95Ms()).toBeLessThanOrEqual(Math.max(1, truth * 3));
      }),
    );
  });

  it('is dropped for the least recently used fingerprint', () => {
    const classes = new LearnedClasses(2);
    for (const fingerprint of ['a', 'b', 'a', 'c'])
      for (let run = 0; run < 5; run += 1) classes.ran(fingerprint, 900, 1);
    const known = ['a', 'b', 'c'].map((one) => classes.classOf(one, 'interactive'));
    expect(known).toEqual(['analytical', 'interactive', 'analytical']);
  });
});

describe('the class of a statement', () => {
  it.each([
    ['interactive', 3, 'interactive'],
    ['interactive', 900, 'analytical'],
    ['analytical', 200, 'analytical'],
    ['analytical', 3, 'interactive'],
    ['vector', 900, 'vector'],
    ['bulk', 3, 'bulk'],
    ['admin', 900, 'admin'],
  ] as const)('that looks %s and takes %d ms is %s', (looksLike, durationMs, expected) => {
    const classes = new LearnedClasses(2);
    expect(classes.classOf('a', looksLike)).toBe(looksLike);
    for (let run = 0; run < 5; run += 1) classes.ran('a', durationMs, 1);
    expect(classes.classOf('a', looksLike)).toBe(expected);
  });
});
