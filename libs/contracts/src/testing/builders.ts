import type { Operation } from '@medrex/execute-batch';
import { anOperation } from '@medrex/execute-batch/testing';
import type { AcceptedOperation, Routing } from '../accepted-operation.ts';
import type { Analysis } from '../analysis.ts';
import { blockReportExample, type BlockReport } from '../block-report.ts';
import type { LogRecord, NewRecord } from '../event-log.ts';
import type { OperationOutcome, TransactionOutcomes } from '../outcome.ts';
import type { Progress } from '../progress.ts';
import type { Receipt } from '../receipt.ts';
import type { OperationStatus } from '../status-store.ts';

/** Builders with defaults for all fields: a test sets only what it is about. */

/** A distinct, well-formed id made from a number or a word. */
export function anId(seed: number | string): string {
  return Buffer.from(String(seed)).toString('hex').padStart(32, '0').slice(-32);
}

export function aRouting(routing: Partial<Routing> = {}): Routing {
  return { sealedName: 'c2VhbGVk', class: 'clinical', acceptedAtMs: 1_790_000_000_000, item: 0, ...routing };
}

export function anAcceptedOperation(
  given: { readonly routing?: Partial<Routing>; readonly operation?: Partial<Operation> } = {},
): AcceptedOperation {
  return { routing: aRouting(given.routing), operation: anOperation(given.operation) };
}

export function anAnalysis(analysis: Partial<Analysis> = {}): Analysis {
  return { seq: 0, opId: anId(0), edges: [], isConflicting: false, depth: 0, criticality: 0, ...analysis };
}

export function anOutcome(outcome: Partial<OperationOutcome> = {}): OperationOutcome {
  return {
    seq: 0,
    opId: anId(0),
    sourceHash: anId('source'),
    sealedName: 'c2VhbGVk',
    item: 0,
    status: 'applied',
    code: 'OK',
    txId: 'tx-0',
    blockNum: 1,
    txNum: 0,
    ...outcome,
  };
}

export function transactionOutcomes(given: Partial<TransactionOutcomes> = {}): TransactionOutcomes {
  return { txId: 'tx-0', blockNum: 1, txNum: 0, committedAtMs: 1_790_000_000_500, outcomes: [anOutcome()], ...given };
}

export function aProgress(progress: Partial<Progress> = {}): Progress {
  return {
    channel: 'ehr',
    generation: 1,
    lowWaterMark: 0,
    doneRanges: [],
    live: 0,
    contractVersion: '1',
    blockHeight: 0,
    ...progress,
  };
}

export function aBlockReport(report: Partial<BlockReport> = {}): BlockReport {
  return { ...blockReportExample, ...report };
}

export function aReceipt(receipt: Partial<Receipt> = {}): Receipt {
  return {
    source: 'urn:ehr:a',
    id: 'm-1',
    isIdMinted: false,
    state: 'accepted',
    code: 'ACCEPTED',
    items: [],
    issues: [],
    atMs: 1_790_000_000_000,
    ...receipt,
  };
}

export function aStatus(status: Partial<OperationStatus> = {}): OperationStatus {
  return {
    opId: anId(0),
    sourceHash: anId('source'),
    state: 'pending',
    seq: 0,
    acceptedAtMs: 1_790_000_000_000,
    ...status,
  };
}

/** A record to append, from text. */
export function aRecord(text: string, key?: string): NewRecord {
  return { ...(key !== undefined && { key }), value: Buffer.from(text) };
}

/** A record as read from a log. */
export function aLogRecord(record: Partial<LogRecord> = {}): LogRecord {
  return {
    topic: 'topic',
    partition: 0,
    offset: 0,
    key: undefined,
    value: new Uint8Array(),
    headers: new Map(),
    timestampMs: 1_790_000_000_000,
    ...record,
  };
}
