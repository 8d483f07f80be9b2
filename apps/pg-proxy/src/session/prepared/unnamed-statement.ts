import { Buffer } from 'node:buffer';
import { close, parse, parseKey, type Framer } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import { owed, unasked, type Undo } from '../backend/expected-answers.ts';
import type { Asked } from '../client/request.ts';
import { maySpeakOfNames } from './names-in-sql.ts';
import { Description, refuse, type Refused, type ToldShapes } from './row-shapes.ts';
import type { SessionWatch } from '../left-behind/session-watch.ts';
import type { Told } from './statements.ts';
import { notLooked, type CodeLook } from '../code/unseen-code.ts';

/** What the unnamed statement is, from one Parse, Close or Query of its client to the next; at the backends that have it, it is known by this. */
interface Known {
  /** Its Parse; undefined: there is none. */
  readonly message: Buffer | undefined;
  asked: Asked | undefined;
  readonly mayLeave: boolean;
  readonly codeLook: CodeLook;
  speaksOfNames: boolean | undefined;
  /** What its client has been told of it, and goes by. */
  told: Told | undefined;
  /** What came about it has failed, or was passed over: what it is in its place. */
  instead: Known | undefined;
}

/** A Parse or Close of the client's. */
interface Sent {
  readonly backend: Backend;
  readonly known: Known;
  readonly undo: Undo;
}

/** Made for every Query: in one piece, which is cheaper than of several. */
const nothing = (): Known => ({
  message: undefined,
  asked: undefined,
  mayLeave: false,
  codeLook: notLooked(),
  told: undefined,
  speaksOfNames: undefined,
  instead: undefined,
});

/** Shorter messages are compared byte by byte: calling for it is dearer. */
const lookedThroughMax = 256;

/** @param message a Parse of the unnamed statement */
function askedOf(message: Buffer | undefined): Asked {
  const text = message === undefined ? '' : message.toString('latin1', 6, message.indexOf(0, 6));
  return { text, isWhole: true, analysis: undefined };
}

/** The unnamed statement of one client. Its Parse is kept, because the next backend may not have it. */
export class UnnamedStatement {
  #now = nothing();
  /** When tables were last known to become others, as of what its client was told. */
  #toldOf = 0;
  /** It has been bound since. */
  #isOld = false;
  /** Of the last Parse or Close of it that went out. */
  #undo: Undo | undefined;
  readonly #isFollowed: (asked: Asked) => boolean;
  readonly #watch: Pick<SessionWatch, 'runsCode'>;

  /** @param isFollowed whether what a text does must be followed */
  constructor(isFollowed: (asked: Asked) => boolean, watch: Pick<SessionWatch, 'runsCode'>) {
    this.#isFollowed = isFollowed;
    this.#watch = watch;
  }

  /** Whether it may leave something behind in its session that must be followed. */
  get mayLeave(): boolean {
    return this.#now.mayLeave || this.#watch.runsCode(this.asked, this.#now.codeLook);
  }

  /** It may speak of prepared statements by their names. */
  get speaksOfNames(): boolean {
    return (this.#now.speaksOfNames ??= maySpeakOfNames(this.asked.text));
  }

  /** Text and types; undefined: the server has to say. */
  get key(): string | undefined {
    const { message } = this.#now;
    return message === undefined ? undefined : parseKey(message, 0, message.length);
  }

  /** What is known of its text, which is read once, however often it is asked for. */
  get asked(): Asked {
    this.#now.asked ??= askedOf(this.#now.message);
    return this.#now.asked;
  }

  /**
   * The same Parse as the last one: what is known of it holds.
   *
   * @param found what has been found out about the message at hand already
   */
  isAgain(buffer: Buffer, start: number, end: number, found?: Asked): boolean {
    const { message, asked } = this.#now;
    if (found !== undefined && found === asked) return true;
    if (message?.length !== end - start) return false;
    if (message.length > lookedThroughMax) return buffer.compare(message, 0, message.length, start, end) === 0;
    for (let at = 0; at < message.length; at++) if (message[at] !== buffer[start + at]) return false;
    return true;
  }

  /**
   * A Parse is about to go to that backend.
   *
   * @param asked what was read of it; undefined: it is the same as the last one
   */
  parses({ buffer, start, end }: Framer, asked: Asked | undefined, backend: Backend): Sent {
    if (asked === undefined) return this.#sends(backend, { ...this.#now, told: undefined });
    // Copied: the chunk's memory is used again.
    const message = Buffer.from(buffer.subarray(start, end));
    const whole = asked.isWhole ? asked : askedOf(message);
    return this.#sends(backend, { ...nothing(), message, asked: whole, mayLeave: this.#isFollowed(whole) });
  }

  /** A Close of it is about to go to that backend. */
  closes(backend: Backend): Sent {
    return this.#sends(backend, nothing());
  }

  /** What that changes is taken back where it fails or is passed over; then it is what it was before, if that has not been taken back, too. */
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

  /** It has gone out. */
  sent({ backend, known, undo }: Sent): void {
    this.#now = known;
    this.#undo = undo;
    backend.unnamedOf = known.message === undefined ? undefined : known;
  }

  /** A Parse that no server has seen. */
  parsedHere(message: Buffer): void {
    this.#now = { ...nothing(), message: Buffer.from(message) };
  }

  /** The last Parse or Close of it may yet be passed over, and what is at hand would not be: a Sync lies between them. */
  isInDoubt({ expected }: Backend): boolean {
    if (this.#undo === undefined) return false;
    const isSynced = expected.isSyncedBehind(this.#undo);
    if (isSynced === undefined) this.#undo = undefined;
    return isSynced === true;
  }

  /** Hears what its client is told of it. */
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
   * It may have been prepared on another backend, or another client's may be there. False: the message at hand waits for what the
   * server says of it, or is refused, or the server passes over everything.
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
    if (backend.unnamedOf === known) return true;
    const undo = (): void => forgetAt(backend, known);
    if (!backend.expected.push(owed.parse | unasked, undo)) return false;
    this.#undo = undo;
    backend.unnamedOf = known;
    const parameterTypes = told?.parameterTypes ?? [];
    backend.outbox.push(
      parameterTypes.length === 0 ? message : parse({ name: '', text: askedOf(message).text, parameterTypes }),
    );
    if (told?.hasRows !== true) return true;
    // Drivers that have it described for each time that they run it bind it once, and at once: they need not wait.
    if (isOld) shapes.compare(backend, known, told, undo);
    else shapes.check(backend, told);
    return !isOld;
  }

  /** There is none any more: a Parse before that is passed over has nothing to take back. */
  drop(): void {
    this.#now = nothing();
  }

  /** Nor at the backend; undefined: at any. */
  dropAt(backend: Backend | undefined): void {
    this.drop();
    if (backend !== undefined) backend.unnamedOf = undefined;
  }
}

/** The client has none, and another one's may be there. */
function closeAt(backend: Backend): boolean {
  if (!backend.expected.push(owed.close | unasked)) return false;
  backend.unnamedOf = undefined;
  backend.outbox.push(close({ of: 'statement', name: '' }));
  return true;
}

/** It is prepared anew before it is used there. */
function forgetAt(backend: Backend, known: Known): void {
  if (backend.unnamedOf === known) backend.unnamedOf = undefined;
}
