import { describe, expect, it } from '@jest/globals';
import { stateKey } from '@medrex/keys';
import type { CommittedTransaction } from '@medrex/ledger';
import { blockReportCodec, blockReportSchema, reportBlock, reportedKeysMax } from './block-report.ts';

const bed = stateKey('clinical', 'bed', '12');
const pump = stateKey('clinical', 'pump', '3');

function aTransaction(over: Partial<CommittedTransaction> = {}): CommittedTransaction {
  return {
    txId: 'tx-1',
    txNum: 0,
    code: 'VALID',
    creator: 'HospitalMSP',
    chaincode: 'medrex',
    fn: 'executeBatch',
    readWriteSet: { reads: [], ranges: [], writes: [] },
    payload: Buffer.from('not for the report'),
    ...over,
  };
}

describe('a block report', () => {
  it('contains keys, read versions, ranges and writers of every transaction, but no values', () => {
    const mine = aTransaction({
      readWriteSet: {
        reads: [
          { key: bed, version: { blockNum: 3, txNum: 1 } },
          { key: pump, version: undefined },
        ],
        ranges: [
          { start: 'a', end: 'b', isExhausted: true, reads: [{ key: pump, version: { blockNum: 1, txNum: 0 } }] },
        ],
        writes: [
          { key: bed, value: Buffer.from('secret') },
          { key: pump, value: undefined },
        ],
      },
    });
    const foreign = aTransaction({ txId: 'tx-2', txNum: 1, code: 'MVCC_READ_CONFLICT', creator: 'OtherMSP' });
    const reports = reportBlock({ channel: 'ehr', number: 9, transactions: [mine, foreign] }, 77);
    const common = { chaincode: 'medrex', fn: 'executeBatch' };
    expect(reports).toEqual([
      {
        channel: 'ehr',
        blockNum: 9,
        committedAtMs: 77,
        isLast: true,
        transactions: [
          {
            ...common,
            txId: 'tx-1',
            txNum: 0,
            code: 'VALID',
            writer: 'HospitalMSP',
            reads: [[bed, 3, 1], [pump], [pump, 1, 0]],
            ranges: [['a', 'b']],
            writes: [bed, pump],
          },
          {
            ...common,
            txId: 'tx-2',
            txNum: 1,
            code: 'MVCC_READ_CONFLICT',
            writer: 'OtherMSP',
            reads: [],
            ranges: [],
            writes: [],
          },
        ],
      },
    ]);
    expect(Buffer.from(blockReportCodec.encode(reports[0]!)).toString()).not.toContain('secret');
    expect(blockReportSchema.parse(reports[0])).toEqual(reports[0]);
  });

  it('contains the accesses of called chaincodes, each separately', () => {
    const readWriteSet = { reads: [], ranges: [], writes: [{ key: bed, value: Buffer.from('1') }] };
    const called = [{ chaincode: 'beds', readWriteSet }];
    const caller = aTransaction({ readWriteSet: { reads: [], ranges: [], writes: [], called } });
    const [report] = reportBlock({ channel: 'ehr', number: 9, transactions: [caller] }, 77);
    expect(report?.transactions).toMatchObject([
      { chaincode: 'medrex', writes: [], called: [{ chaincode: 'beds', reads: [], ranges: [], writes: [bed] }] },
    ]);
    expect(blockReportCodec.parse(blockReportCodec.encode(report!))).toEqual(report);
  });

  it('of an empty block is one report without transactions', () => {
    expect(reportBlock({ channel: 'ehr', number: 0, transactions: [] }, 1)).toMatchObject([
      { isLast: true, transactions: [] },
    ]);
  });

  it('of a very large block has parts that fit into records, with each transaction once', () => {
    const writes = Array.from({ length: 12_000 }, (_, index) => ({
      key: stateKey('clinical', 'x', String(index)),
      value: undefined,
    }));
    const transactions = [0, 1, 2, 3, 4].map((txNum) =>
      aTransaction({
        txNum,
        readWriteSet: { reads: [], ranges: [], writes: txNum === 0 ? writes : writes.slice(0, 9_000) },
      }),
    );
    const reports = reportBlock({ channel: 'ehr', number: 9, transactions }, 1);
    expect(reports.map(({ isLast }) => isLast)).toEqual([false, true]);
    expect(reports.flatMap((report) => report.transactions.map(({ txNum }) => txNum))).toEqual([0, 1, 2, 3, 4]);
    const [first, second] = reports[0]!.transactions;
    expect([first!.isCut, first!.writes.length]).toEqual([true, reportedKeysMax]);
    expect([second!.isCut, second!.writes.length]).toEqual([undefined, 9_000]);
  });
});
