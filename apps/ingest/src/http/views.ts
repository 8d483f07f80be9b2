import type { OperationStatus } from '@medrex/contracts';
import { authorRejects } from '@medrex/execute-batch';
import type { KnownOperation } from '../known-operations.ts';
import { takenOperations, type ItemResult, type MessageResult } from '../message-result.ts';
import { problemBody, type Problem } from '../problem.ts';

/** URL path of the status of an operation. */
export function statusUrl(opId: string): string {
  return `/v1/transactions/${opId}`;
}

/** URL path of the statuses of a message. */
export function messageUrl({ source, id }: Pick<MessageResult, 'source' | 'id'>): string {
  return `/v1/transactions?${new URLSearchParams({ source, id }).toString()}`;
}

/** The receipt of one operation: the same for every repeat of its message. */
export function operationReceipt({ opId, digest, seq, acceptedAtMs }: KnownOperation): Record<string, unknown> {
  return {
    transactionId: opId,
    seq,
    digest,
    acceptedAt: new Date(acceptedAtMs).toISOString(),
    statusUrl: statusUrl(opId),
  };
}

/** The receipt of a message over HTTP: that of its operation, or a list when it has several items. */
export function messageReceipt(result: MessageResult): Record<string, unknown> {
  const { source, id, isIdDerived, items } = result;
  const name = { source, id, isIdDerived, ...(isIdDerived && { advice: derivedIdAdvice }) };
  const [only] = items;
  if (items.length === 1 && only !== undefined && only.kind !== 'refused')
    return { ...operationReceipt(only.operation), ...name };
  return { ...name, digest: result.digest, statusUrl: messageUrl(result), items: items.map(itemReceipt) };
}

const derivedIdAdvice =
  'The message had no id, so one was generated; sent again it would be another message. Send an Idempotency-Key or a CloudEvents id to make repeats safe.';

function itemReceipt(item: ItemResult): Record<string, unknown> {
  if (item.kind === 'refused')
    return { item: item.item, status: item.problem.status, problem: problemBody(item.problem) };
  return { item: item.item, status: item.kind === 'accepted' ? 202 : 200, ...operationReceipt(item.operation) };
}

/** HTTP status of a message: 202 accepted, 200 repeat, 207 for items with different results, otherwise that of its problem. */
export function messageStatus(result: MessageResult): number {
  if (result.problem !== undefined) return result.problem.status;
  return commonStatus(result.items.map(itemStatus));
}

export function itemStatus(item: ItemResult): number {
  if (item.kind === 'refused') return item.problem.status;
  return item.kind === 'accepted' ? 202 : 200;
}

/** Combines statuses: 202 if some were accepted and none refused, 200 if all are repeats, 207 for a mixture. */
export function commonStatus(statuses: readonly number[]): number {
  const distinct = new Set(statuses);
  const refused = [...distinct].filter((status) => status >= 400);
  if (refused.length === 0) return distinct.has(202) ? 202 : 200;
  if (refused.length < distinct.size) return 207;
  return refused.length === 1 ? (refused[0] ?? 422) : 422;
}

/** URL path of the status of a message: of its operation, or of all its items. */
export function locationOf(result: MessageResult): string | undefined {
  const operations = takenOperations(result);
  const [first] = operations;
  if (first === undefined) return undefined;
  return result.items.length === 1 ? statusUrl(first.opId) : messageUrl(result);
}

/** The status of one operation in the form of the API. */
export function statusView(status: OperationStatus): Record<string, unknown> {
  const { opId, state, sourceHash, seq, acceptedAtMs, outcome, settledAtMs } = status;
  return {
    transactionId: opId,
    state,
    digest: sourceHash,
    ...(seq !== undefined && { seq }),
    acceptedAt: new Date(acceptedAtMs).toISOString(),
    statusUrl: statusUrl(opId),
    ...(settledAtMs !== undefined && { settledAt: new Date(settledAtMs).toISOString() }),
    ...(outcome !== undefined && outcomeView(outcome)),
  };
}

/** An outcome in the form of the API. */
export function outcomeView(outcome: NonNullable<OperationStatus['outcome']>): Record<string, unknown> {
  const { code, message, detail, item, txId, blockNum, txNum, undeclared, author } = outcome;
  const remedy = remedyOf(code);
  return {
    code,
    ...(message !== undefined && { message }),
    ...(remedy !== undefined && { remedy }),
    author: author === undefined ? 'attested by ingest' : `signed by ${author}`,
    ...(detail !== undefined && { detail }),
    item,
    fabric: { transactionId: txId, block: blockNum, position: txNum },
    ...(undeclared !== undefined && undeclared.length > 0 && { hasUndeclaredKeys: true }),
  };
}

/** The remedy for a rejection of the author; undefined for other codes. */
function remedyOf(code: string): string | undefined {
  return Object.hasOwn(authorRejects, code) ? authorRejects[code as keyof typeof authorRejects].remedy : undefined;
}

/** The longest Retry-After of the problems, in seconds. */
export function retryAfterS(problems: readonly Problem[]): number | undefined {
  const waits = problems.flatMap(({ retryAfterS: seconds }) => (seconds === undefined ? [] : [seconds]));
  return waits.length === 0 ? undefined : Math.max(...waits);
}
