import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';

/** Bytes that wait for a reader; a line that does not fit is lost. */
const waitingBytesMax = 1024 * 1024;
/** Until what waits is tried again, ms. */
const againMs = 20;

export interface LineWriterOptions {
  /** Writes what it can of the bytes now and returns how many, or throws. */
  readonly write?: (bytes: Buffer) => number;
  /** A line is lost: its reader is too slow, or gone. */
  readonly onLost: () => void;
}

/**
 * Writes lines to standard error at once, so that the last one before a crash is there. A pipe whose reader is slow takes no more at
 * times, or half a line: what is left waits, up to a limit, and nobody waits with it.
 */
export class LineWriter {
  readonly #write: (bytes: Buffer) => number;
  readonly #onLost: () => void;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor({ write = (bytes) => writeSync(2, bytes), onLost }: LineWriterOptions) {
    this.#write = write;
    this.#onLost = onLost;
  }

  line(text: string): void {
    const bytes = Buffer.from(text);
    if (this.#bytes + bytes.length > waitingBytesMax) return this.#onLost();
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    if (this.#timer === undefined) this.#flush();
  }

  /** Tries once more what waits. */
  #flush(): void {
    this.#timer = undefined;
    try {
      for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
        const written = this.#write(first);
        this.#bytes -= written;
        if (written < first.length) this.#waiting[0] = first.subarray(written);
        else this.#waiting.shift();
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN')
        this.#timer = setTimeout(() => this.#flush(), againMs).unref();
      else this.#lose();
    }
  }

  /** The reader is gone, or the disk is full: the next line is tried again. */
  #lose(): void {
    this.#waiting.forEach(() => this.#onLost());
    this.#waiting = [];
    this.#bytes = 0;
  }
}
