import { Buffer, isUtf8 } from 'node:buffer';
import { transactionStatus, type TransactionStatus } from '@medrex/pg-wire';
import {
  SessionState,
  withPrivateUseCharacters,
  type Analysis,
  type Bound,
  type PinReason,
  type SessionEffect,
  type SqlAnalyser,
} from '@medrex/sql';
import { settingPrefix } from '../../config/session-settings.ts';
import type { PoolMode } from '../client/client-options.ts';
import { mayGoBack } from './concerns-proxy.ts';
import { Doubts, type Outcome } from './doubts.ts';
import { leaves, mayTakeBack } from './leaves-state.ts';
import { isAscii, rangesIn, utf8Of, type Letters } from './letters.ts';
import type { Settings } from './settings.ts';
import { textOf, type Watched } from './watched.ts';
import type { Statements } from '../prepared/statements.ts';
import { notLooked, type CodeLook, type RunText, type UnseenCode } from '../code/unseen-code.ts';

/**
 * A longer text would block the event loop for more than 50 ms; it is assumed to leave something behind. Bulk inserts are usually shorter.
 */
export const readBytesMax = 128 * 1024;

/** What else is known about a text. */
export interface Looked {
  readonly analysis?: Analysis | undefined;
  /** The result of `leavesState`, if known. */
  readonly mayLeave?: boolean;
  readonly bound?: Bound | undefined;
}

/** How often sessions have come to have temporary objects. */
let temporaries = 0;

/** How many names of settings are remembered for one session. */
const namedMax = 64;
const deallocate = /\bdeallocate\b/gi;

/** Effects that can change settings. Dropping a table, or taking a lock, cannot. */
const settingEffects: ReadonlySet<SessionEffect['kind']> = new Set([
  ...(['set', 'reset', 'resetAll', 'role', 'authorization', 'discard', 'execute', 'load', 'code', 'opaque'] as const),
]);

const unread = { statements: 'unread', ranges: [] } as const;

const letterOf = (status: TransactionStatus): 'I' | 'T' | 'E' => String.fromCharCode(status) as 'I' | 'T' | 'E';

export interface SessionWatchOptions {
  readonly analyser: SqlAnalyser;
  /** After nextval, currval and lastval only answer in the same session. */
  readonly pinsSequences: boolean;
  /** The statements of its pool. */
  readonly statements: Pick<Statements, 'asksSequences' | 'code'>;
  readonly mode: PoolMode;
  /** The settings from the startup packet. */
  readonly settings: Settings;
}

/**
 * Tracks what a client leaves behind in its session. As long as it leaves nothing, nothing is analysed and this costs nothing. From the
 * first statement that does, transactions are tracked, too, until nothing is left.
 */
export class SessionWatch {
  readonly #analyser: SqlAnalyser;
  /** State that need not pin: settings are restored on the next backend, and sequence values may be given up. */
  readonly #followed: ReadonlySet<PinReason>;
  readonly #pool: SessionWatchOptions['statements'];
  readonly #isOfSession: boolean;
  #doubts: Doubts | undefined;
  readonly #named = new Set<string>();
  readonly #pinsSequences: boolean;
  /** The role from the startup packet. */
  readonly #beganAs: string | undefined;
  readonly #letters: () => Letters;
  #state: SessionState | undefined;
  /** A mark that no other session has. Undefined: the session has no temporary objects. */
  temporaryMark: string | undefined;
  /** The first temporary object has been created: it may hide another one from what is already prepared. */
  #mayHide = false;
  /**
   * DISCARD ALL, or a text that was not analysed, may have reset everything since this was last taken; or before, within the current
   * transaction.
   */
  #mayBeReset = false;
  #mayBeResetInside = false;
  /** DISCARD ALL has reset everything, and nothing has been restored yet. */
  #isDiscarded = false;
  #mayHaveSet = false;

  constructor(options: SessionWatchOptions, letters: () => Letters) {
    const { analyser, pinsSequences, statements, mode, settings } = options;
    this.#letters = letters;
    this.#beganAs = settings.get('role');
    this.#analyser = analyser;
    this.#pool = statements;
    this.#isOfSession = mode === 'session';
    this.#pinsSequences = pinsSequences;
    this.#followed = new Set<PinReason>(pinsSequences ? ['parameter'] : ['parameter', 'sequence']);
  }

  /**
   * Undefined: nobody else gets the backend, or there is no catalogue to ask. It changes when a RELOAD moves the pool to another server.
   */
  get #code(): UnseenCode | undefined {
    return this.#isOfSession ? undefined : this.#pool.code;
  }

  get isActive(): boolean {
    return this.#state !== undefined;
  }

  /** Every statement must be analysed, not only those that announce what they leave behind. */
  get followsAll(): boolean {
    return this.#pool.asksSequences && this.#pinsSequences;
  }

  /** The client has been told the process id of its backend. */
  get knowsProcess(): boolean {
    return this.#state?.knowsProcess === true;
  }

  /** The start-up settings may have been reset and are not restored yet. */
  get mayBeReset(): boolean {
    return this.#mayBeReset || this.#mayBeResetInside;
  }

  /** Whether the start-up settings must be restored now; again at the end of a transaction, which may have undone that. */
  takeReset(isIdle: boolean): boolean {
    const { mayBeReset } = this;
    const taken = isIdle ? mayBeReset : this.#mayBeReset;
    this.#mayBeReset = false;
    this.#mayBeResetInside = !isIdle && mayBeReset;
    this.#isDiscarded = false;
    return taken;
  }

  /** The same if the reset is certain and no transaction is open. */
  takeDiscarded(): boolean {
    return this.#isDiscarded && this.takeReset(true);
  }

  /** Whether anything may have been set since the last call; if not, the backend has the settings that it was given. */
  takeSet(): boolean {
    const taken = this.#mayHaveSet;
    this.#mayHaveSet = false;
    return taken;
  }

  /** Why the session cannot continue on another backend. */
  get pins(): readonly PinReason[] {
    return this.#state?.reasons.filter((reason) => !this.#followed.has(reason)) ?? [];
  }

  /** The session's settings, apart from those in its startup packet. */
  get parameters(): ReadonlyMap<string, string | undefined> {
    return this.#state?.parameters ?? new Map();
  }

  /**
   * What must be tracked about a text; undefined for nearly all texts, at almost no cost.
   *
   * @param text UTF-8 read as latin1
   */
  look(
    text: string,
    status: TransactionStatus,
    { analysis, mayLeave = leaves({ text, analysis }) || this.#runsCodeOf(text, analysis), bound }: Looked = {},
  ): Watched | undefined {
    if (!mayLeave && !this.followsAll && !(this.isActive && mayTakeBack(text))) return undefined;
    const { statements, ranges } = this.#read(text);
    const shows = this.#showsOf(text, statements);
    const isInDoubt = (mayLeave || this.#state?.hasUnnamed === true) && this.#doubt({ text, statements });
    if (this.#state === undefined && shows === undefined && !this.#matters(statements)) return undefined;
    const state = this.#state ?? this.#begin(status);
    if (shows === 'statements') state.show(shows);
    // Its words leave nothing behind, and the server is asked what its code does.
    const isOfCode = isInDoubt && !this.followsAll && !leaves({ text, analysis }) && !mayTakeBack(text);
    if (statements === 'unread' && isOfCode) return undefined;
    // In a text that is not valid UTF-8 the positions of statements are unknown.
    const isPlaced = statements !== 'unread' && (this.#letters() !== 'utf8' || isUtf8(Buffer.from(text, 'latin1')));
    return { statements, ranges, bound, shows, mayGoBack: !isPlaced && mayGoBack(text), at: 0 };
  }

  #newState(): SessionState {
    return new SessionState(() => this.followsAll, this.#beganAs);
  }

  #begin(status: TransactionStatus): SessionState {
    const state = this.#newState();
    state.settled(letterOf(status));
    this.#state = state;
    return state;
  }

  /** Whether a prepared statement may leave something behind, by itself or through code that it calls. */
  mayLeave(prepared: { readonly text: string; readonly leavesState: boolean; readonly codeLook?: CodeLook }): boolean {
    return prepared.leavesState || (prepared.codeLook !== undefined && this.runsCode(prepared, prepared.codeLook));
  }

  /** Whether it may run code that is not visible here and may leave something behind. */
  runsCode(asked: { readonly text: string }, look: CodeLook): boolean {
    return this.#isOfUnknownNames(asked.text) || this.#code?.concerns(asked, look) === true;
  }

  #runsCodeOf(text: string, analysis: Analysis | undefined): boolean {
    if (analysis?.kind !== 'read') return this.runsCode({ text }, notLooked());
    return this.#isOfUnknownNames(text) || this.#code?.concernsLike({ text }, analysis.statements) === true;
  }

  /** Notes what the server must be asked about. True: there is something. */
  #doubt(asked: RunText): boolean {
    const code = this.#code;
    if (code === undefined) return false;
    const doubts = (this.#doubts ??= new Doubts(code));
    const { statements } = asked;
    const effects = statements === 'unread' ? [] : statements.flatMap((statement) => statement.effects);
    const isOfUnnamed = this.#state?.hasUnnamed === true;
    if (isOfUnnamed && (statements === 'unread' || effects.length > 0)) doubts.mayLeave();
    doubts.run(
      asked,
      effects.flatMap((effect) => [effect, ...this.#executedBy(effect, doubts)]),
    );
    if (this.#isOfUnknownNames(asked.text)) doubts.mayLeave();
    if (doubts.isEmpty) this.#doubts = undefined;
    return !doubts.isEmpty;
  }

  /** The effects of the statement that an EXECUTE runs, or may run once it is prepared. */
  #executedBy(effect: SessionEffect, doubts: Doubts): readonly SessionEffect[] {
    if (effect.kind === 'prepare') return effect.effects;
    const executed = effect.kind === 'execute' ? this.#state?.effectsOf(effect.name) : [];
    // It was prepared by the protocol, and nothing is known about it here.
    if (executed === undefined) doubts.mayLeave();
    return executed ?? [];
  }

  /** It may call code whose name cannot be compared: in other characters than those in which the catalogue is read. */
  #isOfUnknownNames(text: string): boolean {
    return this.#code?.hasOtherNames === true && this.#letters() !== 'utf8' && !isAscii(text);
  }

  /** A FunctionCall message names no text. */
  calls(status: TransactionStatus): void {
    if (this.#code === undefined) return;
    (this.#doubts ??= new Doubts(this.#code)).mayLeave();
    if (this.#state === undefined) this.#begin(status);
  }

  get isInDoubt(): boolean {
    return this.#doubts !== undefined;
  }

  /** What the server must be asked at the end of the transaction; taken only once. */
  takeDoubts(): Doubts | undefined {
    const doubts = this.#doubts;
    this.#doubts = undefined;
    return doubts;
  }

  /** The server's answer. */
  found({ left, isOpaque }: Outcome): void {
    this.#mayHaveSet = true;
    const state = this.#state ?? this.#begin(transactionStatus.idle);
    if (left !== undefined) state.adopt(left);
    if (left?.has.temporaryObject === true) this.#noteTemporary();
    if (isOpaque) state.ranUnknownCode();
    this.#dropState(state);
  }

  #read(text: string): Pick<Watched, 'statements' | 'ranges'> {
    if (text.length > readBytesMax || (this.#letters() === 'mixed' && !isAscii(text))) return unread;
    const known = this.textOf(text);
    const analysis = this.#analyser.analyseLarge(known);
    if (analysis.kind !== 'read') return unread;
    const { statements, ranges } = analysis;
    return { statements, ranges: this.#letters() === 'utf8' ? ranges : rangesIn(known, ranges) };
  }

  /** @param text UTF-8 read as latin1 */
  textOf(text: string): string {
    return this.#letters() === 'utf8' || isAscii(text) ? utf8Of(text) : withPrivateUseCharacters(text);
  }

  #matters(statements: Watched['statements']): boolean {
    if (statements === 'unread') return true;
    return statements.some((statement) => {
      return statement.effects.length > 0 || (statement.mayAdvanceSequences && this.followsAll);
    });
  }

  #showsOf(text: string, statements: Watched['statements']): Watched['shows'] {
    if (statements === 'unread') return undefined;
    let shows: Watched['shows'];
    const effects = statements.flatMap((statement) => statement.effects);
    // Code deallocates statements, by itself or as the text tells it: it must find only the client's own.
    const told = effects.filter(({ kind }) => kind === 'deallocate').length;
    if ((text.match(deallocate)?.length ?? 0) > told || this.#code?.leftBy(text)?.deallocates === true)
      return 'statements';
    for (const effect of effects) {
      if (effect.kind === 'shown' && effect.what === 'statements') return 'statements';
      if (effect.kind !== 'sequenceAsked') continue;
      if (this.#pinsSequences) this.#pool.asksSequences = true;
      if (this.#state?.reasons.includes('sequence') !== true) shows = 'sequences';
    }
    return shows;
  }

  /** A session refers to the client's process by number, so the client keeps it. */
  showProcess(): void {
    this.#state ??= this.#newState();
    this.#state.show('process');
  }

  /** Whether SQL has prepared a statement of this name (its bytes read as latin1). */
  hasPrepared(name: string): boolean {
    return this.#state?.hasPrepared(utf8Of(name)) === true;
  }

  /** A Close removes it. @returns what is done if the Close fails */
  closes(name: string): (() => void) | undefined {
    return this.#state?.closed(utf8Of(name));
  }

  /** A portal was suspended: the rest of its rows is asked for later, or never. */
  suspended(watched: Watched): void {
    this.completed(watched, '');
    watched.isSuspended = true;
  }

  completed(watched: Watched, tag: string): void {
    if (watched.isSuspended === true) return;
    const { statements, bound } = watched;
    const statement = statements === 'unread' ? undefined : statements[watched.at++];
    const isUnread = statements === 'unread' && /^(?:RESET|DISCARD)/.test(tag);
    this.#mayHaveSet ||= statement === undefined || statement.effects.some(({ kind }) => settingEffects.has(kind));
    this.#isDiscarded ||= tag === 'DISCARD ALL';
    if (watched.mayGoBack || isUnread || tag === 'DISCARD ALL') this.#mayBeReset = true;
    for (const effect of statement?.effects ?? []) this.#note(effect, bound);
    if (statement === undefined) this.#state?.ranUnparsed();
    else this.#state?.completed(statement, { tag, ...(bound !== undefined && { bound }) });
  }

  #noteTemporary(): void {
    this.#mayHide ||= this.temporaryMark === undefined;
    this.temporaryMark ??= `\0temporary ${++temporaries};`;
  }

  /** Whether the first temporary object has been created since the last call. */
  takeMayHide(): boolean {
    const taken = this.#mayHide;
    this.#mayHide = false;
    return taken;
  }

  /** Custom settings: once a session has set one, even for a transaction only, the name exists in it. */
  get named(): ReadonlySet<string> {
    return this.#named;
  }

  #note(effect: SessionEffect, bound: Bound | undefined): void {
    if (effect.kind === 'temporary') this.#noteTemporary();
    if (effect.kind !== 'set' && effect.kind !== 'reset') return;
    const name = typeof effect.name === 'string' ? effect.name : textOf(effect.name, bound);
    const isCustom = name?.includes('.') === true && !name.startsWith(settingPrefix);
    if (isCustom && this.#named.size < namedMax) this.#named.add(name.toLowerCase());
  }

  /** Something failed that is tracked. */
  failed(watched: Watched | undefined): void {
    if (this.#state === undefined) return;
    this.#mayHaveSet = true;
    const { statements = [], bound, at = 0 } = watched ?? {};
    const statement = statements === 'unread' ? undefined : statements[at];
    this.#state.failed(statement, bound === undefined ? {} : { bound });
  }

  /** @param isLast nothing more is outstanding that has already been analysed */
  settled(status: TransactionStatus, isLast: boolean): void {
    const state = this.#state;
    if (state === undefined) return;
    state.settled(letterOf(status));
    if (isLast && status === transactionStatus.idle && this.#doubts === undefined) this.#dropState(state);
  }

  /** Nothing is left, so tracking stops. */
  #dropState(state: SessionState): void {
    if (!state.reasons.includes('temporaryObject')) this.temporaryMark = undefined;
    if (this.pins.length === 0 && state.parameters.size === 0) this.#state = undefined;
  }
}
