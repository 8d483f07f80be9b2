import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MemoryState } from './in-memory/memory-state.ts';
import type { KeyRead, KeyWrite, RangeRead } from './ledger.ts';
import { loadCommittedState } from './model/committed-state.ts';
import type { StateView } from './state-view.ts';
import { NaiveValidation } from './testing/naive-validation.ts';
import { validateBlock, type OrderedTransaction } from './validate-block.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');

/** What a transaction will do, and how many blocks ago it looked at the state. */
const plan = fc.record({
  id: fc.nat(40),
  staleness: fc.constantFrom(0, 0, 0, 1, 3),
  reads: fc.uniqueArray(key, { maxLength: 3 }),
  writes: fc.uniqueArray(fc.record({ key, isDelete: fc.boolean() }), { maxLength: 3, selector: (write) => write.key }),
  range: fc.option(fc.record({ from: key, to: fc.option(key, { nil: '' }), limit: fc.constantFrom(1, 2, 99) }), {
    nil: undefined,
  }),
  verdict: fc.oneof(
    { weight: 8, arbitrary: fc.constant('VALID' as const) },
    { weight: 1, arbitrary: fc.constant('ENDORSEMENT_POLICY_FAILURE' as const) },
    { weight: 1, arbitrary: fc.constant('BAD_CREATOR_SIGNATURE' as const) },
  ),
});
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

describe('validateBlock', () => {
  it('judges every history as the rules, read naively, do', async () => {
    const history = fc.array(fc.array(plan, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 });
    await fc.assert(fc.asyncProperty(history, judgeBoth), { numRuns: 400 });
  });
});

async function judgeBoth(history: readonly (readonly Plan[])[]): Promise<void> {
  const oracle = new NaiveValidation();
  const state = new MemoryState();
  const txIds = new Set<string>();
  const views = [state.view()];
  const knownTransactions = async (ids: readonly string[]) => new Set(ids.filter((id) => txIds.has(id)));
  for (const [number, plans] of history.entries()) {
    const transactions = await Promise.all(
      plans.map((one) => endorsed(one, views[Math.max(0, number - one.staleness)] ?? state.view())),
    );
    const committed = await loadCommittedState(transactions, state.view(), { knownTransactions });
    const { codes, updates } = validateBlock(number, transactions, committed);
    expect(codes).toEqual(oracle.validate(transactions, number));
    state.apply(updates);
    for (const { txId } of transactions) txIds.add(txId);
    views.push(state.view());
    expect(await linesOf(state.view(), '', '')).toEqual(oracle.lines());
  }
}

async function endorsed(one: Plan, view: StateView): Promise<OrderedTransaction> {
  const found = await view.get('cc', one.reads);
  const reads = one.reads.map((name, at) => ({ key: name as KeyRead['key'], version: found[at]?.version }));
  const writes = one.writes.map(({ key: name, isDelete }) => ({
    key: name as KeyWrite['key'],
    value: isDelete ? undefined : new Uint8Array([1]),
  }));
  const ranges = one.range === undefined ? [] : [await rangeOf(view, one.range)];
  const { verdict } = one;
  return { txId: `t${one.id}`, chaincode: 'cc', readWriteSet: { reads, ranges, writes }, verdict };
}

async function rangeOf(
  view: StateView,
  { from, to, limit }: { readonly from: string; readonly to: string; readonly limit: number },
): Promise<RangeRead> {
  const lines = await linesOf(view, from, to);
  if (lines.length <= limit) return { start: from, end: to, isExhausted: true, reads: lines };
  const reads = lines.slice(0, limit);
  return { start: from, end: reads.at(-1)?.key ?? '', isExhausted: false, reads };
}

async function linesOf(view: StateView, start: string, end: string): Promise<readonly KeyRead[]> {
  const lines: KeyRead[] = [];
  for await (const entry of view.range('cc', start, end)) {
    lines.push({ key: entry.key as KeyRead['key'], version: entry.version });
  }
  return lines;
}
