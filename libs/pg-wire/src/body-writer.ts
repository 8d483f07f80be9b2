import { bytesOf, hasInvalidBytes } from './lossless-text.ts';

/** Writes messages into one growing buffer: `begin`, the fields, `end`; then `take` returns all that was written. */
export class BodyWriter {
  #buffer: Buffer;
  #at = 0;
  #lengthAt = 0;

  constructor(bytes = 64) {
    this.#buffer = Buffer.allocUnsafe(bytes);
  }

  begin(type: number): this {
    this.#room(5);
    this.#buffer[this.#at] = type;
    return this.#beginLength(this.#at + 1);
  }

  /** Begins a message without a type byte, as the packets before login are. */
  beginUntyped(): this {
    this.#room(4);
    return this.#beginLength(this.#at);
  }

  end(): this {
    this.#buffer.writeInt32BE(this.#at - this.#lengthAt, this.#lengthAt);
    return this;
  }

  byte(value: number): this {
    this.#room(1);
    this.#buffer[this.#at++] = value;
    return this;
  }

  int16(value: number): this {
    this.#room(2);
    this.#at = this.#buffer.writeInt16BE(value, this.#at);
    return this;
  }

  /** For counts of formats and parameters, which go up to 65,535. */
  uint16(value: number): this {
    this.#room(2);
    this.#at = this.#buffer.writeUInt16BE(value, this.#at);
    return this;
  }

  int32(value: number): this {
    this.#room(4);
    this.#at = this.#buffer.writeInt32BE(value, this.#at);
    return this;
  }

  /** For OIDs and process ids, which are unsigned. */
  uint32(value: number): this {
    this.#room(4);
    this.#at = this.#buffer.writeUInt32BE(value >>> 0, this.#at);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#room(value.length);
    this.#buffer.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  /** Writes a zero-terminated string; a text that contains a zero byte is cut there. */
  cString(text: string, encoding: 'utf8' | 'latin1' = 'utf8'): this {
    const zero = text.indexOf('\0');
    const clean = zero < 0 ? text : text.slice(0, zero);
    if (encoding === 'utf8' && hasInvalidBytes(clean)) return this.bytes(bytesOf(clean)).byte(0);
    this.#room(clean.length * 3 + 1);
    this.#at += this.#buffer.write(clean, this.#at, encoding);
    this.#buffer[this.#at++] = 0;
    return this;
  }

  /** Writes a value prefixed by its length (int32); null as length -1. */
  value(value: Uint8Array | null): this {
    return value === null ? this.int32(-1) : this.int32(value.length).bytes(value);
  }

  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#at);
    this.#buffer = this.#buffer.subarray(this.#at);
    this.#at = 0;
    return taken;
  }

  #beginLength(at: number): this {
    this.#lengthAt = at;
    this.#at = at + 4;
    return this;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#at + bytes, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}

/** A message without a body. */
export function emptyMessage(type: number): Buffer {
  const message = Buffer.alloc(5);
  message[0] = type;
  message[4] = 4;
  return message;
}
