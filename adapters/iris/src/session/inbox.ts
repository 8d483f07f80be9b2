import { Framer, frameRules, frontendSession } from '@medrex/pg-wire';

/** A whole message of a client. */
export interface Message {
  readonly type: number;
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** A message that IRIS is asked for is read whole: it has to become something else. */
const messageBytesMax = 256 * 1024 * 1024;
const types = Array.from(frontendSession.bodyMax, (bodyMax, type) => ({ type, bodyMax })).filter(
  ({ bodyMax }) => bodyMax >= 0,
);
const rules = frameRules(
  'frontend',
  types.map(({ type, bodyMax }) => ({ types: [type], bodyMax: Math.min(bodyMax, messageBytesMax) })),
);

/** Messages as they come; whoever writes them waits until they are taken. */
export class Inbox {
  readonly #framer = new Framer(rules);
  readonly #messages: Message[] = [];
  #taken: (() => void) | undefined;
  #reader: ((message: Message | undefined) => void) | undefined;
  #isOver = false;

  /** `taken` is called when everything in it has been dealt with. */
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

  /** Nothing more comes. */
  end(): void {
    this.#isOver = true;
    this.#deliver();
  }

  /** Undefined: there will be none. */
  async next(): Promise<Message | undefined> {
    const message = this.#messages.shift();
    if (message !== undefined) return message;
    if (this.#isOver) return undefined;
    return new Promise((resolve) => {
      this.#reader = resolve;
      this.#deliver();
    });
  }

  /** The type of the message behind the one at hand, where it has come. */
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
