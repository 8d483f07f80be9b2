import type { Statement, WorkloadClass } from '@medrex/sql';
import type { Request } from '../session/request.ts';

/** What one request was, in the words of statistics: nothing of it is a literal. */
export interface Outcome {
  readonly database: string;
  readonly user: string;
  readonly fingerprint: string;
  readonly normalised: string;
  readonly workload: WorkloadClass;
  /** Undefined where the grammar did not know it. */
  readonly statements: readonly Statement[] | undefined;
  readonly rows: number;
  readonly bytes: number;
  readonly sqlstate: string | undefined;
  readonly queueMs: number;
  readonly translateMs: number;
  readonly backendMs: number;
  readonly streamMs: number;
  readonly totalMs: number;
}

/** What is shown of a text. */
const normalisedMax = 10_000;

/** Undefined where the server passed over it: it has not run. */
export function outcomeOf(request: Request): Outcome | undefined {
  const { tags, sqlstate, from, receivedAt, backendAt, firstAt, endedAt, bytes } = request;
  if (tags.length === 0 && sqlstate === undefined) return undefined;
  const text = textOf(request);
  const first = firstAt === 0 ? endedAt : firstAt;
  let rows = 0;
  for (const tag of tags) rows += rowsOf(tag);
  return {
    database: from.database,
    user: from.user,
    fingerprint: text.fingerprint,
    normalised: text.normalised,
    workload: text.workload,
    statements: text.statements,
    rows,
    bytes,
    sqlstate,
    queueMs: backendAt - receivedAt,
    translateMs: request.translateMs,
    backendMs: first - backendAt - request.translateMs,
    streamMs: endedAt - first,
    totalMs: endedAt - receivedAt,
  };
}

interface Text {
  readonly fingerprint: string;
  readonly normalised: string;
  readonly workload: WorkloadClass;
  readonly statements: readonly Statement[] | undefined;
}

const nothing: Text = { fingerprint: '', normalised: '', workload: 'interactive', statements: undefined };
const known = new WeakMap<object, Text>();

function textOf(request: Request): Text {
  const { analysis } = request;
  const subject = analysis.kind === 'read' && analysis.statements.length === 1 ? analysis.statements : analysis;
  const found = known.get(subject);
  if (found !== undefined) return found;
  const text = textOfAnalysis(analysis);
  known.set(subject, text);
  return text;
}

function textOfAnalysis(analysis: Request['analysis']): Text {
  if (analysis.kind === 'unread') {
    const { fingerprint, normalised } = analysis;
    return { ...nothing, fingerprint, normalised: normalised.slice(0, normalisedMax) };
  }
  if (analysis.kind !== 'read') return nothing;
  const { statements } = analysis;
  const [first] = statements;
  if (first === undefined) return { ...nothing, statements };
  const normalised = statements.map((statement) => statement.normalised).join('; ');
  return {
    fingerprint: [...new Set(statements.map(({ fingerprint }) => fingerprint))].slice(0, 8).join('+'),
    normalised: normalised.slice(0, normalisedMax),
    workload: first.workload,
    statements,
  };
}

/** The number at the end of a command tag. */
export function rowsOf(tag: string): number {
  let rows = 0;
  let factor = 1;
  for (let at = tag.length - 1; at >= 0; at--) {
    const digit = tag.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) break;
    rows += digit * factor;
    factor *= 10;
  }
  return rows;
}
