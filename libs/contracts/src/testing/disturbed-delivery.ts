import type { LogRecord, LogRun } from '../event-log.ts';

/** Probability of each fault, per run or per record. */
export interface DeliveryFaults {
  /** A run is delivered twice. */
  readonly duplicate?: number;
  /** A run is delayed by up to `delayMs`. */
  readonly delay?: number;
  readonly delayMs?: number;
  /** Two neighbouring records are swapped. */
  readonly swap?: number;
  /** A record is left out and delivered alone up to `delayMs` later, after later records. */
  readonly late?: number;
  /** A record is never delivered. */
  readonly drop?: number;
}

/** Delivers runs to a handler with faults; one at a time, and again when the handler rejects. */
export class DisturbedDelivery {
  readonly #faults: Required<DeliveryFaults>;
  readonly #random: () => number;
  readonly #onRun: (run: LogRun) => Promise<void>;
  readonly #late = new Set<Promise<void>>();
  #turn: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(faults: DeliveryFaults, random: () => number, onRun: (run: LogRun) => Promise<void>) {
    this.#faults = { duplicate: 0, delay: 0, delayMs: 20, swap: 0, late: 0, drop: 0, ...faults };
    this.#random = random;
    this.#onRun = onRun;
  }

  async deliver(run: LogRun): Promise<void> {
    if (this.#happens(this.#faults.delay)) await this.#pass();
    const records = this.#swapped(this.#kept(run));
    if (records.length === 0) return;
    const disturbed = { ...run, records };
    await this.#inTurn(() => this.#onRun(disturbed));
    if (this.#happens(this.#faults.duplicate)) await this.#inTurn(() => this.#onRun(disturbed));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#late);
  }

  #kept(run: LogRun): LogRecord[] {
    return run.records.filter((record) => {
      if (this.#happens(this.#faults.drop)) return false;
      if (!this.#happens(this.#faults.late)) return true;
      const delivery = this.#deliverLate({ ...run, records: [record] }).finally(() => this.#late.delete(delivery));
      this.#late.add(delivery);
      return false;
    });
  }

  #swapped(records: LogRecord[]): LogRecord[] {
    for (let at = 1; at < records.length; at++) {
      if (!this.#happens(this.#faults.swap)) continue;
      [records[at - 1], records[at]] = [records[at] as LogRecord, records[at - 1] as LogRecord];
    }
    return records;
  }

  async #deliverLate(run: LogRun): Promise<void> {
    for (;;) {
      await this.#pass();
      if (this.#isClosed) return;
      const isDone = await this.#inTurn(() => this.#onRun(run)).then(
        () => true,
        () => false,
      );
      if (isDone) return;
    }
  }

  /** One run at a time, late ones included. */
  #inTurn(deliver: () => Promise<void>): Promise<void> {
    const delivered = this.#turn.then(deliver);
    this.#turn = delivered.catch(() => undefined);
    return delivered;
  }

  #happens(probability: number): boolean {
    return probability > 0 && this.#random() < probability;
  }

  #pass(): Promise<void> {
    const ms = 1 + this.#random() * this.#faults.delayMs;
    return new Promise((resolve) => setTimeout(resolve, ms));
  }
}
