import { CodedError } from '@medrex/coded-error';
import { ledgerErrors } from '@medrex/ledger';

/** How a bounded pool of calls stands. */
export interface GateStatus {
  readonly inFlight: number;
  readonly waiting: number;
  readonly limit: number;
}

/**
 * Lets so many calls be under way at once and keeps the others in line: a peer refuses what exceeds its own limit. The line has
 * an end too: who finds it full is refused here.
 */
export class Gate {
  readonly #name: string;
  readonly #limit: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;
  /** Told how long each call waited, ms. */
  onWaited: ((waitedMs: number) => void) | undefined;

  constructor(name: string, { limit, waitingMax }: { readonly limit: number; readonly waitingMax: number }) {
    this.#name = name;
    this.#limit = limit;
    this.#waitingMax = waitingMax;
  }

  get status(): GateStatus {
    return { inFlight: this.#inFlight, waiting: this.#waiting.length, limit: this.#limit };
  }

  /** @throws CodedError LEDGER_UNAVAILABLE when too many wait already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const from = performance.now();
    if (this.#inFlight >= this.#limit) await this.#turn();
    else this.#inFlight += 1;
    this.onWaited?.(performance.now() - from);
    try {
      return await work();
    } finally {
      // The place goes to the next in line without ever being free.
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
