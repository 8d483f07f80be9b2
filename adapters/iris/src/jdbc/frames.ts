const headerBytes = 9;

export interface Frame {
  readonly type: string;
  readonly connection: number;
  readonly body: Buffer;
}

/** Splits the bridge's output into frames. The chunks of a large frame are joined once, when it is complete. */
export class Frames {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #needed = headerBytes;

  /** Adds a chunk and returns the completed frames. */
  feed(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const frames: Frame[] = [];
    while (this.#bytes >= this.#needed) {
      const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#bytes);
      const length = 4 + all.readInt32BE(0);
      this.#chunks = [all];
      this.#needed = length;
      if (all.length < length) break;
      const body = all.subarray(headerBytes, length);
      frames.push({ type: String.fromCharCode(all[4] as number), connection: all.readInt32BE(5), body });
      this.#chunks = all.length === length ? [] : [all.subarray(length)];
      this.#bytes = all.length - length;
      this.#needed = headerBytes;
    }
    return frames;
  }
}
