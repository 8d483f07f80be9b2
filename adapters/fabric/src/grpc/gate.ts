import { CodedError } from '@medrex/coded-error';
import { ledgerErrors } from '@medrex/ledger';

/** The state of a bounded pool of calls. */
export interface GateStatus {
  readonly inFlight: number;
  readonly waiting: number;
  readonly limit: number;
}

/**
 * Limits concurrent calls and queues the others, because a peer refuses calls above its own limit. The queue is
 * bounded, too; calls above it are refused here.
 */
export class Gate {
  readonly #name: string;
  readonly #limit: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;
  /** Called with the waiting time of each call, ms. */
  onWaited: ((waitedMs: number) => void) | undefined;

  constructor(name: string, { limit, waitingMax }: { readonly limit: number; readonly waitingMax: number }) {
    this.#name = name;
    this.#limit = limit;
    this.#waitingMax = waitingMax;
  }

  get status(): GateStatus {
    return { inFlight: this.#inFlight, waiting: this.#waiting.length, limit: this.#limit };
  }

  /** @throws CodedError LEDGER_UNAVAILABLE if too many calls are waiting */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const from = performance.now();
    if (this.#inFlight >= this.#limit) await this.#turn();
    else this.#inFlight += 1;
    this.onWaited?.(performance.now() - from);
    try {
      return await work();
    } finally {
      // The slot is passed to the next waiting call without becoming free.
      const next = this.#waiting.shift();
      if (next !== undefined) next();
      else this.#inFlight -= 1;
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#waitingMax) {
      const message = `${this.#name}: ${this.#inFlight} calls are under way and ${this.#waiting.length} wait`;
      throw new CodedError(ledgerErrors.ledgerUnavailable, message);
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
