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
import { mayReset } from './concerns-proxy.ts';
import { UnknownEffects, type StateOutcome } from './unknown-effects.ts';
import { leaves, mayRemoveState } from './leaves-state.ts';
import { isAscii, rangesIn, utf8Of, type TextEncoding } from './text-encoding.ts';
import type { Settings } from './settings.ts';
import { textOf, type TrackedText } from './tracked-text.ts';
import type { Statements } from '../prepared/statements.ts';
import { notChecked, type CodeCheck, type RunText, type DatabaseCode } from '../code/database-code.ts';

/**
 * A longer text would block the event loop for more than 50 ms; it is assumed to leave something behind. Bulk inserts are usually shorter.
 */
export const readBytesMax = 128 * 1024;

/** What else is known about a text. */
export interface KnownFacts {
  readonly analysis?: Analysis | undefined;
  /** The result of `leavesState`, if known. */
  readonly mayLeave?: boolean;
  readonly bound?: Bound | undefined;
}

/** How often sessions have come to have temporary objects. */
let temporaryCount = 0;

/** How many names of settings are remembered for one session. */
const namedMax = 64;
const deallocate = /\bdeallocate\b/gi;

/** Effects that can change settings. Dropping a table, or taking a lock, cannot. */
const settingEffects: ReadonlySet<SessionEffect['kind']> = new Set([
  ...(['set', 'reset', 'resetAll', 'role', 'authorization', 'discard', 'execute', 'load', 'code', 'opaque'] as const),
]);

const unread = { statements: 'unread', ranges: [] } as const;

const letterOf = (status: TransactionStatus): 'I' | 'T' | 'E' => String.fromCharCode(status) as 'I' | 'T' | 'E';

export interface SessionTrackerOptions {
  readonly analyser: SqlAnalyser;
  /** After nextval, currval and lastval only answer in the same session. */
  readonly pinsSequences: boolean;
  /** The statements of its pool. */
  readonly statements: Pick<Statements, 'tracksSequences' | 'code'>;
  readonly mode: PoolMode;
  /** The settings from the startup packet. */
  readonly settings: Settings;
}

/**
 * Tracks what a client leaves behind in its session. As long as it leaves nothing, nothing is analysed and this costs nothing. From the
 * first statement that does, transactions are tracked, too, until nothing is left.
 */
export class SessionTracker {
  readonly #analyser: SqlAnalyser;
  /** State that need not pin: settings are restored on the next backend, and sequence values may be given up. */
  readonly #movable: ReadonlySet<PinReason>;
  readonly #pool: SessionTrackerOptions['statements'];
  readonly #isOfSession: boolean;
  #unknownEffects: UnknownEffects | undefined;
  readonly #customSettings = new Set<string>();
  readonly #pinsSequences: boolean;
  /** The role from the startup packet. */
  readonly #startupRole: string | undefined;
  readonly #encoding: () => TextEncoding;
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

  constructor(options: SessionTrackerOptions, letters: () => TextEncoding) {
    const { analyser, pinsSequences, statements, mode, settings } = options;
    this.#encoding = letters;
    this.#startupRole = settings.get('role');
    this.#analyser = analyser;
    this.#pool = statements;
    this.#isOfSession = mode === 'session';
    this.#pinsSequences = pinsSequences;
    this.#movable = new Set<PinReason>(pinsSequences ? ['parameter'] : ['parameter', 'sequence']);
  }

  /**
   * Undefined: nobody else gets the backend, or there is no catalogue to ask. It changes when a RELOAD moves the pool to another server.
   */
  get #code(): DatabaseCode | undefined {
    return this.#isOfSession ? undefined : this.#pool.code;
  }

  get isActive(): boolean {
    return this.#state !== undefined;
  }

  /** Every statement must be analysed, not only those that announce what they leave behind. */
  get tracksAll(): boolean {
    return this.#pool.tracksSequences && this.#pinsSequences;
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
  takeMayHaveSet(): boolean {
    const taken = this.#mayHaveSet;
    this.#mayHaveSet = false;
    return taken;
  }

  /** Why the session cannot continue on another backend. */
  get pins(): readonly PinReason[] {
    return this.#state?.reasons.filter((reason) => !this.#movable.has(reason)) ?? [];
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
  track(
    text: string,
    status: TransactionStatus,
    { analysis, mayLeave = leaves({ text, analysis }) || this.#runsCodeOf(text, analysis), bound }: KnownFacts = {},
  ): TrackedText | undefined {
    if (!mayLeave && !this.tracksAll && !(this.isActive && mayRemoveState(text))) return undefined;
    const { statements, ranges } = this.#read(text);
    const shows = this.#showsOf(text, statements);
    const hasUnknownEffects =
      (mayLeave || this.#state?.hasUnnamed === true) && this.#addUnknownEffects({ text, statements });
    if (this.#state === undefined && shows === undefined && !this.#matters(statements)) return undefined;
    const state = this.#state ?? this.#begin(status);
    if (shows === 'statements') state.show(shows);
    // Its words leave nothing behind, and the server is asked what its code does.
    const isOfCode = hasUnknownEffects && !this.tracksAll && !leaves({ text, analysis }) && !mayRemoveState(text);
    if (statements === 'unread' && isOfCode) return undefined;
    // In a text that is not valid UTF-8 the positions of statements are unknown.
    const isPlaced = statements !== 'unread' && (this.#encoding() !== 'utf8' || isUtf8(Buffer.from(text, 'latin1')));
    return { statements, ranges, bound, shows, mayReset: !isPlaced && mayReset(text), index: 0 };
  }

  #newState(): SessionState {
    return new SessionState(() => this.tracksAll, this.#startupRole);
  }

  #begin(status: TransactionStatus): SessionState {
    const state = this.#newState();
    state.settled(letterOf(status));
    this.#state = state;
    return state;
  }

  /** Whether a prepared statement may leave something behind, by itself or through code that it calls. */
  mayLeave(prepared: {
    readonly text: string;
    readonly leavesState: boolean;
    readonly codeCheck?: CodeCheck;
  }): boolean {
    return prepared.leavesState || (prepared.codeCheck !== undefined && this.runsCode(prepared, prepared.codeCheck));
  }

  /** Whether it may run code that is not visible here and may leave something behind. */
  runsCode(asked: { readonly text: string }, track: CodeCheck): boolean {
    return this.#isOfUnknownNames(asked.text) || this.#code?.mustAnalyse(asked, track) === true;
  }

  #runsCodeOf(text: string, analysis: Analysis | undefined): boolean {
    if (analysis?.kind !== 'read') return this.runsCode({ text }, notChecked());
    return this.#isOfUnknownNames(text) || this.#code?.mustAnalyseSimilar({ text }, analysis.statements) === true;
  }

  /** Notes what the server must be asked about. True: there is something. */
  #addUnknownEffects(asked: RunText): boolean {
    const code = this.#code;
    if (code === undefined) return false;
    const doubts = (this.#unknownEffects ??= new UnknownEffects(code));
    const { statements } = asked;
    const effects = statements === 'unread' ? [] : statements.flatMap((statement) => statement.effects);
    const isOfUnnamed = this.#state?.hasUnnamed === true;
    if (isOfUnnamed && (statements === 'unread' || effects.length > 0)) doubts.addPossible();
    doubts.run(
      asked,
      effects.flatMap((effect) => [effect, ...this.#executedBy(effect, doubts)]),
    );
    if (this.#isOfUnknownNames(asked.text)) doubts.addPossible();
    if (doubts.isEmpty) this.#unknownEffects = undefined;
    return !doubts.isEmpty;
  }

  /** The effects of the statement that an EXECUTE runs, or may run once it is prepared. */
  #executedBy(effect: SessionEffect, doubts: UnknownEffects): readonly SessionEffect[] {
    if (effect.kind === 'prepare') return effect.effects;
    const executed = effect.kind === 'execute' ? this.#state?.effectsOf(effect.name) : [];
    // It was prepared by the protocol, and nothing is known about it here.
    if (executed === undefined) doubts.addPossible();
    return executed ?? [];
  }

  /** It may call code whose name cannot be compared: in other characters than those in which the catalogue is read. */
  #isOfUnknownNames(text: string): boolean {
    return this.#code?.hasOtherNames === true && this.#encoding() !== 'utf8' && !isAscii(text);
  }

  /** A FunctionCall message names no text. */
  functionCalled(status: TransactionStatus): void {
    if (this.#code === undefined) return;
    (this.#unknownEffects ??= new UnknownEffects(this.#code)).addPossible();
    if (this.#state === undefined) this.#begin(status);
  }

  get hasUnknownEffects(): boolean {
    return this.#unknownEffects !== undefined;
  }

  /** What the server must be asked at the end of the transaction; taken only once. */
  takeUnknownEffects(): UnknownEffects | undefined {
    const doubts = this.#unknownEffects;
    this.#unknownEffects = undefined;
    return doubts;
  }

  /** The server's answer. */
  applyServerState({ left, isOpaque }: StateOutcome): void {
    this.#mayHaveSet = true;
    const state = this.#state ?? this.#begin(transactionStatus.idle);
    if (left !== undefined) state.adopt(left);
    if (left?.has.temporaryObject === true) this.#noteTemporary();
    if (isOpaque) state.ranUnknownCode();
    this.#dropState(state);
  }

  #read(text: string): Pick<TrackedText, 'statements' | 'ranges'> {
    if (text.length > readBytesMax || (this.#encoding() === 'mixed' && !isAscii(text))) return unread;
    const known = this.textOf(text);
    const analysis = this.#analyser.analyseLarge(known);
    if (analysis.kind !== 'read') return unread;
    const { statements, ranges } = analysis;
    return { statements, ranges: this.#encoding() === 'utf8' ? ranges : rangesIn(known, ranges) };
  }

  /** @param text UTF-8 read as latin1 */
  textOf(text: string): string {
    return this.#encoding() === 'utf8' || isAscii(text) ? utf8Of(text) : withPrivateUseCharacters(text);
  }

  #matters(statements: TrackedText['statements']): boolean {
    if (statements === 'unread') return true;
    return statements.some((statement) => {
      return statement.effects.length > 0 || (statement.mayAdvanceSequences && this.tracksAll);
    });
  }

  #showsOf(text: string, statements: TrackedText['statements']): TrackedText['shows'] {
    if (statements === 'unread') return undefined;
    let shows: TrackedText['shows'];
    const effects = statements.flatMap((statement) => statement.effects);
    // Code deallocates statements, by itself or as the text tells it: it must find only the client's own.
    const told = effects.filter(({ kind }) => kind === 'deallocate').length;
    if ((text.match(deallocate)?.length ?? 0) > told || this.#code?.factsOf(text)?.deallocates === true)
      return 'statements';
    for (const effect of effects) {
      if (effect.kind === 'shown' && effect.what === 'statements') return 'statements';
      if (effect.kind !== 'sequenceAsked') continue;
      if (this.#pinsSequences) this.#pool.tracksSequences = true;
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
  suspended(watched: TrackedText): void {
    this.completed(watched, '');
    watched.isSuspended = true;
  }

  completed(watched: TrackedText, tag: string): void {
    if (watched.isSuspended === true) return;
    const { statements, bound } = watched;
    const statement = statements === 'unread' ? undefined : statements[watched.index++];
    const isUnread = statements === 'unread' && /^(?:RESET|DISCARD)/.test(tag);
    this.#mayHaveSet ||= statement === undefined || statement.effects.some(({ kind }) => settingEffects.has(kind));
    this.#isDiscarded ||= tag === 'DISCARD ALL';
    if (watched.mayReset || isUnread || tag === 'DISCARD ALL') this.#mayBeReset = true;
    for (const effect of statement?.effects ?? []) this.#note(effect, bound);
    if (statement === undefined) this.#state?.ranUnparsed();
    else this.#state?.completed(statement, { tag, ...(bound !== undefined && { bound }) });
  }

  #noteTemporary(): void {
    this.#mayHide ||= this.temporaryMark === undefined;
    this.temporaryMark ??= `\0temporary ${++temporaryCount};`;
  }

  /** Whether the first temporary object has been created since the last call. */
  takeMayHide(): boolean {
    const taken = this.#mayHide;
    this.#mayHide = false;
    return taken;
  }

  /** Custom settings: once a session has set one, even for a transaction only, the name exists in it. */
  get customSettings(): ReadonlySet<string> {
    return this.#customSettings;
  }

  #note(effect: SessionEffect, bound: Bound | undefined): void {
    if (effect.kind === 'temporary') this.#noteTemporary();
    if (effect.kind !== 'set' && effect.kind !== 'reset') return;
    const name = typeof effect.name === 'string' ? effect.name : textOf(effect.name, bound);
    const isCustom = name?.includes('.') === true && !name.startsWith(settingPrefix);
    if (isCustom && this.#customSettings.size < namedMax) this.#customSettings.add(name.toLowerCase());
  }

  /** Something failed that is tracked. */
  failed(watched: TrackedText | undefined): void {
    if (this.#state === undefined) return;
    this.#mayHaveSet = true;
    const { statements = [], bound, index = 0 } = watched ?? {};
    const statement = statements === 'unread' ? undefined : statements[index];
    this.#state.failed(statement, bound === undefined ? {} : { bound });
  }

  /** @param isLast nothing more is outstanding that has already been analysed */
  settled(status: TransactionStatus, isLast: boolean): void {
    const state = this.#state;
    if (state === undefined) return;
    state.settled(letterOf(status));
    if (isLast && status === transactionStatus.idle && this.#unknownEffects === undefined) this.#dropState(state);
  }

  /** Nothing is left, so tracking stops. */
  #dropState(state: SessionState): void {
    if (!state.reasons.includes('temporaryObject')) this.temporaryMark = undefined;
    if (this.pins.length === 0 && state.parameters.size === 0) this.#state = undefined;
  }
}
