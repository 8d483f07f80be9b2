import { losslessText } from './lossless-text.ts';
import { shortText, zeroAt } from './short-text.ts';

/** Offset of the body in a message: after the type byte and the length. */
export const bodyAt = 5;

/**
 * Reads the fields of one message in order. Reading past the end returns zero or an empty value and makes the reader fail for good, so
 * decoders check once, at the end: `isDone` for a whole message, `isValid` for its beginning.
 */
export class BodyReader {
  readonly #buffer: Buffer;
  readonly #end: number;
  #at: number;
  #isValid = true;

  constructor(buffer: Buffer, at: number, end: number) {
    this.#buffer = buffer;
    this.#at = at;
    this.#end = end;
  }

  /** Offset of the next field. */
  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  /** Every field read so far was present. */
  get isValid(): boolean {
    return this.#isValid;
  }

  /** Every field was present, and no bytes are left. */
  get isDone(): boolean {
    return this.#isValid && this.#at === this.#end;
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

  /** All bytes that are left. */
  rest(): Buffer {
    return this.bytes(this.left);
  }

  /** A zero-terminated string; utf8 is decoded by `losslessText`. Both encodings are lossless. */
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

  /** A value prefixed by its length (int32); length -1 is null. */
  value(): Buffer | null {
    const length = this.int32();
    return length === -1 ? null : this.bytes(length);
  }

  /** Reads `count` items. @param bytesEach their least size: a count that does not fit into the bytes left fails before memory is allocated */
  list<T>(count: number, bytesEach: number, read: () => T): T[] {
    if (count < 0 || count * bytesEach > this.left) {
      this.#fail();
      return [];
    }
    const items: T[] = [];
    for (let index = 0; index < count && this.#isValid; index++) items.push(read());
    return items;
  }

  #has(bytes: number): boolean {
    if (this.#end - this.#at < bytes) this.#isValid = false;
    return this.#isValid;
  }

  #skip(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    return at;
  }

  #fail(): Buffer {
    this.#isValid = false;
    return Buffer.alloc(0);
  }
}
