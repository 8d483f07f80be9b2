import { describe, expect, it } from '@jest/globals';
import { batchChaincode, type Operation, type OperationResult } from '@medrex/execute-batch';
import {
  comparableResult,
  comparableState,
  InMemoryStub,
  itemOf,
  runBatch,
  type CommittedState,
} from '@medrex/execute-batch/testing';
import fc from 'fast-check';
import { clinicalContract } from '../clinical.ts';
import { Clinic, requestOf, historyMessage, type HistoryMessage } from '../testing/index.ts';

const chaincode = batchChaincode({ name: 'medrex', version: '1', contracts: [clinicalContract] });
const history = fc.array(historyMessage({ withMerges: true }), { minLength: 2, maxLength: 40 });
const batchSizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 });

async function operationsOf(clinic: Clinic, messages: readonly HistoryMessage[]): Promise<readonly Operation[]> {
  const translated = [];
  for (const message of messages)
    translated.push(await clinic.translate(message.resource, { request: requestOf(message) }));
  expect(translated.flatMap(({ refusals }) => refusals)).toEqual([]);
  return translated.flatMap(({ operations }) => operations);
}

/** Runs operations in Fabric transactions of these sizes, in turn. */
async function runInBatches(
  operations: readonly Operation[],
  sizes: readonly number[],
  state: CommittedState,
): Promise<readonly OperationResult[]> {
  const results: OperationResult[] = [];
  for (let at = 0, cut = 0; at < operations.length; cut += 1) {
    const taken = operations.slice(at, at + (sizes[cut % sizes.length] ?? 1));
    results.push(...(await runBatch(chaincode, new InMemoryStub(state, `tx-${cut}`), taken.map(itemOf))));
    at += taken.length;
  }
  return results;
}

describe('orders, doses, stocks, claims, payments, appointments and consents', () => {
  it('give the same state and results however they are fused', async () => {
    await fc.assert(
      fc.asyncProperty(history, batchSizes, async (messages, sizes) => {
        const clinic = new Clinic();
        const operations = await operationsOf(clinic, messages);
        const alone = await clinic.apply(operations);
        const state: CommittedState = new Map();
        const fused = await runInBatches(operations, sizes, state);
        expect(fused.map(comparableResult)).toEqual(alone.map(comparableResult));
        expect(comparableState(state)).toEqual(comparableState(clinic.state));
        expect(alone.filter(({ status }) => status === 'dead')).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it('change nothing when they are run again', async () => {
    await fc.assert(
      fc.asyncProperty(history, batchSizes, batchSizes, async (messages, sizes, otherSizes) => {
        const operations = await operationsOf(new Clinic(), messages);
        const state: CommittedState = new Map();
        const first = await runInBatches(operations, sizes, state);
        const before = comparableState(state);
        const again = await runInBatches(operations, otherSizes, state);
        expect(comparableState(state)).toEqual(before);
        expect(again.map(({ status, code }) => [status, code])).toEqual(
          first.map(({ status, code }) => [status, code]),
        );
      }),
      { numRuns: 15 },
    );
  });
});
