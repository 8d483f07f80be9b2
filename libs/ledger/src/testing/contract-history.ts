import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Block, CommittedTransaction, Endorsement } from '../ledger.ts';
import { isLifecycleKey } from '../lifecycle.ts';
import type { OpenClient } from './ledger-contract.ts';
import { NaiveValidation } from './naive-validation.ts';

const names = ['k1', 'k2', 'k3', 'k4', 'k5', 'k6'] as const;
const name = fc.constantFrom(...names);
const call = fc.oneof(
  fc.tuple(name, fc.nat(9)).map(([key, value]) => ['put', key, String(value)]),
  fc.tuple(name, fc.nat(9)).map(([key, value]) => ['add', key, String(value)]),
  fc.tuple(name, name).map(([from, to]) => ['copy', from, to]),
  fc.uniqueArray(name, { minLength: 1, maxLength: 2 }).map((keys) => ['delete', ...keys]),
  fc.tuple(name, fc.option(name, { nil: 'l' }), name).map(([start, end, to]) => ['count', start, end, to]),
);
/** Endorse now; submit one of the endorsements, possibly again; wait until everything submitted is in a block. */
const step = fc.oneof(
  { weight: 4, arbitrary: call },
  { weight: 4, arbitrary: fc.nat(99) },
  { weight: 1, arbitrary: fc.constant('wait' as const) },
);
const history = fc.record({
  steps: fc.array(step, { maxLength: 60, size: 'max' }),
  maxMessageCount: fc.integer({ min: 1, max: 5 }),
});

/**
 * Clients that delay endorsements and submit them in any order. The codes in the blocks are checked against a naive
 * implementation of the rules.
 */
export function historyContract(open: OpenClient): void {
  it('judges any history as the rules say, and keeps the state that follows from it', async () => {
    await fc.assert(
      fc.asyncProperty(history, async ({ steps, maxMessageCount }) => {
        const client = await open({ maxMessageCount, batchTimeoutMs: 2 });
        const held: Endorsement[] = [];
        let submitted = 0;
        const isDone = (): boolean => client.outcomes().length >= submitted;
        for (const one of [...steps, 'wait' as const]) {
          const next = typeof one === 'number' ? held[one % Math.max(1, held.length)] : undefined;
          if (one === 'wait') await client.until(isDone);
          else if (typeof one !== 'number') held.push(await client.endorse(one[0] ?? '', ...one.slice(1)));
          else if (next !== undefined) {
            await client.ledger.submit(next);
            submitted += 1;
          }
        }
        const values = judgedAgain(client.blocks);
        for (const key of names) expect(await client.value(key)).toBe(values.get(key) ?? null);
        expect(JSON.parse(await client.answer('list', '', ''))).toEqual([...values.keys()].sort());
      }),
      { numRuns: 30 },
    );
  });
}

/** Compares every code in the blocks with the naive rules, and returns the values left by the valid writes. */
function judgedAgain(blocks: readonly Block[]): ReadonlyMap<string, string> {
  const naive = new NaiveValidation();
  const values = new Map<string, string>();
  for (const { number, transactions } of blocks) {
    const codes = naive.validate(transactions.map(withoutDefinition), number);
    expect(transactions.map(({ code }) => code)).toEqual(codes);
    for (const { readWriteSet } of transactions.filter((_, at) => codes[at] === 'VALID')) {
      for (const { key, value } of readWriteSet.writes) {
        if (value === undefined) values.delete(key);
        else values.set(key, Buffer.from(value).toString());
      }
    }
  }
  return values;
}

/** Without the read of the chaincode's definition, which was written before the history begins. */
function withoutDefinition({ txId, chaincode, readWriteSet }: CommittedTransaction) {
  const reads = readWriteSet.reads.filter(({ key }) => !isLifecycleKey(key));
  return { txId, chaincode, readWriteSet: { ...readWriteSet, reads } };
}
