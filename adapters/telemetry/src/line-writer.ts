import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';

/** Maximum of buffered bytes; a line that does not fit is lost. */
const waitingBytesMax = 1024 * 1024;
/** Interval between attempts to write the buffer, ms. */
const againMs = 20;

export interface LineWriterOptions {
  /** Writes what it can of the bytes now and returns how many, or throws. */
  readonly write?: (bytes: Buffer) => number;
  /** A line is lost: its reader is too slow, or gone. */
  readonly onLost: () => void;
}

/**
 * Writes lines to standard error synchronously, so that the last one before a crash is there. A pipe with a slow reader may accept nothing,
 * or half a line: the rest is buffered up to a limit, without blocking.
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

  /** Tries to write the buffer. */
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

  /** The reader is gone, or the disk is full: drops the buffer; the next line is tried. */
  #lose(): void {
    this.#waiting.forEach(() => this.#onLost());
    this.#waiting = [];
    this.#bytes = 0;
  }
}
