import type { Fusion } from '@medrex/batch-planner';
import { CodedError } from '@medrex/coded-error';
import type { OperationResult } from '@medrex/execute-batch';
import type { Endorsement } from '@medrex/ledger';
import { ordererErrors } from './errors.ts';
import type { LiveOperation } from './live-operation.ts';

/**
 * The states of a flight.
 *
 * - `endorsing`: the proposal is with the pinned endorsers
 * - `judging`: something failed; the cause is being determined while the operations keep their flight
 * - `sent`: the envelope was, or may have been, sent to the orderer; only a block can tell
 * - `returned`: its operations are back in their queues; nothing was sent, or the envelope is invalid in a block
 * - `unknown`: its operations are back in their queues, but the envelope may still appear in a block
 * - `settled`: the envelope is VALID in a block
 */
export type FlightState = 'endorsing' | 'judging' | 'sent' | 'returned' | 'unknown' | 'settled';

const next: Readonly<Record<FlightState, readonly FlightState[]>> = {
  endorsing: ['judging', 'sent', 'returned'],
  judging: ['returned', 'unknown', 'settled'],
  sent: ['judging', 'returned', 'unknown', 'settled'],
  unknown: ['settled', 'returned'],
  returned: [],
  settled: [],
};

/** The data with which a flight starts. */
export interface FlightStart {
  readonly txId: string;
  readonly fusion: Fusion;
  /** The operations of `fusion.operations`, in the same order. */
  readonly operations: readonly LiveOperation[];
  readonly startedMs: number;
  /** True when a probe had passed before this flight started, and nothing failed since. */
  readonly isAfterPassingProbe: boolean;
  /** Block height when it started; its reads are at least as new. */
  readonly startHeight: number;
}

/** A fusion in one Fabric transaction. A retry is another flight with another transaction id. */
export class Flight {
  #start: FlightStart;
  #state: FlightState = 'endorsing';
  #endorsement: Endorsement | undefined;
  #results: readonly OperationResult[] = [];
  #endorsedMs = 0;
  #sentMs = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(start: FlightStart) {
    this.#start = start;
  }

  get start(): FlightStart {
    return this.#start;
  }

  get txId(): string {
    return this.#start.txId;
  }

  get fusion(): Fusion {
    return this.#start.fusion;
  }

  get operations(): readonly LiveOperation[] {
    return this.#start.operations;
  }

  get state(): FlightState {
    return this.#state;
  }

  get endorsement(): Endorsement | undefined {
    return this.#endorsement;
  }

  /** The endorsed result of each operation; it counts only when the envelope is VALID in a block. */
  get results(): readonly OperationResult[] {
    return this.#results;
  }

  /** Duration of the endorsement, in ms. */
  get endorseMs(): number {
    return this.#endorsedMs - this.#start.startedMs;
  }

  /** When the envelope was sent, epoch ms. */
  get sentMs(): number {
    return this.#sentMs;
  }

  endorsed(endorsement: Endorsement, results: readonly OperationResult[], nowMs: number): void {
    this.#endorsement = endorsement;
    this.#results = results;
    this.#endorsedMs = nowMs;
  }

  /** Goes to state `sent`. @param cancelTimer cancels the timeout of the wait for a block */
  sent(nowMs: number, cancelTimer: () => void): void {
    this.to('sent');
    this.#sentMs = nowMs;
    this.#cancelTimer = cancelTimer;
  }

  /** Changes the state. @throws CodedError FLIGHT_STATE for an invalid transition */
  to(state: FlightState): void {
    if (!next[this.#state].includes(state)) {
      throw new CodedError(ordererErrors.FLIGHT_STATE, `flight ${this.txId}: ${this.#state} does not lead to ${state}`);
    }
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#state = state;
  }

  /** Releases operations and endorsement, since an unknown flight is remembered for as long as its envelope may appear. */
  releaseData(): void {
    const { fusion } = this.#start;
    this.#start = { ...this.#start, fusion: { ...fusion, operations: [] }, operations: [] };
    this.#endorsement = undefined;
    this.#results = [];
  }
}
