import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ProgressKeeper, type LogPosition } from './progress-keeper.ts';

const fromStart: LogPosition = { lowWaterMark: 0, doneRanges: [] };

const covers = (position: LogPosition, seq: number): boolean =>
  seq < position.lowWaterMark || position.doneRanges.some(([first, last]) => first <= seq && seq <= last);

describe('ProgressKeeper', () => {
  it('moves the mark to the first live operation and keeps terminal ones above it as ranges', () => {
    const keeper = new ProgressKeeper(fromStart);
    for (const seq of [0, 1, 2, 1024, 1025]) keeper.admit(seq);
    keeper.read(2048);
    for (const seq of [0, 2, 1025]) keeper.done(seq);
    expect(keeper.position()).toEqual({
      lowWaterMark: 1,
      doneRanges: [
        [2, 1023],
        [1025, 2047],
      ],
    });
    expect(keeper.live).toBe(2);
  });

  it('moves the mark past everything read when nothing is live, also over gaps in the log', () => {
    const keeper = new ProgressKeeper(fromStart);
    keeper.admit(5);
    keeper.read(3 * 1024);
    keeper.done(5);
    expect(keeper.position()).toEqual({ lowWaterMark: 3072, doneRanges: [] });
  });

  it('counts the operations from the first live one on, not the seqs between them', () => {
    const keeper = new ProgressKeeper({ lowWaterMark: 0, doneRanges: [] });
    for (const seq of [0, 1024, 2048, 3072]) keeper.admit(seq);
    keeper.done(0);
    keeper.done(2048);
    expect([keeper.span, keeper.live]).toEqual([3, 2]);
    for (const seq of [1024, 3072]) keeper.done(seq);
    expect([keeper.span, keeper.live]).toEqual([0, 0]);
  });

  it('keeps ranges finished by an earlier generation above the last seq read', () => {
    const keeper = new ProgressKeeper({
      lowWaterMark: 10,
      doneRanges: [
        [12, 20],
        [4000, 5000],
      ],
    });
    expect([9, 10, 12, 20, 21, 4500].map((seq) => keeper.isWanted(seq))).toEqual([
      false,
      true,
      false,
      false,
      true,
      false,
    ]);
    keeper.admit(10);
    keeper.read(1024);
    expect(keeper.position()).toEqual({
      lowWaterMark: 10,
      doneRanges: [
        [11, 1023],
        [4000, 5000],
      ],
    });
    keeper.done(10);
    expect(keeper.position()).toEqual({ lowWaterMark: 1024, doneRanges: [[4000, 5000]] });
  });

  it('ignores repeated reports, and reports of unread operations', () => {
    const keeper = new ProgressKeeper(fromStart);
    keeper.admit(3);
    keeper.done(99);
    keeper.done(3);
    keeper.done(3);
    expect(keeper.live).toBe(0);
    expect(keeper.isWanted(3)).toBe(false);
  });

  it('drops the highest ranges when there are too many of them', () => {
    const keeper = new ProgressKeeper(fromStart);
    for (let seq = 0; seq < 10; seq++) keeper.admit(seq);
    for (const seq of [1, 3, 5, 7]) keeper.done(seq);
    expect(keeper.position(2)).toEqual({
      lowWaterMark: 0,
      doneRanges: [
        [1, 1],
        [3, 3],
      ],
    });
  });

  it('covers exactly the operations that are read and not live, over any history of two generations', () => {
    const history = fc.record({
      gaps: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 80 }),
      ends: fc.array(fc.nat(), { maxLength: 120 }),
      readTo: fc.nat({ max: 4000 }),
    });
    fc.assert(
      fc.property(history, history, (first, second) => {
        const terminal = new Set<number>();
        const log: number[] = [];
        let position: LogPosition = fromStart;
        let end = 0;
        for (const { gaps, ends, readTo } of [first, second]) {
          // A successor reads the log from the mark on, with later operations appended.
          const keeper = new ProgressKeeper(position);
          for (const gap of gaps) log.push((end += gap));
          end = Math.max(end + 1, readTo);
          const admitted = log.filter((seq) => keeper.isWanted(seq));
          for (const seq of admitted) keeper.admit(seq);
          keeper.read(end);
          for (const pick of ends) {
            const seq = admitted[pick % Math.max(1, admitted.length)];
            if (seq === undefined) continue;
            keeper.done(seq);
            terminal.add(seq);
          }
          position = keeper.position();
          const live = log.filter((seq) => !terminal.has(seq));
          expect(keeper.live).toBe(live.length);
          expect(log.filter((seq) => !covers(position, seq))).toEqual(live);
          const ascending = position.doneRanges.every(
            ([from, to], at) => from <= to && from > (position.doneRanges[at - 1]?.[1] ?? position.lowWaterMark),
          );
          expect(ascending).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});
