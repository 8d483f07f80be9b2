import { losslessText } from './lossless-text.ts';
import { shortText, zeroAt } from './short-text.ts';

/** Where the body of a message begins. */
export const bodyAt = 5;

/**
 * Reads the fields of one message in order. A field that is not there reads as zero or empty and makes the reader fail
 * for good, so that decoders ask once, at the end: `reader.isDone` for all that was there, `reader.isSound` for a head.
 */
export class BodyReader {
  readonly #buffer: Buffer;
  readonly #end: number;
  #at: number;
  #isSound = true;

  constructor(buffer: Buffer, at: number, end: number) {
    this.#buffer = buffer;
    this.#at = at;
    this.#end = end;
  }

  /** Where the next field begins. */
  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  /** Every field that was asked for was there. */
  get isSound(): boolean {
    return this.#isSound;
  }

  /** ... and nothing stands behind them. */
  get isDone(): boolean {
    return this.#isSound && this.#at === this.#end;
  }

  byte(): number {
    return this.#has(1) ? (this.#buffer[this.#at++] as number) : 0;
  }

  int16(): number {
    return this.#has(2) ? this.#buffer.readInt16BE(this.#skip(2)) : 0;
  }

  uint16(): number {
    return this.#has(2) ? this.#buffer.readUInt16BE(this.#skip(2)) : 0;
  }

  int32(): number {
    return this.#has(4) ? this.#buffer.readInt32BE(this.#skip(4)) : 0;
  }

  uint32(): number {
    return this.#has(4) ? this.#buffer.readUInt32BE(this.#skip(4)) : 0;
  }

  bytes(count: number): Buffer {
    return count >= 0 && this.#has(count) ? this.#buffer.subarray(this.#skip(count), this.#at) : this.#fail();
  }

  /** What is left. */
  rest(): Buffer {
    return this.bytes(this.left);
  }

  /** latin1: a character for each byte; utf8: as `losslessText` has it. Both keep all bytes apart. */
  cString(encoding: 'utf8' | 'latin1' = 'utf8'): string {
    const end = zeroAt(this.#buffer, this.#at, this.#end);
    if (end < 0) {
      this.#fail();
      return '';
    }
    const isLatin1 = encoding === 'latin1';
    const text = (isLatin1 ? shortText : losslessText)(this.#buffer, this.#at, end);
    this.#at = end + 1;
    return text;
  }

  /** A value with its length before it; -1 is null. */
  value(): Buffer | null {
    const length = this.int32();
    return length === -1 ? null : this.bytes(length);
  }

  /** As many as a count says; the count is checked against what is there, so that it cannot ask for memory. */
  list<T>(count: number, bytesEach: number, read: () => T): T[] {
    if (count < 0 || count * bytesEach > this.left) {
      this.#fail();
      return [];
    }
    const items: T[] = [];
    for (let index = 0; index < count && this.#isSound; index++) items.push(read());
    return items;
  }

  #has(bytes: number): boolean {
    if (this.#end - this.#at < bytes) this.#isSound = false;
    return this.#isSound;
  }

  #skip(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    return at;
  }

  #fail(): Buffer {
    this.#isSound = false;
    return Buffer.alloc(0);
  }
}
