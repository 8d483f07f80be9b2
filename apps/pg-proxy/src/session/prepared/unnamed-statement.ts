import { Buffer } from 'node:buffer';
import { close, parse, parseKey, type Framer } from '@medrex/pg-wire';
import type { Backend } from '../backend/backend.ts';
import { owed, unasked, type Undo } from '../backend/expected-answers.ts';
import type { Asked } from '../client/request.ts';
import { Description, refuse, type Refused, type ToldShapes } from './row-shapes.ts';
import type { SessionWatch } from '../left-behind/session-watch.ts';
import type { Told } from './statements.ts';
import { notLooked } from '../code/unseen-code.ts';

/** A Parse of the client's. */
interface Sent {
  readonly backend: Backend;
  readonly mark: object;
  readonly undo: Undo;
}

/** The unnamed statement of one client. Its Parse is kept, because the next backend may not have it. */
export class UnnamedStatement {
  /** While it counts. */
  #message: Buffer | undefined;
  #asked: Asked | undefined;
  /** What its client has been told of it, and goes by. */
  #told: Told | undefined;
  /** When tables were last known to become others, as of then. */
  #toldOf = 0;
  /** It has been bound since. */
  #isOld = false;
  /** Of the last Parse or Close of it that went out. */
  #undo: Undo | undefined;
  /** Stands for it at the backends that have it. */
  #mark = {};
  readonly #isFollowed: (asked: Asked) => boolean;
  readonly #watch: Pick<SessionWatch, 'runsCode'>;
  #mayLeave = false;
  #codeLook = notLooked();

  /** @param isFollowed whether what a text does must be followed */
  constructor(isFollowed: (asked: Asked) => boolean, watch: Pick<SessionWatch, 'runsCode'>) {
    this.#isFollowed = isFollowed;
    this.#watch = watch;
  }

  /** Whether it may leave something behind in its session that must be followed. */
  get mayLeave(): boolean {
    return this.#mayLeave || this.#watch.runsCode(this.asked, this.#codeLook);
  }

  /** Text and types; undefined: the server has to say. */
  get key(): string | undefined {
    const message = this.#message;
    return message === undefined ? undefined : parseKey(message, 0, message.length);
  }

  /** What is known of its text, which is read once, however often it is asked for. */
  get asked(): Asked {
    this.#asked ??= { text: this.#text(), isWhole: true, analysis: undefined };
    return this.#asked;
  }

  #text(): string {
    const message = this.#message;
    return message === undefined ? '' : message.toString('latin1', 6, message.indexOf(0, 6));
  }

  /** The same Parse as the last one: what is known of it holds. */
  isAgain(buffer: Buffer, start: number, end: number): boolean {
    const message = this.#message;
    if (message?.length !== end - start) return false;
    return buffer.compare(message, 0, message.length, start, end) === 0;
  }

  /** A Parse goes to that backend. @param asked what was read of it; undefined: it is the same as the last one */
  parsed({ buffer, start, end }: Framer, asked: Asked | undefined, { backend, mark, undo }: Sent): void {
    if (asked !== undefined) {
      // Copied: the chunk's memory is used again.
      this.#message = Buffer.from(buffer.subarray(start, end));
      this.#asked = asked.isWhole ? asked : undefined;
      this.#mayLeave = this.#isFollowed(this.asked);
      this.#codeLook = notLooked();
    }
    this.#told = undefined;
    this.#mark = mark;
    this.#undo = undo;
    backend.unnamedOf = mark;
  }

  /** A Parse that no server has seen. */
  parsedHere(message: Buffer): void {
    this.#message = Buffer.from(message);
    this.#asked = undefined;
    this.#mayLeave = false;
    this.#codeLook = notLooked();
    this.#told = undefined;
    this.#mark = {};
  }

  /** A Parse is about to go to that backend. What it changes is taken back where another has not come since. */
  sends(backend: Backend): Sent {
    const message = this.#message;
    const asked = this.#asked;
    const mayLeave = this.#mayLeave;
    const codeLook = this.#codeLook;
    const told = this.#told;
    const before = this.#mark;
    const mark = {};
    const undo = (isPassedOver: boolean): void => {
      forgetAt(backend, mark);
      if (this.#mark !== mark) return;
      if (!isPassedOver) return this.drop();
      this.#message = message;
      this.#asked = asked;
      this.#mayLeave = mayLeave;
      this.#codeLook = codeLook;
      this.#told = told;
      this.#isOld = true;
      this.#mark = before;
    };
    return { backend, mark, undo };
  }

  /** A Close of it is about to go to that backend. @returns what is done where the server passes over that */
  closes(backend: Backend): Undo {
    const { mark, undo } = this.sends(backend);
    this.drop();
    this.#mark = mark;
    this.#undo = undo;
    backend.unnamedOf = undefined;
    return undo;
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
    const mark = this.#mark;
    return new Description((told) => {
      if (this.#mark !== mark) return;
      this.#told = told;
      this.#toldOf = shapes.version;
      this.#isOld = false;
    });
  }

  /**
   * It may have been prepared on another backend, or another client's may be there. False: the message at hand waits for what the
   * server says of it, or is refused, or the server passes over everything.
   */
  prepareAt(backend: Backend, shapes: ToldShapes, of: Refused['of']): boolean {
    const message = this.#message;
    const mark = this.#mark;
    const told = this.#told;
    if (message === undefined) return closeAt(backend);
    if (shapes.hasChanged(mark)) {
      refuse(backend, { of, told });
      return false;
    }
    const isOld = this.#isOld || this.#toldOf !== shapes.version || of === 'describe';
    if (of === 'bind') this.#isOld = true;
    if (backend.unnamedOf === mark) return true;
    const undo = (): void => forgetAt(backend, mark);
    if (!backend.expected.push(owed.parse | unasked, undo)) return false;
    this.#undo = undo;
    backend.unnamedOf = mark;
    const parameterTypes = told?.parameterTypes ?? [];
    backend.outbox.push(
      parameterTypes.length === 0 ? message : parse({ name: '', text: this.#text(), parameterTypes }),
    );
    if (told?.hasRows !== true) return true;
    // Drivers that have it described for each time that they run it bind it once, and at once: they need not wait.
    if (isOld) shapes.compare(backend, mark, told, undo);
    else shapes.check(backend, told);
    return !isOld;
  }

  /** There is none any more. */
  drop(): void {
    this.#message = undefined;
    this.#asked = undefined;
  }

  /** Nor at the backend; undefined: at any. */
  dropAt(backend: Backend | undefined): void {
    this.drop();
    // A Parse before it that is passed over has nothing to take back any more.
    this.#mark = {};
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
function forgetAt(backend: Backend, mark: object): void {
  if (backend.unnamedOf === mark) backend.unnamedOf = undefined;
}
