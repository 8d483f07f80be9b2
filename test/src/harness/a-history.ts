import type { OperationOutcome, OperationStatus } from '@medrex/contracts';
import { aProgress, aRouting, type WholeOperation } from '@medrex/contracts/testing';
import { batchChaincode, encodeResults, type Operation, type OperationResult } from '@medrex/execute-batch';
import { assetTransfer, InMemoryStub, itemOf, runBatch, type CommittedState } from '@medrex/execute-batch/testing';
import type { Block, CommittedTransaction, ReadWriteSet } from '@medrex/ledger';
import type { LeftBehind } from './left-behind.ts';

const chaincode = batchChaincode({ name: 'medrex', version: '1', contracts: [assetTransfer] });

/**
 * The data that the services would leave for these operations of the asset contract in a fault-free run: one Fabric transaction and
 * block per operation, in order.
 */
export async function aHistory(operations: readonly Operation[]): Promise<LeftBehind> {
  const state: CommittedState = new Map();
  const blocks: Block[] = [];
  const outcomes: OperationOutcome[] = [];
  const sequenced = operations.map((operation, seq): WholeOperation => {
    return { seq, operation, routing: aRouting(), operationBytes: new Uint8Array(0) };
  });
  for (const { operation, seq } of sequenced) {
    const stub = new InMemoryStub(state, `tx${seq}`, 'MedrexMSP');
    const results = await runBatch(chaincode, stub, [itemOf(operation)]);
    blocks.push(aBlock(seq, stub, results));
    outcomes.push(anEnd(seq, results[0] as OperationResult));
  }
  const statuses = new Map(outcomes.map((outcome) => [outcome.opId, statusOf(outcome)]));
  const progress = aProgress({ lowWaterMark: operations.length, live: 0 });
  return {
    operations: sequenced,
    outcomes,
    receipts: [],
    progress,
    statuses,
    blocks,
    state,
    before: new Map(),
    writer: 'MedrexMSP',
  };
}

function aBlock(number: number, { txId, creator, writes }: InMemoryStub, results: readonly OperationResult[]): Block {
  const readWriteSet: ReadWriteSet = {
    reads: [],
    ranges: [],
    writes: [...writes].map(([key, value]) => ({ key, value })),
  };
  const payload = encodeResults(results);
  const common = { txNum: 0, code: 'VALID', chaincode: 'medrex', fn: 'executeBatch' } as const;
  const transaction: CommittedTransaction = { ...common, txId, creator, readWriteSet, payload };
  return { channel: 'ehr', number, transactions: [transaction] };
}

function anEnd(seq: number, { opId, sourceHash, status, code, txId, detail }: OperationResult): OperationOutcome {
  const common = { opId, sourceHash, status, code, txId, ...(detail !== undefined && { detail }) };
  return { ...common, seq, sealedName: 'sealed', item: 0, blockNum: seq, txNum: 0 };
}

function statusOf(outcome: OperationOutcome): OperationStatus {
  const { opId, sourceHash, seq, status: state } = outcome;
  return { opId, sourceHash, seq, state, acceptedAtMs: 0, settledAtMs: 1, outcome };
}
