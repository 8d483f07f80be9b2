import { Framer, frameRules, frontendSession } from '@medrex/pg-wire';

/** A complete message of a client. */
export interface Message {
  readonly type: number;
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Maximum length of a message. Messages are read whole, as they must be translated. */
const messageBytesMax = 256 * 1024 * 1024;
const types = Array.from(frontendSession.bodyMax, (bodyMax, type) => ({ type, bodyMax })).filter(
  ({ bodyMax }) => bodyMax >= 0,
);
const rules = frameRules(
  'frontend',
  types.map(({ type, bodyMax }) => ({ types: [type], bodyMax: Math.min(bodyMax, messageBytesMax) })),
);

/** A queue of a client's messages; its writer waits until they are handled. */
export class Inbox {
  readonly #framer = new Framer(rules);
  readonly #messages: Message[] = [];
  #taken: (() => void) | undefined;
  #reader: ((message: Message | undefined) => void) | undefined;
  #isOver = false;

  /** Adds a chunk; `taken` is called when all of its messages were handled. */
  write(chunk: Buffer, taken: () => void): void {
    const framer = this.#framer;
    framer.feed(chunk);
    while (framer.next()) {
      const { type, buffer, start, end } = framer;
      this.#messages.push({ type, buffer, start, end });
    }
    if (framer.fault !== undefined) this.end();
    this.#taken = taken;
    this.#deliver();
  }

  /** The client sends no more. */
  end(): void {
    this.#isOver = true;
    this.#deliver();
  }

  /** The next message; undefined at the end. */
  async next(): Promise<Message | undefined> {
    const message = this.#messages.shift();
    if (message !== undefined) return message;
    if (this.#isOver) return undefined;
    return new Promise((resolve) => {
      this.#reader = resolve;
      this.#deliver();
    });
  }

  /** The type of the message after the current one, if it has arrived. */
  get following(): number | undefined {
    return this.#messages[0]?.type;
  }

  #deliver(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    const message = this.#messages.shift();
    if (message === undefined && !this.#isOver) {
      const taken = this.#taken;
      this.#taken = undefined;
      taken?.();
      return;
    }
    this.#reader = undefined;
    reader(message);
  }
}
