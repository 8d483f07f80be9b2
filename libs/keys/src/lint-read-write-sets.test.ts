import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { counterBaseKey, shardKey, slotKey, stateKey } from './index.ts';
import { lintReadWriteSets, lostToKey, type RecordedReadWriteSet } from './lint-read-write-sets.ts';

const set = (reads: readonly string[], writes: readonly string[]): RecordedReadWriteSet => ({
  reads: reads.map((key) => ({ key })),
  writes: writes.map((key) => ({ key })),
});
const own = (index: number): string => stateKey('clinical', 'res', 'Observation', String(index));
const board = stateKey('clinical', 'board', 'ward-7');

/** Of 100 transactions, `hot` read and write one key; each has a key of its own. */
function window(hot: number, key: string = board): RecordedReadWriteSet[] {
  return Array.from({ length: 100 }, (_, index) =>
    index < hot ? set([own(index), key], [own(index), key]) : set([own(index)], [own(index)]),
  );
}

/** Fabric's rule for one key: among transactions endorsed together, a reader is invalid once an earlier one wrote. */
function lostInModel(reads: readonly boolean[], writes: readonly boolean[]): number {
  let isWritten = false;
  let lost = 0;
  for (const [index, isRead] of reads.entries()) {
    if (isRead && isWritten) lost++;
    else if (writes[index] === true) isWritten = true;
  }
  return lost / reads.length;
}

describe('lostToKey', () => {
  it('leaves 1 of m when all transactions read and write one key, as for a plain client', () => {
    for (const inFlight of [1, 2, 10, 100]) expect(lostToKey(1, 1, inFlight)).toBeCloseTo(1 - 1 / inFlight, 12);
  });

  it('is 0 without writers, without readers, and for a single transaction', () => {
    expect([lostToKey(1, 0, 100), lostToKey(0, 1, 100), lostToKey(1, 1, 1)]).toEqual([0, 0, 0]);
  });

  it('agrees with validation in the model', () => {
    const shares = fc.record({
      read: fc.double({ min: 0.05, max: 1, noNaN: true }),
      write: fc.double({ min: 0.05, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(shares, fc.integer({ min: 2, max: 40 }), fc.integer(), ({ read, write }, inFlight, seed) => {
        let random = seed | 1;
        const next = (): number => {
          random ^= random << 13;
          random ^= random >>> 17;
          random ^= random << 5;
          return (random >>> 0) / 2 ** 32;
        };
        const rounds = 800;
        let lost = 0;
        for (let round = 0; round < rounds; round++) {
          const reads = Array.from({ length: inFlight }, () => next() < read);
          const writes = Array.from({ length: inFlight }, () => next() < write);
          lost += lostInModel(reads, writes);
        }
        expect(Math.abs(lost / rounds - lostToKey(read, write, inFlight))).toBeLessThan(0.06);
      }),
      { numRuns: 20 },
    );
  });
});

describe('lintReadWriteSets', () => {
  it('reports the hot key, its accesses and cost, and what to use instead', () => {
    const [found, ...others] = lintReadWriteSets(window(40), { inFlight: 50 });
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      rule: 'hot-key',
      severity: 'warning',
      key: board,
      family: 'sharded',
      use: { key: board, reads: 40, writes: 40, share: 0.4 },
      message: `40.0 % of the transactions touch it (40 reads, 40 writes); about ${(lostToKey(0.4, 0.4, 50) * 100).toFixed(1)} % of all are lost to it.`,
    });
  });

  it('reports nothing without conflicts', () => {
    expect(lintReadWriteSets(window(0))).toEqual([]);
    expect(lintReadWriteSets([])).toEqual([]);
  });

  it('ignores blind writes, and the reads of the chaincode definition', () => {
    const blind = Array.from({ length: 100 }, (_, index) => set([own(index), '_lifecycle/x'], [board]));
    expect(lintReadWriteSets(blind)).toEqual([]);
  });

  it('counts a key once per transaction', () => {
    const twice = Array.from({ length: 10 }, () => set([board, board], [board, board]));
    expect(lintReadWriteSets(twice)[0]?.use).toMatchObject({ reads: 10, writes: 10, share: 1 });
  });

  it.each([
    ['delta-counter', counterBaseKey('ward-7')],
    ['delta-counter', stateKey('clinical', 'census', 'ward-7')],
    ['slot-grain', slotKey({ schedule: 'dr-a', start: '2024-05-01T10:00:00Z' })],
    ['sharded', shardKey({ space: 'clinical', entity: 'stock', id: 'x', shard: 0 })],
  ])('advises %s for %s', (family, key) => {
    expect(lintReadWriteSets(window(50, key))[0]).toMatchObject({ key, family });
  });

  it('advises to split what many read and few write', () => {
    const sets = Array.from({ length: 100 }, (_, index) => set([board], index < 5 ? [board] : [own(index)]));
    expect(lintReadWriteSets(sets)[0]?.fix).toMatch(/a key of its own/);
  });

  it('lists the costliest keys first, and no more than asked for', () => {
    const sets = ['a', 'b', 'c'].flatMap((key, index) => window(20 + index * 20, stateKey('clinical', 'board', key)));
    const keys = lintReadWriteSets(sets, { keysMax: 2 }).map(({ key }) => key);
    expect(keys).toEqual(['c', 'b'].map((key) => stateKey('clinical', 'board', key)));
  });

  it('finds ranges read by transactions that write, once per collection', () => {
    const range = (start: string) => [{ start, end: start + '\x7f' }];
    const found = lintReadWriteSets([
      { ...set([], [own(1)]), ranges: range('cli~vit~t~p1~') },
      { ...set([], [own(2)]), ranges: range('cli~vit~t~p2~') },
      { ...set([own(3)], []), ranges: range('cli~lab~t~p2~') },
    ]);
    expect(found.map(({ rule, key }) => [rule, key])).toEqual([['range-read-in-write', 'cli~vit~*']]);
  });

  it('finds keys that identify a person', () => {
    const reading = ['078-05-1120', 'MRN-0012345', 'jane@example.org', '943 476 5919'].map((part) =>
      stateKey('clinical', 'pat', part),
    );
    const innocent = ['8867-4', '271649006', '2024-05-01T10:00:00-', '0'.repeat(32)].map((part) =>
      stateKey('clinical', 'obs', part),
    );
    const found = lintReadWriteSets([...reading, ...innocent].map((key) => set([], [key])));
    expect(found.map(({ rule, key }) => [rule, key])).toEqual(reading.map((key) => ['identifier-in-key', key]));
  });
});
