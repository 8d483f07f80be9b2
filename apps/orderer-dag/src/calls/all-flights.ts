import type { Fusion } from '@medrex/batch-planner';
import type { Flights } from '../flights.ts';
import type { LiveOperation } from '../live-operation.ts';
import type { CallFlights } from './call-flights.ts';
import type { CallOperation } from './call-proposals.ts';

/** All flights of a channel: of fusions and of calls. */
export class AllFlights {
  readonly #fused: Flights;
  readonly #calls: CallFlights | undefined;

  /** @param calls undefined when per-transaction mode is off */
  constructor(fused: Flights, calls: CallFlights | undefined) {
    this.#fused = fused;
    this.#calls = calls;
  }

  get active(): number {
    return this.#fused.active + (this.#calls?.active ?? 0);
  }

  oldestHeight(height: number): number {
    return Math.min(this.#fused.oldestHeight(height), this.#calls?.oldestHeight(height) ?? height);
  }

  launch(fusion: Fusion, operations: readonly LiveOperation[], startHeight: number): void {
    const [first] = operations;
    if (this.#calls !== undefined && first !== undefined && isCallOperation(first)) {
      this.#calls.launch(fusion, first, startHeight);
    } else this.#fused.launch(fusion, operations, startHeight);
  }

  stopSending(): void {
    this.#fused.stopSending();
    this.#calls?.stopSending();
  }
}

const isCallOperation = (operation: LiveOperation): operation is CallOperation => operation.call !== undefined;
