import { describe, expect, it } from '@jest/globals';
import { stateValue, type Operation } from '@medrex/execute-batch';
import {
  accountKey,
  applySerially,
  assetFacts,
  assetKey,
  assetOperation,
  assetTransfer,
  comparableState,
  holdingKey,
  kindKey,
  type AssetAction,
  type CommittedState,
} from '@medrex/execute-batch/testing';
import fc from 'fast-check';
import type { ForeignStep, LedgerHistory } from './testing/ledger-history.ts';
import { LedgerRun } from './testing/ledger-run.ts';

// Only the state tells which keys these touch. A compaction names committed deltas, which random ones are not.
const discovering: readonly AssetAction[] = ['transfer', 'delete', 'payOwner'];
const factsOf = ({ facts }: Operation): AssetAction => facts['do'] as AssetAction;

const operations = fc.array(assetFacts, { maxLength: 60, size: 'max' }).map((all) =>
  all
    .map((facts, place) => {
      // Keys that an operation appends contain its id, so no two operations share one.
      const own = facts.do === 'note' || facts.do === 'count' ? { ...facts, id: `op${place}` } : facts;
      return assetOperation(own, { opId: `op${place}`, sourceHash: `hash${place}` });
    })
    .filter((operation) => factsOf(operation) !== 'compact'),
);
const foreignStep: fc.Arbitrary<ForeignStep> = fc.oneof(
  fc.record({
    atMs: fc.nat(150),
    key: fc.constantFrom(...['ann', 'ben', 'cat'].map(accountKey)),
    value: fc.option(
      fc.nat(9).map((balance) => stateValue({ balance })),
      { nil: undefined },
    ),
  }),
  fc.record({
    atMs: fc.nat(150),
    key: fc.constantFrom(...['a1', 'a2', 'a3'].map(assetKey)),
    value: fc.option(
      fc.constantFrom('ann', 'ben').map((owner) => stateValue({ owner, value: 1, transfers: 0 })),
      { nil: undefined },
    ),
  }),
  fc.record({
    atMs: fc.nat(150),
    key: fc.constantFrom(...['a1', 'a2'].map(kindKey), ...['ann', 'ben'].map(holdingKey)),
    value: fc.constant(undefined),
  }),
);

function histories(
  ofOperations: fc.Arbitrary<readonly Operation[]>,
  foreign: fc.Arbitrary<readonly ForeignStep[]>,
): fc.Arbitrary<LedgerHistory> {
  const step = fc.record({ class: fc.nat(4), afterMs: fc.constantFrom(0, 0, 0, 1, 4) });
  return fc
    .record({
      operations: ofOperations,
      steps: fc.array(step, { minLength: 60, maxLength: 60 }),
      foreign,
      flights: fc.integer({ min: 1, max: 4 }),
      operationsMax: fc.constantFrom(1, 3, 8, 50),
      seed: fc.nat(),
    })
    .map(({ operations: all, steps, ...rest }) => ({
      ...rest,
      steps: all.map((operation, place) => ({ operation, ...(steps[place] ?? { class: 1, afterMs: 0 }) })),
    }));
}

const none = fc.constant<readonly ForeignStep[]>([]);
const big = { size: 'max' } as const;
const runs = { numRuns: 40 };

async function runHistory(history: LedgerHistory): Promise<{ run: LedgerRun; state: CommittedState }> {
  const run = new LedgerRun(history);
  const state = await run.run();
  expect(run.ownConflicts).toEqual([]);
  expect(run.planner.isEmpty).toBe(true);
  expect(run.ends.map((ends) => ends.length)).toEqual(history.steps.map(() => 1));
  expect(run.committed.flatMap((step) => ('places' in step ? step.places : [])).toSorted((a, b) => a - b)).toEqual(
    history.steps.map((_, place) => place),
  );
  return { run, state };
}

/** Every pair of operations that declare a common key that one of them writes took effect in the order of intake. */
function expectDeclaredOrder(history: LedgerHistory, run: LedgerRun): void {
  const order = run.committed.flatMap((step) => ('places' in step ? step.places : []));
  const latest = new Map<string, { readonly writer: number; readonly any: number }>();
  for (const place of order) {
    for (const { key, mode } of history.steps[place]!.operation.keys) {
      if (mode === 'append' || mode === 'delta') continue;
      const before = latest.get(key) ?? { writer: -1, any: -1 };
      // Ensures commute among themselves, so only what surely writes counts as a writer.
      const writes = mode === 'write' || mode === 'readWrite';
      expect(place).toBeGreaterThanOrEqual(writes ? before.any : before.writer); // equal: one key declared twice
      latest.set(key, { writer: writes ? place : before.writer, any: Math.max(before.any, place) });
    }
  }
}

async function replayed(history: LedgerHistory, run: LedgerRun): Promise<CommittedState> {
  const state: CommittedState = new Map();
  for (const step of run.committed) {
    if ('places' in step)
      await applySerially(
        [assetTransfer],
        step.places.map((place) => serialStep(history, run, place)),
        state,
      );
    else if (step.foreign.value === undefined) state.delete(step.foreign.key);
    else state.set(step.foreign.key, step.foreign.value);
  }
  return state;
}

/** What was committed for an operation: itself, or its close if it was given up. */
function serialStep(
  history: LedgerHistory,
  run: LedgerRun,
  place: number,
): Parameters<typeof applySerially>[1][number] {
  const { operation } = history.steps[place]!;
  const { opId, sourceHash, time } = operation;
  const [end] = run.ends[place]!;
  if (end?.code !== 'UNSTABLE_KEYS') return operation;
  return { close: { opId, sourceHash, reason: end.code, day: time.slice(0, 10) } };
}

describe('a planner driven through the model of a channel', () => {
  it('gives the state of serial execution in intake order, when all keys are declared and there are no foreign writers', async () => {
    const declared = operations.map((all) => all.filter((one) => !discovering.includes(factsOf(one))));
    await fc.assert(
      fc.asyncProperty(histories(declared, none), async (history) => {
        const { run, state } = await runHistory(history);
        const serial: CommittedState = new Map();
        const results = await applySerially(
          [assetTransfer],
          history.steps.map(({ operation }) => operation),
          serial,
        );
        expect(comparableState(state)).toEqual(comparableState(serial));
        expect(run.ends.map(([end]) => [end!.status, end!.code, end!.detail])).toEqual(
          results.map(({ status, code, detail }) => [status, code, detail]),
        );
        expectDeclaredOrder(history, run);
        expect([run.lost, run.widened]).toEqual([0, 0]);
      }),
      runs,
    );
  });

  it('never loses an envelope to its own when keys are discovered, and a replay of the committed order gives the same state', async () => {
    await fc.assert(
      fc.asyncProperty(histories(operations, none), async (history) => {
        const { run, state } = await runHistory(history);
        expect(comparableState(state)).toEqual(comparableState(await replayed(history, run)));
        expectDeclaredOrder(history, run);
        expect(run.lost).toBe(0);
      }),
      runs,
    );
  });

  it('does so among foreign writers too, and loses to no others', async () => {
    const foreign = fc.array(foreignStep, { maxLength: 30, ...big });
    await fc.assert(
      fc.asyncProperty(histories(operations, foreign), async (history) => {
        const { run, state } = await runHistory(history);
        expect(comparableState(state)).toEqual(comparableState(await replayed(history, run)));
        expectDeclaredOrder(history, run);
      }),
      runs,
    );
  });

  it('loses at most 1.1 envelopes for each foreign write on hot keys, and few of all it sends', async () => {
    const hot = Array.from({ length: 10 }, (_, place) => `hot${place}`);
    const steps = Array.from({ length: 3_000 }, (_, place) => ({
      operation: assetOperation(
        { do: 'deposit', account: hot[(place * 7) % 10]!, amount: 1 },
        { opId: `op${place}`, sourceHash: `hash${place}` },
      ),
      class: 1,
      afterMs: place % 2,
    }));
    const foreign = Array.from({ length: 15 }, (_, place) => ({
      atMs: 100 * place + 37,
      key: accountKey(hot[place % 10]!),
      value: stateValue({ balance: 100 }),
    }));
    const { run } = await runHistory({ steps, foreign, flights: 4, operationsMax: 100, seed: 7 });
    expect(run.ends.every(([end]) => end?.status === 'applied')).toBe(true);
    const sent = run.committed.length - foreign.length + run.lost;
    expect(run.lost / foreign.length).toBeLessThanOrEqual(1.1);
    expect(1 - run.lost / sent).toBeGreaterThan(0.95);
  });
});
