import type { OperationStatus, StatusStore } from '@medrex/contracts';
import { setTimeout as delay } from 'node:timers/promises';
import { newGate } from './gate.ts';

export interface StatusRecorderOptions {
  readonly statuses: Pick<StatusStore, 'accepted'>;
  readonly onFailure: (error: unknown) => void;
  /** Maximum rows buffered while the store is unavailable; then the oldest are dropped, and written at a restart or with their outcome. */
  readonly rowsMax?: number;
  readonly retryMs?: number;
}

interface Round {
  rows: OperationStatus[];
  readonly noted: Promise<void>;
  readonly settle: () => void;
}

/**
 * Writes accepted operations to the status store; rows that arrive during a call share the next one. Acceptance does
 * not depend on the store, since the log has the operations. If the store fails, waiting callers resolve and the rows
 * are retried.
 */
export class StatusRecorder {
  readonly #options: StatusRecorderOptions;
  readonly #stop = new AbortController();
  #next: Round | undefined;
  #running: Promise<void> | undefined;

  constructor(options: StatusRecorderOptions) {
    this.#options = options;
  }

  /** Number of rows not yet in the store. */
  get waiting(): number {
    return this.#next?.rows.length ?? 0;
  }

  /** Resolves when the rows are stored, or when the first attempt failed. */
  record(rows: readonly OperationStatus[]): Promise<void> {
    if (rows.length === 0) return Promise.resolve();
    const round = (this.#next ??= newRound());
    for (const row of rows) round.rows.push(row);
    this.#running ??= this.#run();
    return round.noted;
  }

  /** Stops retrying; unstored rows are written from the log at the next start. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // rows noted in one turn of the event loop share a call
    while (this.#next !== undefined) {
      const round = this.#next;
      this.#next = undefined;
      const isStored = await this.#store(round.rows);
      round.settle();
      if (isStored) continue;
      if (this.#stop.signal.aborted) break;
      this.#putBack(round.rows);
      await delay(this.#options.retryMs ?? 500, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
    this.#running = undefined;
  }

  async #store(rows: readonly OperationStatus[]): Promise<boolean> {
    try {
      await this.#options.statuses.accepted(rows);
      return true;
    } catch (error) {
      this.#options.onFailure(error);
      return false;
    }
  }

  #putBack(rows: OperationStatus[]): void {
    const round = (this.#next ??= newRound());
    const rowsMax = this.#options.rowsMax ?? 100_000;
    round.rows = [...rows, ...round.rows].slice(-rowsMax);
  }
}

function newRound(): Round {
  const { opened, open } = newGate();
  return { rows: [], noted: opened, settle: open };
}
