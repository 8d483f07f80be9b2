import { saysWho, type Left, type SessionEffect } from '@medrex/sql';
import type { Backend } from '../backend/backend.ts';
import { readAnswer, readCode } from '../code/read-code.ts';
import type { RunText, UnseenCode } from '../code/unseen-code.ts';
import { leftQuery, readLeft, type Known } from './what-is-left.ts';

/** Texts that wait for what the catalogue says of them; with more of them the server is asked what they have left in any case. */
const textsMax = 32;

/** What became of the doubt whether code that nobody reads has left something: nothing, or what there is, or it cannot be known. */
export type Outcome = { readonly left: Left | undefined; readonly isOpaque: boolean };

export interface Settling {
  readonly backend: Backend;
  readonly known: () => Known;
  /** Nobody waits for the outcome any more, and the backend may be somebody else's. */
  readonly isGone: () => boolean;
  /** Does it in its own client's name, whosever answer it hears. */
  readonly contain: (work: () => void) => void;
  readonly then: (outcome: Outcome) => void;
}

/** What a transaction has run of which it is not known what it leaves behind in the session. */
export class Doubts {
  readonly #code: UnseenCode;
  readonly #unknown: RunText[] = [];
  /** It may leave something, and these settings are to be asked for beside those that are known. */
  readonly #settings = new Set<string>();
  #mayLeave = false;
  #isOpaque = false;
  /** What it may have left stays in the process. */
  #spends = false;
  #redefines = false;
  /** It is the one that finds out whether the code is still what it was. */
  #renews = false;

  constructor(code: UnseenCode) {
    this.#code = code;
  }

  get isEmpty(): boolean {
    return !this.#mayLeave && !this.#redefines && !this.#renews && this.#unknown.length === 0;
  }

  /** A text is about to run. */
  run(asked: RunText): void {
    const code = this.#code;
    if (code.redefinedBy(asked.text)) this.#redefined();
    this.#renews ||= code.isOld;
    for (const effect of asked.statements === 'unread' ? [] : asked.statements.flatMap(({ effects }) => effects))
      if (effect.kind === 'code') this.mayLeave(effect.settings);
      else if (effect.kind === 'set' && effect.isUncertain === true && 'text' in effect.name)
        this.mayLeave([effect.name.text]);
      // What the session began with, only the server knows for certain.
      else if (isRole(effect)) this.mayLeave();
    if (!code.isUnknown(asked)) return this.#known(asked.text);
    if (this.#unknown.length < textsMax) this.#unknown.push(asked);
    else this.mayLeave();
  }

  mayLeave(settings: readonly string[] = []): void {
    this.#mayLeave = true;
    for (const name of settings) this.#settings.add(name);
  }

  #redefined(): void {
    this.#redefines = true;
    this.#code.stale();
  }

  #known(text: string): void {
    const left = this.#code.leftBy(text);
    if (left === undefined) return;
    this.#isOpaque ||= left.isOpaque;
    this.#spends ||= left.spends;
    this.mayLeave(left.settings);
  }

  /** At the end of the transaction: asks the server, whose answer comes before anybody else has this backend. */
  settle({ backend, known, isGone, contain, then }: Settling): void {
    const code = this.#code;
    if (this.#redefines) code.stale();
    const answered = (isRead: boolean): void => {
      if (isGone()) return;
      for (const { text } of this.#unknown) {
        if (isRead) code.rememberWritten(text);
        this.#known(text);
      }
      backend.isSpent ||= this.#spends;
      if (!isRead && this.#isUnknown) then({ left: undefined, isOpaque: true });
      else if (this.#mayLeave) this.#askWhatIsLeft(backend, known, then);
      else then({ left: undefined, isOpaque: false });
    };
    const isNeeded = (): boolean => (this.#renews && code.isOld) || this.#isUnknown;
    const read = (): void => {
      if (isGone()) return;
      if (!isNeeded()) answered(true);
      else if (code.isRefused) answered(false);
      else if (code.isBeingRead) code.whenRead(() => contain(read));
      else readCode(backend, code, answered);
    };
    read();
  }

  /** What has been run can be told only when the catalogue has been read. */
  get #isUnknown(): boolean {
    return this.#redefines || this.#unknown.some((each) => this.#code.isUnknown(each));
  }

  #askWhatIsLeft(backend: Backend, known: () => Known, then: (outcome: Outcome) => void): void {
    const names = new Set([...this.#settings, ...this.#code.settings, ...known().settings.keys()]);
    backend.question(leftQuery([...names]), (text) => {
      const left = readAnswer(text, (answer) => readLeft(answer, known()));
      then({ left, isOpaque: this.#isOpaque || left === undefined });
    });
  }
}

/** Who it is set to be may be who the session began as. */
function isRole(effect: SessionEffect): boolean {
  if (effect.kind === 'set') return 'text' in effect.name && saysWho(effect.name.text);
  return effect.kind === 'role' && effect.role === 'none' && !effect.isLocal;
}
