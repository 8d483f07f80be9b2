import { Buffer } from 'node:buffer';
import { close, parse, parseKey, type Framer } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import { owed, hidden, type Undo } from '../backend/expected-answers.ts';
import type { RequestText } from '../client/request.ts';
import { maySpeakOfNames } from './names-in-sql.ts';
import { Description, refuse, type Refused, type ToldShapes } from './row-shapes.ts';
import type { SessionTracker } from '../state/session-tracker.ts';
import type { Told } from './statements.ts';
import { notLooked, type CodeLook } from '../code/unseen-code.ts';

/** The unnamed statement from one Parse, Close or Query of its client to the next; backends that have it are recognised by this object. */
interface Known {
  /** Its Parse message; undefined: there is no unnamed statement. */
  readonly message: Buffer | undefined;
  asked: RequestText | undefined;
  readonly mayLeave: boolean;
  readonly codeLook: CodeLook;
  speaksOfNames: boolean | undefined;
  /** What the client has been told about it, and relies on. */
  told: Told | undefined;
  /** Set if the message that created it has failed or was skipped: what it is instead. */
  instead: Known | undefined;
}

/** A Parse or Close of the client. */
interface Sent {
  readonly backend: Backend;
  readonly known: Known;
  readonly undo: Undo;
}

/** Created for every Query; one literal is cheaper than assembling it. */
const nothing = (): Known => ({
  message: undefined,
  asked: undefined,
  mayLeave: false,
  codeLook: notLooked(),
  told: undefined,
  speaksOfNames: undefined,
  instead: undefined,
});

/** Shorter messages are compared byte by byte, which is cheaper than a call. */
const lookedThroughMax = 256;

/** @param message a Parse of the unnamed statement */
function askedOf(message: Buffer | undefined): RequestText {
  const text = message === undefined ? '' : message.toString('latin1', 6, message.indexOf(0, 6));
  return { text, isWhole: true, analysis: undefined };
}

/** The unnamed statement of one client. Its Parse message is kept, because the next backend may not have it. */
export class UnnamedStatement {
  #now = nothing();
  /** The version of the tables when the client was last told about it. */
  #toldOf = 0;
  /** It has been bound since. */
  #isOld = false;
  /** Of its last Parse or Close that was sent. */
  #undo: Undo | undefined;
  readonly #isFollowed: (asked: RequestText) => boolean;
  readonly #watch: Pick<SessionTracker, 'runsCode'>;

  /** @param isFollowed whether the effects of a text must be tracked */
  constructor(isFollowed: (asked: RequestText) => boolean, watch: Pick<SessionTracker, 'runsCode'>) {
    this.#isFollowed = isFollowed;
    this.#watch = watch;
  }

  /** Whether it may leave something in the session that must be tracked. */
  get mayLeave(): boolean {
    return this.#now.mayLeave || this.#watch.runsCode(this.asked, this.#now.codeLook);
  }

  /** It may refer to prepared statements by name. */
  get speaksOfNames(): boolean {
    return (this.#now.speaksOfNames ??= maySpeakOfNames(this.asked.text));
  }

  /** Text and types; undefined: only the server knows. */
  get key(): string | undefined {
    const { message } = this.#now;
    return message === undefined ? undefined : parseKey(message, 0, message.length);
  }

  /** What is known about its text, which is analysed once, on demand. */
  get asked(): RequestText {
    this.#now.asked ??= askedOf(this.#now.message);
    return this.#now.asked;
  }

  /**
   * Whether this is the same Parse as the last one, so that what is known about it holds.
   *
   * @param found what is already known about the current message
   */
  isAgain(buffer: Buffer, start: number, end: number, found?: RequestText): boolean {
    const { message, asked } = this.#now;
    if (found !== undefined && found === asked) return true;
    if (message?.length !== end - start) return false;
    if (message.length > lookedThroughMax) return buffer.compare(message, 0, message.length, start, end) === 0;
    for (let at = 0; at < message.length; at++) if (message[at] !== buffer[start + at]) return false;
    return true;
  }

  /**
   * A Parse is about to be sent to that backend.
   *
   * @param asked what is known of it; undefined: it is the same as the last one
   */
  parses({ buffer, start, end }: Framer, asked: RequestText | undefined, backend: Backend): Sent {
    if (asked === undefined) return this.#sends(backend, { ...this.#now, told: undefined });
    // A copy: the chunk's memory is used again.
    const message = Buffer.from(buffer.subarray(start, end));
    const whole = asked.isWhole ? asked : askedOf(message);
    return this.#sends(backend, { ...nothing(), message, asked: whole, mayLeave: this.#isFollowed(whole) });
  }

  /** A Close is about to be sent to that backend. */
  closes(backend: Backend): Sent {
    return this.#sends(backend, nothing());
  }

  /** The change is reverted if the message fails or is skipped: the statement is then what it was before, unless that was reverted, too. */
  #sends(backend: Backend, known: Known): Sent {
    const before = this.#now;
    const undo = (isPassedOver: boolean): void => {
      forgetAt(backend, known);
      known.instead = isPassedOver ? before : nothing();
      if (this.#now !== known) return;
      while (this.#now.instead !== undefined) this.#now = this.#now.instead;
      this.#isOld = true;
    };
    return { backend, known, undo };
  }

  /** The message has been sent. */
  sent({ backend, known, undo }: Sent): void {
    this.#now = known;
    this.#undo = undo;
    backend.unnamedOwner = known.message === undefined ? undefined : known;
  }

  /** Notes a Parse that was not sent to a server. */
  parsedHere(message: Buffer): void {
    this.#now = { ...nothing(), message: Buffer.from(message) };
  }

  /** Its last Parse or Close may still be skipped while the current message is not, because a Sync lies between them. */
  isInDoubt({ expected }: Backend): boolean {
    if (this.#undo === undefined) return false;
    const isSynced = expected.isSyncedBehind(this.#undo);
    if (isSynced === undefined) this.#undo = undefined;
    return isSynced === true;
  }

  /** Records what the client is told about it. */
  heard(shapes: ToldShapes): Description {
    const known = this.#now;
    return new Description((told) => {
      known.told = told;
      if (this.#now !== known) return;
      this.#toldOf = shapes.version;
      this.#isOld = false;
    });
  }

  /**
   * Prepares it on a backend that may not have it, or may have another client's. False: the current message waits for the server's
   * description, or is refused, or the server is skipping messages.
   */
  prepareAt(backend: Backend, shapes: ToldShapes, of: Refused['of']): boolean {
    const known = this.#now;
    const { message, told } = known;
    if (message === undefined) return closeAt(backend);
    if (shapes.hasChanged(known)) {
      refuse(backend, { of, told });
      return false;
    }
    const isOld = this.#isOld || this.#toldOf !== shapes.version || of === 'describe';
    if (of === 'bind') this.#isOld = true;
    if (backend.unnamedOwner === known) return true;
    const undo = (): void => forgetAt(backend, known);
    if (!backend.expected.push(owed.parse | hidden, undo)) return false;
    this.#undo = undo;
    backend.unnamedOwner = known;
    const parameterTypes = told?.parameterTypes ?? [];
    backend.outbox.push(
      parameterTypes.length === 0 ? message : parse({ name: '', text: askedOf(message).text, parameterTypes }),
    );
    if (told?.hasRows !== true) return true;
    // Drivers that describe it each time bind it only once, right afterwards: they need not wait.
    if (isOld) shapes.compare(backend, known, told, undo);
    else shapes.check(backend, told);
    return !isOld;
  }

  /** There is none any more: a skipped Parse sent before has nothing to revert. */
  drop(): void {
    this.#now = nothing();
  }

  /** It is gone at the backend, too; undefined: at every backend. */
  dropAt(backend: Backend | undefined): void {
    this.drop();
    if (backend !== undefined) backend.unnamedOwner = undefined;
  }
}

/** The client has none, and another client's may be there. */
function closeAt(backend: Backend): boolean {
  if (!backend.expected.push(owed.close | hidden)) return false;
  backend.unnamedOwner = undefined;
  backend.outbox.push(close({ kind: 'statement', name: '' }));
  return true;
}

/** It must be prepared again before it is used there. */
function forgetAt(backend: Backend, known: Known): void {
  if (backend.unnamedOwner === known) backend.unnamedOwner = undefined;
}
