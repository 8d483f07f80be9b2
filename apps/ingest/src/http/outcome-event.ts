import type { CallAnswers } from '../calls/call-answers.ts';
import type { SettledOperation } from '../outcome-projection.ts';
import { outcomeView, statusUrl } from './views.ts';

/** Filter of a listener; all outcomes when both members are absent. */
export interface OutcomeFilter {
  readonly source?: string;
  readonly opIds?: ReadonlySet<string>;
}

export function isWanted(
  { source, opIds }: OutcomeFilter,
  { outcome, name }: Pick<SettledOperation, 'outcome' | 'name'>,
): boolean {
  if (opIds !== undefined && !opIds.has(outcome.opId)) return false;
  return source === undefined || name?.source === source;
}

/** Position of an outcome in the stream: offset of its record in the `outcomes` topic, and its index in the record. */
export interface EventPlace {
  readonly offset: number;
  readonly index: number;
}

export function isBehind(one: EventPlace, other: EventPlace): boolean {
  return one.offset > other.offset || (one.offset === other.offset && one.index > other.index);
}

/** `<offset>.<index>`, which a listener sends back as Last-Event-ID. */
export function eventId({ offset, index }: EventPlace): string {
  return `${offset}.${index}`;
}

/** @returns undefined for an id that is not of this stream */
export function parseEventId(id: string): EventPlace | undefined {
  const [, offset, index] = /^(\d{1,15})\.(\d{1,9})$/.exec(id) ?? [];
  return offset === undefined || index === undefined ? undefined : { offset: Number(offset), index: Number(index) };
}

/** One event of the stream, as text/event-stream writes it. */
export function outcomeEvent(settled: SettledOperation, answers: Pick<CallAnswers, 'read'>): string {
  const { name, committedAtMs } = settled;
  const { outcome, mode } = answers.read(settled.outcome, name);
  const data = {
    transactionId: outcome.opId,
    state: outcome.status,
    seq: outcome.seq,
    digest: outcome.sourceHash,
    ...(name !== undefined && { source: name.source, id: name.id }),
    settledAt: new Date(committedAtMs).toISOString(),
    statusUrl: statusUrl(outcome.opId),
    ...outcomeView(outcome),
    ...mode,
  };
  return `id: ${eventId(settled)}\nevent: outcome\ndata: ${JSON.stringify(data)}\n\n`;
}
