/** Reads the fields of a frame of the bridge. */
export class FrameReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#buffer = body;
  }

  kind(): number {
    return this.#buffer.readUInt8(this.#at++);
  }

  integer(): number {
    const value = this.#buffer.readInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  number(): number {
    const value = this.#buffer.readBigInt64BE(this.#at);
    this.#at += 8;
    return Number(value);
  }

  bytes(): Buffer | null {
    const length = this.integer();
    if (length < 0) return null;
    const value = this.#buffer.subarray(this.#at, this.#at + length);
    this.#at += length;
    return value;
  }

  text(): string {
    return this.bytes()?.toString('utf8') ?? '';
  }

  list<T>(count: number, read: () => T): T[] {
    return Array.from({ length: count }, read);
  }
}
