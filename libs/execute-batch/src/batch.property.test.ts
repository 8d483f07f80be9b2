import { describe, expect, it } from '@jest/globals';
import { isRegistryKey, operationRecordKey } from '@medrex/keys';
import fc from 'fast-check';
import { batchChaincode } from './batch-chaincode.ts';
import type { Operation, OperationResult } from './contract.ts';
import { closeItem, operationItem } from './item.ts';
import { encodeOperation } from './operation-codec.ts';
import { decodeResults } from './results-codec.ts';
import {
  applySerially,
  assetOperations,
  assetTransfer,
  comparableResult,
  comparableState,
  type CommittedState,
  InMemoryStub,
  type SerialStep,
} from './testing/index.ts';

const chaincode = batchChaincode({ name: 'medrex', version: '1', contracts: [assetTransfer] });

/**
 * Operations with repeats of earlier ones, names reused for other bytes, and closes, before and after the operations
 * that they close.
 */
const history: fc.Arbitrary<SerialStep[]> = assetOperations({ maxLength: 30 }).chain((operations) =>
  fc
    .array(fc.record({ of: fc.nat(), at: fc.nat(), as: fc.constantFrom('repeat', 'reuse', 'close') }), { maxLength: 8 })
    .map((extras) => {
      const steps: SerialStep[] = [...operations];
      for (const { of, at, as } of extras) {
        const operation = operations[of % Math.max(1, operations.length)];
        if (operation !== undefined) steps.splice(at % (steps.length + 1), 0, extra(operation, as));
      }
      return steps;
    }),
);

function extra(operation: Operation, as: 'repeat' | 'reuse' | 'close'): SerialStep {
  const { opId, sourceHash } = operation;
  if (as === 'repeat') return operation;
  if (as === 'reuse') return { ...operation, sourceHash: 'other' };
  return { close: { opId, sourceHash, reason: 'EXPIRED', day: '2024-05-02' } };
}

const itemOf = (step: SerialStep): Uint8Array =>
  'close' in step ? closeItem(step.close) : operationItem(encodeOperation(step));

/** Runs the steps as transactions of the given sizes, in turn. */
async function runCut(steps: readonly SerialStep[], sizes: readonly number[], state: CommittedState) {
  const results: OperationResult[] = [];
  const stubs: {
    readonly stub: InMemoryStub;
    readonly steps: readonly SerialStep[];
    readonly results: readonly OperationResult[];
  }[] = [];
  for (let at = 0, cut = 0; at < steps.length; cut++) {
    const taken = steps.slice(at, at + sizes[cut % sizes.length]!);
    const stub = new InMemoryStub(state, `tx${cut}`);
    const response = await chaincode.invoke(stub, 'executeBatch', taken.map(itemOf));
    expect(response.status).toBe(200);
    const settled = decodeResults(response.payload);
    stub.commit();
    stubs.push({ stub, steps: taken, results: settled });
    results.push(...settled);
    at += taken.length;
  }
  return { results, stubs };
}

const cuts = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 });

describe('a batch', () => {
  it('split into Fabric transactions in any way gives the state and results of one operation after another', async () => {
    await fc.assert(
      fc.asyncProperty(history, cuts, async (steps, sizes) => {
        const serial: CommittedState = new Map();
        const expected = await applySerially([assetTransfer], steps, serial);
        const state: CommittedState = new Map();
        const { results } = await runCut(steps, sizes, state);
        expect(results.map(comparableResult)).toEqual(expected.map(comparableResult));
        expect(comparableState(state)).toEqual(comparableState(serial));
      }),
      { numRuns: 200 },
    );
  });

  it('touches only declared keys, those listed in results, records and the policy, and reads each key once', async () => {
    await fc.assert(
      fc.asyncProperty(history, cuts, async (steps, sizes) => {
        const { stubs } = await runCut(steps, sizes, new Map());
        for (const { stub, steps: taken, results } of stubs) {
          const declared = taken.flatMap((step) => ('close' in step ? [] : step.keys));
          const known = [...declared, ...results.flatMap(({ undeclared }) => undeclared)];
          const records = results.map(({ opId }) => operationRecordKey(opId));
          const read = stub.reads.filter((key) => !isRegistryKey(key));
          const readable = known.filter(({ mode }) => ['read', 'readWrite', 'ensure'].includes(mode));
          const writable = known.filter(({ mode }) => mode !== 'read');
          expect(new Set(stub.reads).size).toBe(stub.reads.length);
          expect(read.filter((key) => !readable.some((one) => one.key === key) && !records.includes(key))).toEqual([]);
          const written = [...stub.writes.keys()];
          expect(written.filter((key) => !writable.some((one) => one.key === key) && !records.includes(key))).toEqual(
            [],
          );
        }
      }),
    );
  });

  it('ends every operation exactly once, however often the history is run again', async () => {
    await fc.assert(
      fc.asyncProperty(history, cuts, cuts, async (steps, sizes, otherSizes) => {
        const state: CommittedState = new Map();
        const first = await runCut(steps, sizes, state);
        const before = comparableState(state);
        const again = await runCut(steps, otherSizes, state);
        expect(comparableState(state)).toEqual(before);
        const endings = (results: readonly OperationResult[]) =>
          results.map(({ opId, sourceHash, status, code }) => [opId, sourceHash, status, code]);
        expect(endings(again.results)).toEqual(endings(first.results));
      }),
    );
  });
});
