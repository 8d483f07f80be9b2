import { beforeAll, describe, expect, it } from '@jest/globals';
import { stateValue } from '@medrex/execute-batch';
import { accountKey, assetOperation, assetTransfer, type AssetFacts } from '@medrex/execute-batch/testing';
import { operationRecordKey } from '@medrex/keys';
import { aHistory } from './harness/a-history.ts';
import { brokenPromises } from './harness/invariants.ts';
import type { LeftBehind } from './harness/left-behind.ts';
import type { Accepted } from './harness/sender.ts';

const facts: readonly AssetFacts[] = [
  { do: 'deposit', account: 'ann', amount: 2 },
  { do: 'pay', from: 'ann', to: 'ben', amount: 1 },
  { do: 'look', asset: 'a' },
  { do: 'refuse', asset: 'a' },
  { do: 'label', asset: 'b', label: 'first' },
  { do: 'label', asset: 'b', label: 'last' },
];
const operations = facts.map((fact, number) =>
  assetOperation(fact, { opId: `op${number}`, sourceHash: `hash${number}` }),
);
const accepted = operations.map(({ opId, sourceHash: digest }, seq): Accepted => {
  return { source: 'urn:ehr', message: { id: opId, body: {} }, opId, digest, seq };
});
const judged = (found: LeftBehind) => brokenPromises({ found, senders: [{ accepted }], contracts: [assetTransfer] });

/** A copy of the list with the element at `at` changed or removed. */
const changed = <T>(list: readonly T[], at: number, change: (one: T) => T | undefined): readonly T[] =>
  list.flatMap((one, index) => (index === at ? (change(one) ?? []) : [one]));
const swapped = <T>(list: readonly T[], at: number): readonly T[] =>
  list.map((one, index) => (index === at ? list[at + 1]! : index === at + 1 ? list[at]! : one));

// All suites here rely on this judge, so it must detect every kind of violation.
describe('the judge of finished runs', () => {
  let good: LeftBehind;
  beforeAll(async () => {
    good = await aHistory(operations);
  });

  it('accepts a correct history with repeats', async () => {
    expect(await judged(good)).toEqual([]);
    expect(await judged({ ...good, outcomes: [...good.outcomes, ...good.outcomes] })).toEqual([]);
  });

  it.each<[string, (found: LeftBehind) => Partial<LeftBehind>, RegExp]>([
    [
      'a receipt for an operation that is not in the log',
      ({ operations: all }) => ({ operations: changed(all, 1, () => undefined) }),
      /op1.* was accepted at 1 and is not there/,
    ],
    [
      'messages of one sender out of order',
      ({ operations: all }) => ({ operations: swapped(all, 0).map((one, seq) => ({ ...one, seq })) }),
      /stands at 0, before what was sent before it/,
    ],
    [
      'an operation without outcome',
      ({ outcomes }) => ({ outcomes: changed(outcomes, 2, () => undefined) }),
      /op2 at 2 has no outcome/,
    ],
    [
      'an outcome that changes',
      ({ outcomes }) => ({ outcomes: [...outcomes, { ...outcomes[0]!, txId: 'other' }] }),
      /op0 at 0 has the outcomes .* and .*other/,
    ],
    [
      'an outcome whose message changes',
      ({ outcomes }) => ({ outcomes: [...outcomes, { ...outcomes[0]!, message: 'well' }] }),
      /op0 at 0 has the outcomes .* and .*well/,
    ],
    [
      'an outcome of a nonexistent operation',
      ({ outcomes }) => ({ outcomes: [...outcomes, { ...outcomes[0]!, seq: 99 }] }),
      /names 99, where nothing stands/,
    ],
    [
      'the outcome of another operation',
      ({ outcomes }) => ({ outcomes: changed(outcomes, 3, (one) => ({ ...one, opId: 'op0' })) }),
      /op3 at 3 has the outcome of op0/,
    ],
    [
      'a status that stays pending',
      ({ statuses }) => ({
        statuses: new Map([...statuses, ['op0', { ...statuses.get('op0')!, state: 'pending', outcome: undefined }]]),
      }),
      /the status store says pending of op0/,
    ],
    [
      'a missing status',
      ({ statuses }) => ({ statuses: new Map([...statuses].slice(1)) }),
      /the status store says undefined of op0/,
    ],
    [
      'an outcome that contradicts the operation record',
      ({ outcomes }) => ({ outcomes: changed(outcomes, 0, (one) => ({ ...one, code: 'FINE' })) }),
      /op0 ended applied FINE.*, its record says applied OK/,
    ],
    [
      'an effect that happens twice',
      ({ blocks }) => ({ blocks: [...blocks, { ...blocks[0]!, number: 9 }] }),
      /record of op0 was written 2 times/,
    ],
    [
      'an effect against the order',
      ({ blocks }) => ({ blocks: swapped(blocks, 4) }),
      /op4 at 4 took effect on .*label.*b after the one at 5/,
    ],
    [
      'an effect of an operation that was never accepted',
      ({ operations: all }) => ({ operations: changed(all, 5, () => undefined) }),
      /op5 took effect and was never accepted/,
    ],
    [
      'an outcome that differs from the replay',
      ({ blocks }) => ({ blocks: changed(blocks, 0, () => undefined) }),
      /op1 ended applied OK; .* it ends rejected/,
    ],
    [
      'a state that differs from the blocks',
      ({ state }) => ({ state: new Map([...state, [accountKey('ann'), stateValue({ balance: 7 })]]) }),
      /ann is \{"balance":7\}; replayed block by block it is \{"balance":1\}/,
    ],
    [
      'a missing operation record',
      ({ state }) => ({ state: new Map([...state].filter(([key]) => key !== operationRecordKey('op4'))) }),
      /op4 has no record/,
    ],
    [
      'operations that stay live',
      ({ progress }) => ({ progress: { ...progress!, live: 1 } }),
      /1 operations are live at the end/,
    ],
    [
      'a lagging low-water mark',
      ({ progress }) => ({ progress: { ...progress!, lowWaterMark: 3 } }),
      /the low-water mark is 3, the log ends at 6/,
    ],
  ])('finds %s', async (_what, spoil, complaint) => {
    const broken = await judged({ ...good, ...spoil(good) });
    expect(broken).toContainEqual(expect.stringMatching(complaint));
  });

  it('finds a state that follows from the blocks but not from serial execution', async () => {
    const other = await aHistory([...operations.slice(0, 4), operations[5]!, operations[4]!]);
    const outcomes = other.outcomes.map((one) => ({
      ...one,
      seq: operations.findIndex(({ opId }) => opId === one.opId),
    }));
    const broken = await judged({ ...other, operations: good.operations, outcomes });
    expect(broken).toContainEqual(expect.stringMatching(/label~b is .*first.*; in seq order it is .*last/));
  });
});
