import { describe, expect, it } from '@jest/globals';
import { BatchPlanner } from '@medrex/batch-planner';
import { testLimits } from '@medrex/batch-planner/testing';
import { blockReportCodec } from '@medrex/contracts';
import { BlockIntake } from './block-intake.ts';
import { RecentWrites } from './recent-writes.ts';
import { SentEnvelopes } from './sent-envelopes.ts';
import { aBlock, at, aTransaction, bedKey } from './testing/blocks.ts';

function anIntake() {
  const [planner, recent] = [new BatchPlanner(testLimits({})), new RecentWrites()];
  const reports: Uint8Array[] = [];
  const intake = new BlockIntake({
    planner,
    recent,
    sent: new SentEnvelopes(),
    names: undefined,
    chaincode: 'medrex',
    liveFrom: 0,
    reports: { write: ({ value }: { value: Uint8Array }) => reports.push(value) } as never,
    clock: { now: () => 5 } as never,
    working: { now: () => 5 } as never,
    observer: { foreignWrites: () => undefined } as never,
    oldestHeight: () => 0,
    onReported: () => undefined,
  });
  return { intake, planner, recent, reports };
}

describe('BlockIntake', () => {
  it('counts writes of our keys by another chaincode that calls ours as foreign', () => {
    const { intake, planner, recent, reports } = anIntake();
    const { readWriteSet } = aTransaction({ writes: ['a'] });
    const caller = {
      ...aTransaction({ txId: 'theirs' }),
      chaincode: 'billing',
      readWriteSet: { reads: [], ranges: [], writes: [], called: [{ chaincode: 'medrex', readWriteSet }] },
    };
    intake.take(aBlock(7, [caller]));
    expect(planner.statistics().foreignKeys).toBe(1);
    expect(recent.stale([{ key: bedKey('a'), version: at(3, 0) }], new Set(), 'medrex')).toEqual([bedKey('a')]);
    expect(recent.stale([{ key: bedKey('a'), version: at(3, 0) }], new Set(), 'billing')).toEqual([]);
    const report = blockReportCodec.parse(reports[0] ?? Buffer.of());
    expect(report.transactions).toMatchObject([
      { chaincode: 'billing', writes: [], called: [{ writes: [bedKey('a')] }] },
    ]);
  });
});
