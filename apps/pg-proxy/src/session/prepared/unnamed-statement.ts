import { Buffer } from 'node:buffer';
import { close, parse, parseKey, type Framer } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import { owed, hidden, type Undo } from '../backend/expected-answers.ts';
import type { RequestText } from '../client/request.ts';
import { mayReferToNames } from './names-in-sql.ts';
import { Description, refuse, type Refused, type ClientShapes } from './row-shapes.ts';
import type { SessionTracker } from '../state/session-tracker.ts';
import type { StatementDescription } from './statements.ts';
import { notChecked, type CodeCheck } from '../code/database-code.ts';

/** The unnamed statement from one Parse, Close or Query of its client to the next; backends that have it are recognised by this object. */
interface UnnamedVersion {
  /** Its Parse message; undefined: there is no unnamed statement. */
  readonly message: Buffer | undefined;
  asked: RequestText | undefined;
  readonly mayLeave: boolean;
  readonly codeCheck: CodeCheck;
  mayReferToNames: boolean | undefined;
  /** What the client has been told about it, and relies on. */
  description: StatementDescription | undefined;
  /** Set if the message that created it has failed or was skipped: what it is instead. */
  replacedBy: UnnamedVersion | undefined;
}

/** A Parse or Close of the client. */
interface SentChange {
  readonly backend: Backend;
  readonly known: UnnamedVersion;
  readonly undo: Undo;
}

/** Created for every Query; one literal is cheaper than assembling it. */
const noStatement = (): UnnamedVersion => ({
  message: undefined,
  asked: undefined,
  mayLeave: false,
  codeCheck: notChecked(),
  description: undefined,
  mayReferToNames: undefined,
  replacedBy: undefined,
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
  #current = noStatement();
  /** The version of the tables when the client was last told about it. */
  #describedVersion = 0;
  /** It has been bound since. */
  #isOld = false;
  /** Of its last Parse or Close that was sent. */
  #undo: Undo | undefined;
  readonly #isTracked: (asked: RequestText) => boolean;
  readonly #watch: Pick<SessionTracker, 'runsCode'>;

  /** @param isFollowed whether the effects of a text must be tracked */
  constructor(isFollowed: (asked: RequestText) => boolean, watch: Pick<SessionTracker, 'runsCode'>) {
    this.#isTracked = isFollowed;
    this.#watch = watch;
  }

  /** Whether it may leave something in the session that must be tracked. */
  get mayLeave(): boolean {
    return this.#current.mayLeave || this.#watch.runsCode(this.asked, this.#current.codeCheck);
  }

  /** It may refer to prepared statements by name. */
  get mayReferToNames(): boolean {
    return (this.#current.mayReferToNames ??= mayReferToNames(this.asked.text));
  }

  /** Text and types; undefined: only the server knows. */
  get key(): string | undefined {
    const { message } = this.#current;
    return message === undefined ? undefined : parseKey(message, 0, message.length);
  }

  /** What is known about its text, which is analysed once, on demand. */
  get asked(): RequestText {
    this.#current.asked ??= askedOf(this.#current.message);
    return this.#current.asked;
  }

  /**
   * Whether this is the same Parse as the last one, so that what is known about it holds.
   *
   * @param found what is already known about the current message
   */
  isRepeated(buffer: Buffer, start: number, end: number, found?: RequestText): boolean {
    const { message, asked } = this.#current;
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
  parses({ buffer, start, end }: Framer, asked: RequestText | undefined, backend: Backend): SentChange {
    if (asked === undefined) return this.#change(backend, { ...this.#current, description: undefined });
    // A copy: the chunk's memory is used again.
    const message = Buffer.from(buffer.subarray(start, end));
    const whole = asked.isWhole ? asked : askedOf(message);
    return this.#change(backend, { ...noStatement(), message, asked: whole, mayLeave: this.#isTracked(whole) });
  }

  /** A Close is about to be sent to that backend. */
  closes(backend: Backend): SentChange {
    return this.#change(backend, noStatement());
  }

  /** The change is reverted if the message fails or is skipped: the statement is then what it was before, unless that was reverted, too. */
  #change(backend: Backend, known: UnnamedVersion): SentChange {
    const before = this.#current;
    const undo = (isPassedOver: boolean): void => {
      forgetAt(backend, known);
      known.replacedBy = isPassedOver ? before : noStatement();
      if (this.#current !== known) return;
      while (this.#current.replacedBy !== undefined) this.#current = this.#current.replacedBy;
      this.#isOld = true;
    };
    return { backend, known, undo };
  }

  /** The message has been sent. */
  sent({ backend, known, undo }: SentChange): void {
    this.#current = known;
    this.#undo = undo;
    backend.unnamedOwner = known.message === undefined ? undefined : known;
  }

  /** Notes a Parse that was not sent to a server. */
  parsedHere(message: Buffer): void {
    this.#current = { ...noStatement(), message: Buffer.from(message) };
  }

  /** Its last Parse or Close may still be skipped while the current message is not, because a Sync lies between them. */
  isUncertain({ expected }: Backend): boolean {
    if (this.#undo === undefined) return false;
    const isSynced = expected.isSyncedBehind(this.#undo);
    if (isSynced === undefined) this.#undo = undefined;
    return isSynced === true;
  }

  /** Records what the client is told about it. */
  recordDescription(shapes: ClientShapes): Description {
    const known = this.#current;
    return new Description((told) => {
      known.description = told;
      if (this.#current !== known) return;
      this.#describedVersion = shapes.version;
      this.#isOld = false;
    });
  }

  /**
   * Prepares it on a backend that may not have it, or may have another client's. False: the current message waits for the server's
   * description, or is refused, or the server is skipping messages.
   */
  prepareAt(backend: Backend, shapes: ClientShapes, of: Refused['of']): boolean {
    const known = this.#current;
    const { message, description } = known;
    if (message === undefined) return closeAt(backend);
    if (shapes.hasChanged(known)) {
      refuse(backend, { of, description });
      return false;
    }
    const isOld = this.#isOld || this.#describedVersion !== shapes.version || of === 'describe';
    if (of === 'bind') this.#isOld = true;
    if (backend.unnamedOwner === known) return true;
    const undo = (): void => forgetAt(backend, known);
    if (!backend.expected.push(owed.parse | hidden, undo)) return false;
    this.#undo = undo;
    backend.unnamedOwner = known;
    const parameterTypes = description?.parameterTypes ?? [];
    backend.outbox.push(
      parameterTypes.length === 0 ? message : parse({ name: '', text: askedOf(message).text, parameterTypes }),
    );
    if (description?.hasRows !== true) return true;
    // Drivers that describe it each time bind it only once, right afterwards: they need not wait.
    if (isOld) shapes.compare(backend, known, description, undo);
    else shapes.check(backend, description);
    return !isOld;
  }

  /** There is none any more: a skipped Parse sent before has nothing to revert. */
  drop(): void {
    this.#current = noStatement();
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
function forgetAt(backend: Backend, known: UnnamedVersion): void {
  if (backend.unnamedOwner === known) backend.unnamedOwner = undefined;
}
