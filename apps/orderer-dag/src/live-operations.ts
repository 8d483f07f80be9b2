import type { LiveOperation } from './live-operation.ts';

/** Limits of the live operations in this process. */
export interface LiveLimits {
  readonly operationsMax: number;
  readonly bytesMax: number;
}

/**
 * The operations that were read and are not terminal. Ingest limits their number by class; these limits are the hard ones that bound
 * memory whatever the log contains. The reader waits for room. Live operations never depend on unread ones, so there is no deadlock.
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

  /** All live operations, oldest first. */
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

  /** Resolves with true when another record may be admitted, or with false once closed. */
  async room(): Promise<boolean> {
    while (!this.#isClosed && !this.#hasRoom()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return !this.#isClosed;
  }

  /** Ends all waits for room; nothing is admitted any more. */
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
