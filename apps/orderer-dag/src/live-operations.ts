import type { LiveOperation } from './live-operation.ts';

/** How much of the log may be live in this process at once. */
export interface LiveLimits {
  readonly operationsMax: number;
  readonly bytesMax: number;
}

/**
 * The operations that were read and are not terminal. Ingest keeps their number in bounds by class; the limits here are
 * the hard ones, so that memory stays bounded whatever stands in the log. Whoever reads waits for room; what is live
 * never depends on what is still unread, so waiting cannot lock anything up.
 */
export class LiveOperations {
  readonly #limits: LiveLimits;
  readonly #bySeq = new Map<number, LiveOperation>();
  #bytes = 0;
  #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor(limits: LiveLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#bySeq.size;
  }

  /** Bytes of the live operations. */
  get bytes(): number {
    return this.#bytes;
  }

  get(seq: number): LiveOperation | undefined {
    return this.#bySeq.get(seq);
  }

  /** All of them, oldest first. */
  all(): Iterable<LiveOperation> {
    return this.#bySeq.values();
  }

  add(operation: LiveOperation): void {
    this.#bySeq.set(operation.seq, operation);
    this.#bytes += operation.bytes.byteLength;
  }

  remove(seq: number): void {
    const operation = this.#bySeq.get(seq);
    if (operation === undefined) return;
    this.#bySeq.delete(seq);
    this.#bytes -= operation.bytes.byteLength;
    if (this.#waiting.length > 0 && this.#hasRoom()) this.#wake();
  }

  /** Resolves when another record may be admitted: true, or false when nothing is admitted any more. */
  async room(): Promise<boolean> {
    while (!this.#isClosed && !this.#hasRoom()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return !this.#isClosed;
  }

  /** Lets everybody go who waits for room; nothing is admitted any more. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  #hasRoom(): boolean {
    const { operationsMax, bytesMax } = this.#limits;
    return this.#bySeq.size < operationsMax && (this.#bytes < bytesMax || this.#bySeq.size === 0);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
