import type { Statement, WorkloadClass } from '@medrex/sql';
import type { Request } from '../session/client/request.ts';

/** What statistics need to know about a request; contains no literals. */
export interface Outcome {
  readonly database: string;
  readonly user: string;
  readonly fingerprint: string;
  readonly normalised: string;
  readonly workload: WorkloadClass;
  /** Undefined: the text was not understood. */
  readonly statements: readonly Statement[] | undefined;
  readonly rows: number;
  readonly bytes: number;
  readonly sqlstate: string | undefined;
  readonly queueMs: number;
  readonly translateMs: number;
  readonly backendMs: number;
  readonly streamMs: number;
  /** The part of it in which the client did not take what there was. */
  readonly clientMs: number;
  readonly totalMs: number;
}

/** How much of a normalised text is shown, in characters. */
const normalisedMax = 10_000;

/** Undefined: the server skipped the request. */
export function outcomeOf(request: Request): Outcome | undefined {
  return hasRun(request) ? fillOutcome(request, { ...emptyOutcome }) : undefined;
}

/** One object that is filled again for each request, for observers that do not keep it: allocating one for each statement is expensive. */
export class ReusedOutcome {
  readonly #outcome: Writable<Outcome> = { ...emptyOutcome };

  /** Valid until the next call. */
  of(request: Request): Outcome | undefined {
    return hasRun(request) ? fillOutcome(request, this.#outcome) : undefined;
  }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The times start as fractions, so that V8 stores them as doubles from the beginning and can overwrite them in place. */
const emptyOutcome: Outcome = {
  database: '',
  user: '',
  fingerprint: '',
  normalised: '',
  workload: 'interactive',
  statements: undefined,
  rows: 0,
  bytes: 0,
  sqlstate: undefined,
  queueMs: 0.5,
  translateMs: 0.5,
  backendMs: 0.5,
  streamMs: 0.5,
  clientMs: 0.5,
  totalMs: 0.5,
};

const hasRun = ({ commands, sqlstate, isSuspended }: Request): boolean =>
  commands > 0 || sqlstate !== undefined || isSuspended;

function fillOutcome(request: Request, outcome: Writable<Outcome>): Outcome {
  const { from, receivedAt, backendAt, firstAt, endedAt, translateMs } = request;
  const { fingerprint, normalised, workload, statements } = textOf(request);
  const first = firstAt === 0 ? endedAt : firstAt;
  outcome.database = from.database;
  outcome.user = from.user;
  outcome.fingerprint = fingerprint;
  outcome.normalised = normalised;
  outcome.workload = workload;
  outcome.statements = statements;
  outcome.rows = request.rows;
  outcome.bytes = request.bytes;
  outcome.sqlstate = request.sqlstate;
  outcome.queueMs = backendAt - receivedAt;
  outcome.translateMs = translateMs;
  outcome.backendMs = first - backendAt - translateMs;
  outcome.streamMs = endedAt - first;
  outcome.clientMs = request.blockedMs;
  outcome.totalMs = endedAt - receivedAt;
  return outcome;
}

interface Text {
  readonly fingerprint: string;
  readonly normalised: string;
  readonly workload: WorkloadClass;
  readonly statements: readonly Statement[] | undefined;
}

const emptyText: Text = { fingerprint: '', normalised: '', workload: 'interactive', statements: undefined };
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
    return { ...emptyText, fingerprint, normalised: normalised.slice(0, normalisedMax) };
  }
  if (analysis.kind !== 'read') return emptyText;
  const { statements } = analysis;
  const [first] = statements;
  if (first === undefined) return { ...emptyText, statements };
  const normalised = statements.map((statement) => statement.normalised).join('; ');
  return {
    fingerprint: [...new Set(statements.map(({ fingerprint }) => fingerprint))].slice(0, 8).join('+'),
    normalised: normalised.slice(0, normalisedMax),
    workload: first.workload,
    statements,
  };
}
