import type { Named, WireFault } from '@medrex/pg-wire';
import type { WorkloadClass } from '@medrex/pool';
import { readComment, type Analysis, type Redefinition, type SqlAnalyser, type SqlComment } from '@medrex/sql';
import type { Backend } from '../backend/backend.ts';
import type { StatementSettings } from '../../config/scoped-settings.ts';
import { hintsOf } from '../../config/session-settings.ts';
import type { Note, PreparedBefore } from '../backend/expected-answers.ts';
import type { SetInPlace } from '../left-behind/set-again.ts';
import { mayReread } from '../left-behind/reading.ts';
import { utf8Of } from '../left-behind/letters.ts';
import { readBytesMax, type SessionWatch } from '../left-behind/session-watch.ts';
import { deallocatedBy, faultOf, namesOf, type Watched } from '../left-behind/watched.ts';

/** Who sent a request. */
export interface Requester {
  readonly user: string;
  readonly database: string;
  /** As whom it works at the upstream. */
  readonly upstreamUser: string;
  readonly settings: ReadonlyMap<string, string>;
  /** Of its cancel key. */
  readonly processId: number;
  /** It has left something in its session. */
  readonly isPinned: boolean;
  /** What stands behind a name that the protocol has given; undefined: it has given none, or nobody has followed it. */
  named(of: Named['of'], name: string): Analysis | undefined;
}

/** What wants to know of every request. It is called on the data path: what takes long is done later. */
export interface RequestObserver {
  /** It is on its way to the server. */
  sent?(request: Request): void;
  /** A statement of it has ended; its tag is the last. */
  completed?(request: Request, tag: string): void;
  ended(request: Request): void;
  /** A function was called by a message of its own, for which there is no request. */
  called?(from: Requester, backend: Backend): void;
  /** Something was refused for which no request is on its way: the pool gave no backend, or a Parse was wrong. */
  refused?(from: Requester, sqlstate: string): void;
}

export interface RequestOptions {
  readonly from: Requester;
  /** That runs it; undefined: what it asks for was known here. */
  readonly backend: Backend | undefined;
  readonly kind: Request['kind'];
  readonly text: string;
  readonly isWhole: boolean;
  readonly analyser: SqlAnalyser;
  readonly watch: SessionWatch;
  readonly watched: Watched | undefined;
  /** What goes to the server in place of the text. */
  readonly inPlace?: SetInPlace | undefined;
  readonly before: PreparedBefore | undefined;
  readonly observer: RequestObserver | undefined;
  readonly prepared: Analysed | undefined;
  readonly workClass: WorkloadClass;
}

/** Something that keeps what was found out about its text. */
export interface Analysed {
  analysis: Analysis | undefined;
}

/** The text of the message by which a client asks for a backend. */
export interface Asked extends Analysed {
  /** As latin1. */
  readonly text: string;
  /** False: more of it is to come. */
  readonly isWhole: boolean;
  /** Its words are known, and concern nobody here but the server. */
  readonly isPlain?: boolean;
}

/** Of a text that was not seen, or not whole: what it does may be anything. */
export const unknownText: Analysis = {
  ...{ kind: 'unread', fingerprint: '', normalised: '' },
  fault: { sqlstate: '54000', message: 'the statement has not been seen as a whole' },
};

/**
 * What a client has sent to be run, from its message to the end of its answer: a simple query with all its statements, or an
 * Execute. Where nothing of it has ended, failed or been suspended the server passed over it, because something before it had failed.
 */
export class Request implements Note {
  readonly from: Requester;
  readonly backend: Backend | undefined;
  readonly kind: 'query' | 'execute';
  /** Milliseconds on the proxy's clock; 0: not yet. */
  receivedAt = 0;
  /** When it had a backend. */
  backendAt = 0;
  firstAt = 0;
  blockedMs = 0;
  endedAt = 0;
  /** What of its time with the backend went into another dialect. */
  translateMs = 0;
  /** Of the answer. */
  bytes = 0;
  sqlstate: string | undefined;
  /** How many statements of it have ended, and of how many rows their tags speak; where one did not end, how many of its rows were sent. */
  commands = 0;
  rows = 0;
  rowsSent = 0;
  /** It has run, and not all of its rows were wanted. */
  isSuspended = false;
  readonly watched: Watched | undefined;
  readonly before: PreparedBefore | undefined;
  readonly rereads: boolean;
  readonly names: readonly string[] | undefined;
  readonly fault: WireFault | undefined;
  undo: (() => void) | undefined;
  /** As which it got its backend; in a transaction, what that had turned out to be by then. */
  readonly workClass: WorkloadClass;
  readonly #inPlace: SetInPlace | undefined;
  /** Statements that have ended of what went to the server. */
  #ended = 0;
  readonly #text: string;
  readonly #isWhole: boolean;
  readonly #analyser: SqlAnalyser;
  readonly #watch: SessionWatch;
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
    this.rereads = options.watched !== undefined && mayReread(options.watched);
    this.names = options.watched && namesOf(options.watched);
    this.fault = options.watched && faultOf(options.watched);
    this.workClass = options.workClass;
    this.#inPlace = options.inPlace;
    this.#text = options.text;
    this.#isWhole = options.isWhole;
    this.#analyser = options.analyser;
    this.#watch = options.watch;
    this.#observer = options.observer;
    this.#prepared = options.prepared;
  }

  /** Of the CommandComplete of each statement that ended. */
  get tags(): readonly string[] {
    return this.commands === 0 ? [] : [...(this.#earlierTags ?? []), this.#tag];
  }

  /** As latin1. */
  get text(): string {
    return this.#text;
  }

  get deallocates(): string | undefined {
    return this.watched && deallocatedBy(this.watched);
  }

  /** What its text does; read when somebody asks, and known for texts that were read before. */
  get analysis(): Analysis {
    this.#analysis ??= this.#isWhole ? analysisOf(this.#analyser, this.#text, this.#prepared) : unknownText;
    return this.#analysis;
  }

  get redefined(): Redefinition | undefined {
    const { analysis } = this;
    return analysis.kind === 'read' ? analysis.statements[this.commands - 1]?.redefines : undefined;
  }

  /** Whether its text has a comment where sqlcommenter puts one: cheap, and mostly false. */
  get hasComment(): boolean {
    const text = this.#text;
    return text.startsWith('/*') || text.endsWith('*/') || text.endsWith('*/;');
  }

  /** What its client says of it by sqlcommenter. */
  get comment(): SqlComment {
    this.#comment ??= readComment(utf8Of(this.#text));
    return this.#comment;
  }

  /** As `analysis`, also of a text that is not read otherwise because it holds others up; up to a length. */
  readLarge(): Analysis {
    const isAffordable = this.#isWhole && this.#text.length <= readBytesMax;
    if (isAffordable && this.analysis.kind === 'large')
      this.#analysis = this.#analyser.analyseLarge(utf8Of(this.#text));
    return this.analysis;
  }

  /** What it says of its own settings. */
  get hints(): StatementSettings {
    return hintsOf(this.#text);
  }

  get isOfOurs(): boolean {
    return this.#inPlace?.added.has(this.#ended) === true;
  }

  get positionOf(): ((position: number) => number) | undefined {
    return this.#inPlace?.positionOf;
  }

  completed(tag: string): void {
    const { isOfOurs } = this;
    this.#ended++;
    if (isOfOurs) return;
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

/** @param text UTF-8 as latin1 */
export function analysisOf(analyser: SqlAnalyser, text: string, prepared?: Analysed): Analysis {
  const known = prepared?.analysis ?? analyser.analyse(utf8Of(text));
  if (prepared !== undefined) prepared.analysis = known;
  return known;
}
