import { isRoleSetting, type ServerState, type SessionEffect } from '@medrex/sql';
import type { Backend } from '../backend/backend.ts';
import { readAnswer, readCode } from '../code/read-code.ts';
import type { RunText, DatabaseCode } from '../code/database-code.ts';
import { stateQuery, readState, type KnownSession } from './state-query.ts';

/** How many texts may wait for the catalogue to be read; beyond that, the server is asked in any case what they have left. */
const textsMax = 32;

/** The result of asking whether code has left something: nothing, a description of it, or that it cannot be known. */
export type StateOutcome = { readonly left: ServerState | undefined; readonly isOpaque: boolean };

export interface ResolveOptions {
  readonly backend: Backend;
  readonly known: () => KnownSession;
  /** Nobody waits for the result any more, and the backend may belong to another client. */
  readonly isGone: () => boolean;
  /** Runs work on behalf of the client, whoever's answer triggered it. */
  readonly contain: (work: () => void) => void;
  readonly then: (outcome: StateOutcome) => void;
}

/** What a transaction has run whose effects on the session are unknown. */
export class UnknownEffects {
  readonly #code: DatabaseCode;
  readonly #unknown: RunText[] = [];
  /** It may leave something, and these settings must be asked for in addition to the known ones. */
  readonly #settings = new Set<string>();
  #mayLeave = false;
  #isOpaque = false;
  /** What it may have left stays in the process. */
  #outlivesSession = false;
  #redefines = false;
  /** This one finds out whether the code is still what it was. */
  #refreshesCatalogue = false;

  constructor(code: DatabaseCode) {
    this.#code = code;
  }

  get isEmpty(): boolean {
    return !this.#mayLeave && !this.#redefines && !this.#refreshesCatalogue && this.#unknown.length === 0;
  }

  /** A text is about to run. @param effects what its statements leave behind, with those that they execute */
  run(asked: RunText, effects: readonly SessionEffect[]): void {
    const code = this.#code;
    if (code.redefinedBy(asked.text)) this.#redefined();
    this.#refreshesCatalogue ||= code.isOld;
    for (const effect of effects)
      if (effect.kind === 'code') this.addPossible(effect.settings);
      else if (effect.kind === 'set' && effect.isUncertain === true && 'text' in effect.name)
        this.addPossible([effect.name.text]);
      // Only the server knows for certain what the session started with.
      else if (isRole(effect)) this.addPossible();
    if (!code.isUnknown(asked)) return this.#addKnownCode(asked.text);
    if (this.#unknown.length < textsMax) this.#unknown.push(asked);
    else this.addPossible();
  }

  addPossible(settings: readonly string[] = []): void {
    this.#mayLeave = true;
    for (const name of settings) this.#settings.add(name);
  }

  #redefined(): void {
    this.#redefines = true;
    this.#code.stale();
  }

  #addKnownCode(text: string): void {
    const left = this.#code.factsOf(text);
    if (left === undefined) return;
    this.#isOpaque ||= left.isOpaque;
    this.#outlivesSession ||= left.leavesProcessState;
    this.addPossible(left.settings);
  }

  /** At the end of the transaction, asks the server; the answer comes before anybody else can have the backend. */
  resolve({ backend, known, isGone, contain, then }: ResolveOptions): void {
    const code = this.#code;
    if (this.#redefines) code.stale();
    const answered = (isRead: boolean): void => {
      if (isGone()) return;
      for (const { text } of this.#unknown) {
        if (isRead) code.rememberTemporaryTables(text);
        this.#addKnownCode(text);
      }
      backend.isSingleUse ||= this.#outlivesSession;
      if (!isRead && this.#isUnknown) then({ left: undefined, isOpaque: true });
      else if (this.#mayLeave) this.#queryState(backend, known, then);
      else then({ left: undefined, isOpaque: false });
    };
    const isNeeded = (): boolean => (this.#refreshesCatalogue && code.isOld) || this.#isUnknown;
    const read = (): void => {
      if (isGone()) return;
      if (!isNeeded()) answered(true);
      else if (code.isRefused) answered(false);
      else if (code.isBeingRead) code.whenRead(() => contain(read));
      else readCode(backend, code, answered);
    };
    read();
  }

  /** The effects of what has run can only be told after reading the catalogue. */
  get #isUnknown(): boolean {
    return this.#redefines || this.#unknown.some((each) => this.#code.isUnknown(each));
  }

  #queryState(backend: Backend, known: () => KnownSession, then: (outcome: StateOutcome) => void): void {
    const names = new Set([...this.#settings, ...this.#code.settings, ...known().settings.keys()]);
    backend.queryValue(stateQuery([...names]), (text) => {
      const left = readAnswer(text, (answer) => readState(answer, known()));
      then({ left, isOpaque: this.#isOpaque || left === undefined });
    });
  }
}

/** The new role may be the one that the session started with. */
function isRole(effect: SessionEffect): boolean {
  if (effect.kind === 'set') return 'text' in effect.name && isRoleSetting(effect.name.text);
  return effect.kind === 'role' && effect.role === 'none' && !effect.isLocal;
}
