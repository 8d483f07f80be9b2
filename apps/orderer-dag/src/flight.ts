import type { Fusion } from '@medrex/batch-planner';
import { CodedError } from '@medrex/coded-error';
import type { OperationResult } from '@medrex/execute-batch';
import type { Endorsement } from '@medrex/ledger';
import { ordererErrors } from './errors.ts';
import type { LiveOperation } from './live-operation.ts';

/**
 * The life of one Fabric transaction.
 *
 * - `endorsing`: the proposal is with the pinned endorsers
 * - `judging`: something failed; who failed is being found out, and the operations keep their flight meanwhile
 * - `sent`: the envelope went to the orderer, or may have; only a block can tell
 * - `returned`: its operations are back at their places; nothing of it was sent, or a block showed it invalid
 * - `unknown`: its operations are back at their places, and it may still turn up in a block
 * - `settled`: a block showed it VALID
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

/** What is known of a flight when it starts. */
export interface FlightStart {
  readonly txId: string;
  readonly fusion: Fusion;
  /** The operations behind `fusion.operations`, in the same order. */
  readonly operations: readonly LiveOperation[];
  readonly startedMs: number;
  /** A probe had passed, and nothing had failed since, when this flight started. */
  readonly isAfterPassingProbe: boolean;
  /** Block height when it started: what it reads is at least as new as this. */
  readonly startHeight: number;
}

/** A fusion on its way through one Fabric transaction. A retry is another flight with another transaction id. */
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

  /** What the endorsed response says of each operation; how they ended says only the envelope in its block. */
  get results(): readonly OperationResult[] {
    return this.#results;
  }

  /** How long the endorsement took, ms. */
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

  /** Goes to `sent`; `cancelTimer` ends the waiting for a block. */
  sent(nowMs: number, cancelTimer: () => void): void {
    this.to('sent');
    this.#sentMs = nowMs;
    this.#cancelTimer = cancelTimer;
  }

  /** @throws CodedError FLIGHT_STATE when no flight may go from where it is to `state`. */
  to(state: FlightState): void {
    if (!next[this.#state].includes(state)) {
      throw new CodedError(ordererErrors.FLIGHT_STATE, `flight ${this.txId}: ${this.#state} does not lead to ${state}`);
    }
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#state = state;
  }

  /** Lets go of operations and endorsement: an unknown flight may be remembered for as long as its envelope can turn up. */
  letGo(): void {
    const { fusion } = this.#start;
    this.#start = { ...this.#start, fusion: { ...fusion, operations: [] }, operations: [] };
    this.#endorsement = undefined;
    this.#results = [];
  }
}
