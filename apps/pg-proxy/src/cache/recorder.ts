import { backend as from, ownCopy, readCommandComplete } from '@medrex/pg-wire';

/** An answer in the bytes that a client gets, without the ParseComplete before it. */
export interface Answer {
  readonly bytes: Buffer;
  readonly tag: string;
}

/** The messages of an answer that may be cached. Notices, notifications, errors and changed settings concern one client only. */
const cacheableMessages: ReadonlySet<number> = new Set([
  ...[from.parseComplete, from.bindComplete, from.rowDescription, from.noData],
  ...[from.dataRow, from.commandComplete, from.readyForQuery],
]);

/** Records what is sent to a client, up to a limit. */
export class Recorder {
  readonly #bytesMax: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get isTooLarge(): boolean {
    return this.#bytes > this.#bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Copies the bytes: the chunk that they lie in is many times as large. */
  add(part: Buffer): void {
    this.#bytes += part.length;
    if (this.isTooLarge) this.#parts = [];
    else this.#parts.push(Buffer.from(part));
  }

  /** Undefined: the answer is not cacheable. */
  answer(end: Buffer): Answer | undefined {
    if (this.isTooLarge) return undefined;
    const whole = Buffer.concat([...this.#parts, end]);
    const tag = tagOf(whole);
    if (tag === undefined) return undefined;
    return { bytes: ownCopy(whole[0] === from.parseComplete ? whole.subarray(parseCompleteBytes) : whole), tag };
  }
}

const headerBytes = 5;
const parseCompleteBytes = 5;

/** The tag of the only statement; undefined: the answer contains something else. */
function tagOf(bytes: Buffer): string | undefined {
  let tag: string | undefined;
  for (let at = 0; at < bytes.length;) {
    if (at + headerBytes > bytes.length || !cacheableMessages.has(bytes[at] as number)) return undefined;
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    if (end > bytes.length) return undefined;
    if (bytes[at] === from.commandComplete) {
      if (tag !== undefined) return undefined;
      tag = readCommandComplete(bytes, at, end);
    }
    at = end;
  }
  return tag;
}
