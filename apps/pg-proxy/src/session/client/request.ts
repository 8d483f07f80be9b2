import type { Target, WireFault } from '@medrex/pg-wire';
import type { WorkloadClass } from '@medrex/pool';
import { readComment, type Analysis, type Redefinition, type SqlAnalyser, type SqlComment } from '@medrex/sql';
import type { Backend } from '../backend/backend.ts';
import type { StatementSettings } from '../../config/scoped-settings.ts';
import { hintsOf } from '../../config/session-settings.ts';
import type { Note, PreparedNames } from '../backend/expected-answers.ts';
import type { RewrittenText } from '../state/reset-settings.ts';
import { mayChangeInterpretation } from '../state/text-interpretation.ts';
import { utf8Of } from '../state/text-encoding.ts';
import { readBytesMax, type SessionTracker } from '../state/session-tracker.ts';
import { deallocatedBy, faultOf, namesOf, type TrackedText } from '../state/tracked-text.ts';

/** The client that sent a request. */
export interface Requester {
  readonly user: string;
  readonly database: string;
  /** The user at the upstream. */
  readonly upstreamUser: string;
  readonly settings: ReadonlyMap<string, string>;
  /** The process id in its cancel key. */
  readonly processId: number;
  /** The client is pinned to its backend. */
  readonly isPinned: boolean;
  /** The analysis of a protocol-level name; undefined: there is no such name, or nobody has observed it. */
  named(of: Target['kind'], name: string): Analysis | undefined;
}

/** Observes all requests. It is called on the data path, so anything slow must be deferred. */
export interface RequestObserver {
  /** The request has been sent to the server. */
  sent?(request: Request): void;
  /** A statement of the request has ended; its tag is the last one. */
  completed?(request: Request, tag: string): void;
  ended(request: Request): void;
  /** A FunctionCall message was sent; there is no request for it. */
  called?(from: Requester, backend: Backend): void;
  /** Something was refused without a request being sent: the pool gave no backend, or a Parse was invalid. */
  refused?(from: Requester, sqlstate: string): void;
}

export interface RequestOptions {
  readonly from: Requester;
  /** The backend that runs it; undefined: the proxy knew the answer. */
  readonly backend: Backend | undefined;
  readonly kind: Request['kind'];
  readonly text: string;
  readonly isWhole: boolean;
  readonly analyser: SqlAnalyser;
  readonly watch: SessionTracker;
  readonly watched: TrackedText | undefined;
  /** Sent to the server in place of the text. */
  readonly rewritten?: RewrittenText | undefined;
  readonly before: PreparedNames | undefined;
  readonly observer: RequestObserver | undefined;
  readonly prepared: Analysed | undefined;
  readonly workClass: WorkloadClass;
}

/** Holds what was found out about its text. */
export interface Analysed {
  analysis: Analysis | undefined;
}

/** The text with which a client asks for a backend. */
export interface RequestText extends Analysed {
  /** UTF-8 read as latin1. */
  readonly text: string;
  /** False: more of the text is to come. */
  readonly isWhole: boolean;
  /** The text contains no word that concerns the proxy. */
  readonly isPlain?: boolean;
}

/** For a text that was not seen completely: it may do anything. */
export const unknownText: Analysis = {
  kind: 'unread',
  fingerprint: '',
  normalised: '',
  fault: { sqlstate: '54000', message: 'the statement has not been seen as a whole' },
};

/**
 * Something that a client has sent to be run, from its message to the end of its answer: a simple query with all its statements, or an
 * Execute. If no statement has ended, failed or been suspended, the server skipped it because of an earlier error.
 */
export class Request implements Note {
  readonly from: Requester;
  readonly backend: Backend | undefined;
  readonly kind: 'query' | 'execute';
  /** Milliseconds on the proxy's clock; 0: not yet. */
  receivedAt = 0;
  /** When it got a backend. */
  backendAt = 0;
  firstAt = 0;
  blockedMs = 0;
  endedAt = 0;
  /** How much of the time at the backend went into translation. */
  translateMs = 0;
  /** Bytes of the answer. */
  bytes = 0;
  sqlstate: string | undefined;
  /** How many statements have ended, and the sum of the rows in their tags; for one that did not end, the rows that were sent. */
  commands = 0;
  rows = 0;
  rowsSent = 0;
  /** It ran, and the client did not want all of its rows. */
  isSuspended = false;
  readonly watched: TrackedText | undefined;
  readonly before: PreparedNames | undefined;
  readonly changesInterpretation: boolean;
  readonly names: readonly string[] | undefined;
  readonly fault: WireFault | undefined;
  undo: (() => void) | undefined;
  /** The class under which it got its backend; within a transaction, the class known by then. */
  readonly workClass: WorkloadClass;
  readonly #rewritten: RewrittenText | undefined;
  /** Statements that have ended, of the text sent to the server. */
  #ended = 0;
  readonly #text: string;
  readonly #isWhole: boolean;
  readonly #analyser: SqlAnalyser;
  readonly #watch: SessionTracker;
  readonly #observer: RequestObserver | undefined;
  readonly #prepared: Analysed | undefined;
  #analysis: Analysis | undefined;
  #tag = '';
  #earlierTags: string[] | undefined;
  #comment: SqlComment | undefined;

  constructor(options: RequestOptions) {
    this.from = options.from;
    this.backend = options.backend;
    this.kind = options.kind;
    this.watched = options.watched;
    this.before = options.before;
    this.changesInterpretation = options.watched !== undefined && mayChangeInterpretation(options.watched);
    this.names = options.watched && namesOf(options.watched);
    this.fault = options.watched && faultOf(options.watched);
    this.workClass = options.workClass;
    this.#rewritten = options.rewritten;
    this.#text = options.text;
    this.#isWhole = options.isWhole;
    this.#analyser = options.analyser;
    this.#watch = options.watch;
    this.#observer = options.observer;
    this.#prepared = options.prepared;
  }

  /** The tags in the CommandComplete messages of its statements. */
  get tags(): readonly string[] {
    return this.commands === 0 ? [] : [...(this.#earlierTags ?? []), this.#tag];
  }

  /** UTF-8 read as latin1. */
  get text(): string {
    return this.#text;
  }

  get deallocates(): string | undefined {
    return this.watched && deallocatedBy(this.watched);
  }

  /** The analysis of its text, made on demand and shared by texts that were analysed before. */
  get analysis(): Analysis {
    this.#analysis ??= this.#isWhole ? analysisOf(this.#analyser, this.#text, this.#prepared) : unknownText;
    return this.#analysis;
  }

  get redefined(): Redefinition | undefined {
    const { analysis } = this;
    return analysis.kind === 'read' ? analysis.statements[this.commands - 1]?.redefines : undefined;
  }

  /** Whether the text has a comment in the position that sqlcommenter uses: a cheap check, mostly false. */
  get hasComment(): boolean {
    const text = this.#text;
    return text.startsWith('/*') || text.endsWith('*/') || text.endsWith('*/;');
  }

  /** What the client says about it by sqlcommenter. */
  get comment(): SqlComment {
    this.#comment ??= readComment(utf8Of(this.#text));
    return this.#comment;
  }

  /** As `analysis`, but also for longer texts that are not analysed on the data path; up to a maximum length. */
  readLarge(): Analysis {
    const isAffordable = this.#isWhole && this.#text.length <= readBytesMax;
    if (isAffordable && this.analysis.kind === 'large')
      this.#analysis = this.#analyser.analyseLarge(utf8Of(this.#text));
    return this.analysis;
  }

  /** The proxy settings that its hint comments name. */
  get hints(): StatementSettings {
    return hintsOf(this.#text);
  }

  get isAddedByProxy(): boolean {
    return this.#rewritten?.added.has(this.#ended) === true;
  }

  get positionOf(): ((position: number) => number) | undefined {
    return this.#rewritten?.positionOf;
  }

  completed(tag: string): void {
    const { isAddedByProxy } = this;
    this.#ended++;
    if (isAddedByProxy) return;
    if (this.commands > 0) (this.#earlierTags ??= []).push(this.#tag);
    this.#tag = tag;
    this.commands++;
    this.rows += rowsOf(tag);
    this.rowsSent = 0;
    if (this.watched !== undefined) this.#watch.completed(this.watched, tag);
    this.#observer?.completed?.(this, tag);
  }

  suspended(): void {
    this.isSuspended = true;
    if (this.watched !== undefined) this.#watch.suspended(this.watched);
  }

  failed(sqlstate: string): void {
    this.sqlstate = sqlstate;
  }

  ended(atMs: number): void {
    this.endedAt = atMs;
    this.rows += this.rowsSent;
    if (this.commands === 0) this.undo?.();
    const times = this.backend?.translationTimes;
    if (times !== undefined) this.translateMs = times.takeMs(this.#text, this.backendAt);
    this.#observer?.ended(this);
  }
}

/** The number at the end of a command tag. */
function rowsOf(tag: string): number {
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

/** @param text UTF-8 read as latin1 */
export function analysisOf(analyser: SqlAnalyser, text: string, prepared?: Analysed): Analysis {
  const known = prepared?.analysis ?? analyser.analyse(utf8Of(text));
  if (prepared !== undefined) prepared.analysis = known;
  return known;
}
