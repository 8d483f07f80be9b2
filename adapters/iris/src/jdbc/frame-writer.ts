/** Writes a frame for the bridge: length, type, connection, fields. */
export class FrameWriter {
  #buffer = Buffer.allocUnsafe(256);
  #at = 9;

  constructor(type: string, connection: number) {
    this.#buffer[4] = type.charCodeAt(0);
    this.#buffer.writeInt32BE(connection, 5);
  }

  kind(value: number): this {
    this.#room(1);
    this.#buffer[this.#at++] = value;
    return this;
  }

  integer(value: number): this {
    this.#room(4);
    this.#at = this.#buffer.writeInt32BE(value, this.#at);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.integer(value.length).#room(value.length);
    this.#buffer.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  text(value: string): this {
    const bytes = Buffer.byteLength(value);
    this.integer(bytes).#room(bytes);
    this.#at += this.#buffer.write(value, this.#at, 'utf8');
    return this;
  }

  end(): Buffer {
    this.#buffer.writeInt32BE(this.#at - 4, 0);
    return this.#buffer.subarray(0, this.#at);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#at + bytes, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}
