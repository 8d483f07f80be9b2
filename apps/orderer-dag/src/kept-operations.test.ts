import { describe, expect, it } from '@jest/globals';
import { encodeOperations, type LogRecord, type LogRun } from '@medrex/contracts';
import { aLogRecord, anAcceptedOperation } from '@medrex/contracts/testing';
import { KeptOperations } from './kept-operations.ts';

/** A record with a number of operations. */
function aRecordAt(offset: number, operations = 1): LogRecord {
  const [value] = encodeOperations(Array.from({ length: operations }, () => anAcceptedOperation()));
  return aLogRecord({ topic: 'operations', offset, value: value as Uint8Array });
}

const runOf = (...records: LogRecord[]): LogRun => ({ topic: 'operations', partition: 0, records, endOffset: 99 });

const offsetsOf = (kept: KeptOperations): number[][] =>
  [...kept.handOut()].map(({ records }) => records.map(({ offset }) => offset));

const limits = { operationsMax: 10, bytesMax: 1_000_000 };

describe('KeptOperations', () => {
  it('replays records in log order, each once', async () => {
    const kept = new KeptOperations(limits);
    await kept.keep(runOf(aRecordAt(3), aRecordAt(5)));
    await kept.keep(runOf(aRecordAt(5), aRecordAt(6)));
    expect([kept.size, offsetsOf(kept)]).toEqual([3, [[3, 5, 6]]]);
  });

  it('drops records below the low-water mark, and counts operations', async () => {
    const kept = new KeptOperations(limits);
    await kept.keep(runOf(aRecordAt(3, 2), aRecordAt(5, 3), aRecordAt(9, 4)));
    kept.dropBelow(5);
    expect(kept.size).toBe(7);
    kept.dropBelow(100);
    expect([kept.size, offsetsOf(kept)]).toEqual([0, []]);
  });

  it('makes the reader wait while there is no room', async () => {
    const kept = new KeptOperations(limits);
    await kept.keep(runOf(aRecordAt(1, 6), aRecordAt(2, 6)));
    let isKept: boolean | undefined;
    const waiting = kept.keep(runOf(aRecordAt(3))).then((answer) => (isKept = answer));
    await Promise.resolve();
    expect([isKept, kept.size]).toEqual([undefined, 12]);
    kept.dropBelow(2);
    await waiting;
    expect([isKept, kept.size]).toEqual([true, 7]);
  });

  it('returns a waiting run to the reader when the replay starts', async () => {
    const kept = new KeptOperations({ ...limits, operationsMax: 1 });
    await kept.keep(runOf(aRecordAt(1)));
    const waiting = kept.keep(runOf(aRecordAt(2)));
    expect([offsetsOf(kept), await waiting]).toEqual([[[1]], false]);
  });

  it('replays runs no larger than those of the log', async () => {
    const kept = new KeptOperations({ operationsMax: 1_000, bytesMax: 1_000_000 });
    await kept.keep(runOf(...Array.from({ length: 150 }, (_, offset) => aRecordAt(offset))));
    expect(offsetsOf(kept).map(({ length }) => length)).toEqual([64, 64, 22]);
  });
});
