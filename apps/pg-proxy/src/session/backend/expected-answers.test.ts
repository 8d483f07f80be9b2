import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ExpectedAnswers, local, owed, hidden } from './expected-answers.ts';

const expecting = (...entries: number[]): ExpectedAnswers => {
  const expected = new ExpectedAnswers();
  for (const entry of entries) expected.push(entry);
  return expected;
};
const rest = (expected: ExpectedAnswers): number[] => {
  const entries: number[] = [];
  for (let entry = expected.shift(); entry !== owed.nothing; entry = expected.shift()) entries.push(entry);
  return entries;
};

describe('ExpectedAnswers', () => {
  it('keeps the order of any number of messages', () => {
    const entry = fc.constantFrom(owed.query, owed.parse, owed.bind | hidden, owed.close | local);
    fc.assert(
      fc.property(fc.array(fc.oneof(entry, fc.constant(0)), { maxLength: 300 }), (steps) => {
        const expected = new ExpectedAnswers();
        const oracle: number[] = [];
        for (const step of steps) {
          if (step === 0) expect(expected.shift()).toBe(oracle.shift() ?? 0);
          else {
            expected.push(step);
            oracle.push(step);
          }
        }
        expect(rest(expected)).toEqual(oracle);
      }),
    );
  });

  it('skips everything up to Sync after an error, and undoes it from the newest', () => {
    const undone: string[] = [];
    const expected = new ExpectedAnswers();
    expected.push(owed.parse, () => undone.push('one'));
    expected.push(owed.query);
    expected.push(owed.parse, () => undone.push('other'));
    expected.push(owed.sync);
    expected.push(owed.query);
    expected.failed();
    expect(undone).toEqual(['other', 'one']);
    expect(rest(expected)).toEqual([owed.sync, owed.query]);
  });

  it('skips what is sent before a Sync that has not come yet', () => {
    const expected = expecting(owed.bind, owed.execute);
    expected.failed();
    expect([expected.isSkipping, expected.isEmpty]).toEqual([true, false]);
    expect([expected.push(owed.query), expected.push(owed.bind), expected.push(owed.sync)]).toEqual([
      false,
      false,
      true,
    ]);
    expect(rest(expected)).toEqual([owed.sync]);
  });

  it('settles at ReadyForQuery its own entry and what was left before it', () => {
    const expected = expecting(owed.execute, owed.sync | hidden, owed.query);
    expect(expected.ready()).toBe(owed.sync | hidden);
    expect(expected.headKind).toBe(owed.query);
    expect([expected.ready(), expected.ready(), expected.isEmpty]).toEqual([owed.query, owed.nothing, true]);
  });

  it('forgets each Sync that a server ignores during COPY IN', () => {
    const expected = expecting(owed.execute, owed.sync, owed.sync);
    expect(expected.copyBegan()).toBe(false);
    expect(rest(expected)).toEqual([owed.execute]);
    const alone = expecting(owed.query);
    expect(alone.copyBegan()).toBe(false);
    expect(rest(alone)).toEqual([owed.query]);
  });

  it('recognises the end of COPY data that was sent before the server asked for it', () => {
    const ahead = expecting(owed.execute, owed.sync, owed.copyEnd, owed.sync, owed.query, owed.copyEnd, owed.query);
    expect(ahead.copyBegan()).toBe(true);
    expect(ahead.isOpen).toBe(false);
    expect([ahead.ready(), ahead.head, ahead.copyBegan()]).toEqual([owed.sync, owed.query, true]);
    expect(rest(ahead)).toEqual([owed.query, owed.query]);
    const unsynced = expecting(owed.execute, owed.copyEnd);
    expect([unsynced.copyBegan(), unsynced.isOpen]).toEqual([true, true]);
    const failed = expecting(owed.bind, owed.execute, owed.copyEnd, owed.sync);
    failed.failed();
    expect([failed.ready(), failed.isEmpty]).toEqual([owed.sync, true]);
    const refused = expecting(owed.query, owed.copyEnd);
    expect([refused.ready(), refused.isEmpty]).toEqual([owed.query, true]);
  });

  it('knows for each Parse whether a Sync was sent after it, until it is answered', () => {
    const expected = new ExpectedAnswers();
    const [one, other] = [(): void => undefined, (): void => undefined];
    expect(expected.isSyncedBehind(one)).toBeUndefined();
    expected.push(owed.sync);
    expected.push(owed.parse, one);
    expect(expected.isSyncedBehind(one)).toBe(false);
    expected.push(owed.sync);
    expected.push(owed.parse, other);
    expect([one, other].map((undo) => expected.isSyncedBehind(undo))).toEqual([true, false]);
    expected.ready();
    expected.shift();
    expect([one, other].map((undo) => expected.isSyncedBehind(undo))).toEqual([undefined, false]);
    expected.ready();
    expect(expected.isSyncedBehind(other)).toBe(false);
  });

  it('does not skip a Sync twice that COPY has made the server ignore', () => {
    const expected = expecting(owed.execute, owed.sync, owed.copyEnd);
    const undo = (): void => undefined;
    expect(expected.copyBegan()).toBe(true);
    expected.push(owed.parse, undo);
    expect(expected.isSyncedBehind(undo)).toBe(false);
    expected.push(owed.sync);
    expect(expected.isSyncedBehind(undo)).toBe(true);
  });

  it.each(['one Sync', 'a Sync each'])('is fast for every statement of a long pipeline with %s', (how) => {
    const expected = new ExpectedAnswers();
    const started = process.cpuUsage();
    let synced = 0;
    for (let index = 0; index < 30_000; index++) {
      const undo = (): void => undefined;
      expected.push(owed.parse, undo);
      if (expected.isSyncedBehind(undo) !== false) synced++;
      expected.push(owed.bind);
      expected.push(owed.execute);
      if (how !== 'one Sync') expected.push(owed.sync);
    }
    expect(synced).toBe(0);
    // It took seconds to look at all of it each time.
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(1_000);
  });
});
