import type { ItemResult, MessageResult } from '../message-result.ts';
import { problemBody, type Problem } from '../problem.ts';
import type { LineResult } from './batch-submitter.ts';
import { commonStatus, itemStatus, messageStatus, statusUrl } from './views.ts';

/** The answer to a batch: the result of each line or Bundle entry, and their counts. */
export interface BatchView {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One entry per line, in order. */
export function linesView(lines: readonly LineResult[]): BatchView {
  return view(
    lines.map(lineView),
    lines.map((line) => ('problem' in line ? line.problem.status : messageStatus(line.result))),
  );
}

/** One entry per Bundle entry that is a separate operation, in order. */
export function bundleView(result: MessageResult): BatchView {
  const { source, id, isIdDerived, digest } = result;
  const { status, body } = view(
    result.items.map((item) => ({ item: item.item, ...itemView(item) })),
    result.items.map(itemStatus),
  );
  return { status, body: { source, id, isIdDerived, digest, ...body } };
}

function view(items: readonly Readonly<Record<string, unknown>>[], statuses: readonly number[]): BatchView {
  const accepted = statuses.filter((status) => status === 202).length;
  const repeated = statuses.filter((status) => status === 200).length;
  return {
    status: commonStatus(statuses),
    body: { accepted, repeated, refused: statuses.length - accepted - repeated, items },
  };
}

function lineView(line: LineResult): Readonly<Record<string, unknown>> {
  if ('problem' in line) return { line: line.line, ...refused(line.problem) };
  const { source, id, isIdDerived, items, problem } = line.result;
  const name = { line: line.line, source, id, ...(isIdDerived && { isIdDerived }) };
  if (problem !== undefined) return { ...name, ...refused(problem) };
  const [only] = items;
  if (items.length === 1 && only !== undefined) return { ...name, ...itemView(only) };
  return {
    ...name,
    status: messageStatus(line.result),
    items: items.map((item) => ({ item: item.item, ...itemView(item) })),
  };
}

function itemView(item: ItemResult): Readonly<Record<string, unknown>> {
  if (item.kind === 'refused') return refused(item.problem);
  const { opId, seq, digest } = item.operation;
  return { status: item.kind === 'accepted' ? 202 : 200, transactionId: opId, seq, digest, statusUrl: statusUrl(opId) };
}

function refused(problem: Problem): Readonly<Record<string, unknown>> {
  return { status: problem.status, problem: problemBody(problem) };
}
