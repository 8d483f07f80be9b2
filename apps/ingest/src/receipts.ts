import {
  receiptCodec,
  topics,
  type EventLog,
  type NewRecord,
  type Receipt,
  type ReceiptItem,
  type RefusalIssue,
} from '@medrex/contracts';
import { partitionOf } from '@medrex/keys';
import type { MessageName } from './message-name.ts';
import type { ItemResult, MessageResult } from './message-result.ts';
import type { IntakePlace } from './message/incoming-message.ts';
import type { Problem } from './problem.ts';

/** A terminal operation in a receipt. */
export interface Ending {
  readonly opId: string;
  readonly item: number;
  readonly status: 'applied' | 'rejected' | 'dead';
  readonly code: string;
  readonly message?: string;
  readonly detail?: ReceiptItem['detail'];
  readonly author?: string;
}

/** The receipt of a message of an intake topic that was accepted or refused. */
export function intakeReceipt(result: MessageResult, atMs: number): Receipt {
  const { source, id, isIdDerived, place, items, problem } = result;
  const isTaken = items.some(({ kind }) => kind !== 'refused');
  const isRepeat = isTaken && items.every(({ kind }) => kind !== 'accepted');
  const only = problem ?? firstProblem(items);
  return {
    source,
    id,
    isIdMinted: isIdDerived,
    state: isTaken ? 'accepted' : 'refused',
    code: isTaken ? (isRepeat ? 'REPEAT' : 'ACCEPTED') : (only?.code ?? 'NOTHING_TO_DO'),
    items: problem === undefined ? items.map(receiptItem) : [],
    issues: problem === undefined ? [] : problemIssues(problem),
    ...(place !== undefined && { intake: place }),
    atMs,
  };
}

/** The receipt of a record that could not be read as a message. @param id derived from its topic, partition and offset */
export function unreadableReceipt(place: IntakePlace, id: string, problem: Problem, atMs: number): Receipt {
  const issues = problemIssues(problem);
  return {
    source: place.topic,
    id,
    isIdMinted: true,
    state: 'refused',
    code: problem.code,
    items: [],
    issues,
    intake: place,
    atMs,
  };
}

/** The receipt of a message whose operations are all terminal. @param endings in item order */
export function settledReceipt(name: MessageName, endings: readonly Ending[], atMs: number): Receipt {
  const { source, id, isIdDerived, place, resend } = name;
  const worst = endings.find(({ status }) => status !== 'applied');
  return {
    source,
    id,
    isIdMinted: isIdDerived,
    state: 'settled',
    code: worst?.code ?? 'OK',
    items: endings.map(({ opId, item, status, code, message, detail, author }) => ({
      item,
      state: status,
      code,
      opId,
      ...(resend !== undefined && { resendOf: resend.of }),
      ...(message !== undefined && { message }),
      ...(detail !== undefined && { detail }),
      ...(author !== undefined && { author }),
    })),
    issues: [],
    ...(place !== undefined && { intake: place }),
    atMs,
  };
}

function receiptItem(result: ItemResult): ReceiptItem {
  const { item } = result;
  if (result.kind !== 'refused')
    return {
      item,
      state: 'pending',
      code: result.kind === 'accepted' ? 'ACCEPTED' : 'REPEAT',
      opId: result.operation.opId,
    };
  const { code, detail } = result.problem;
  return { item, state: 'refused', code, message: detail, issues: problemIssues(result.problem) };
}

function firstProblem(items: readonly ItemResult[]): Problem | undefined {
  const refused = items.find((item) => item.kind === 'refused');
  return refused?.problem;
}

function problemIssues({ issues, detail, status }: Problem): readonly RefusalIssue[] {
  if (issues !== undefined && issues.length > 0) return issues;
  return [{ severity: 'error', code: status >= 500 ? 'transient' : 'processing', diagnostics: detail }];
}

/** Writes to the `receipts` topic. */
export class ReceiptPublisher {
  readonly #log: Pick<EventLog, 'append'>;
  readonly #partitions: number;

  constructor(log: Pick<EventLog, 'append'>, partitions: number) {
    this.#log = log;
    this.#partitions = partitions;
  }

  /** Resolves when all are durable. Receipts of one source stay in order. */
  async publish(receipts: readonly Receipt[]): Promise<void> {
    const byPartition = new Map<number, NewRecord[]>();
    const partitions = new Map<string, number>();
    for (const receipt of receipts) {
      const partition = partitions.get(receipt.source) ?? partitionOf(receipt.source, this.#partitions);
      partitions.set(receipt.source, partition);
      const records = byPartition.get(partition);
      const record = { key: receipt.source, value: receiptCodec.encode(receipt) };
      if (records === undefined) byPartition.set(partition, [record]);
      else records.push(record);
    }
    await Promise.all(
      [...byPartition].map(([partition, records]) => this.#log.append(topics.receipts, partition, records)),
    );
  }
}
