import { LiveQueues, type LiveOperation } from '@medrex/dependency-graph';
import type { DeclaredKey } from '@medrex/keys';
import { Backoffs } from './backoffs.ts';
import { Inheritance } from './inheritance.ts';
import type { PlannedOperation } from './planned-operation.ts';
import { ReadyQueue } from './ready-queue.ts';
import { TrackedOperation } from './tracked-operation.ts';
import { unionOfKeys } from './union-of-keys.ts';

export interface LiveSetOptions {
  readonly classes: number;
  readonly criticalityBoost: number;
  /** Whether an operation by itself is above a soft cap. */
  readonly exceedsCaps: (operation: TrackedOperation) => boolean;
}

/** All live operations with their places in the queues, states and classes. Makes no decisions. */
export class LiveSet {
  readonly queues: LiveQueues;
  readonly ready: ReadyQueue;
  readonly #classes: number;
  readonly #exceedsCaps: (operation: TrackedOperation) => boolean;
  readonly #backoffs = new Backoffs();
  readonly #inheritance: Inheritance;
  readonly #bySeq = new Map<number, TrackedOperation>();
  readonly #bySlot: (TrackedOperation | undefined)[] = [];
  /** Number of operations by effective class that are not in flight and may be fused. */
  readonly #backlog: number[];
  /** Slots whose neighbours in the queues changed since the last `settle`. */
  readonly #reordered = new Set<LiveOperation>();
  #admitted = 0;
  #nowMs = 0;

  constructor({ classes, criticalityBoost, exceedsCaps }: LiveSetOptions) {
    this.queues = new LiveQueues({
      onReady: (slot) => this.#becameReady(this.at(slot)),
      onBlocked: (slot) => this.#becameBlocked(this.at(slot)),
      onReordered: (slot) => void this.#reordered.add(slot),
    });
    this.#classes = classes;
    this.#exceedsCaps = exceedsCaps;
    this.ready = new ReadyQueue(classes, criticalityBoost);
    this.#inheritance = new Inheritance(
      this.queues,
      (slot) => this.at(slot),
      (operation, place) => this.#setClass(operation, place),
    );
    this.#backlog = new Array<number>(classes).fill(0);
  }

  get size(): number {
    return this.#bySeq.size;
  }

  get isEmpty(): boolean {
    return this.size === 0 && this.queues.isEmpty && this.ready.isEmpty && this.#backoffs.isEmpty;
  }

  all(): Iterable<TrackedOperation> {
    return this.#bySeq.values();
  }

  get(seq: number): TrackedOperation | undefined {
    return this.#bySeq.get(seq);
  }

  at(slot: LiveOperation): TrackedOperation | undefined {
    return this.#bySlot[slot];
  }

  /**
   * Number of operations of the effective class that are not in flight and may be fused; of all classes without an
   * argument.
   */
  backlog(place?: number): number {
    return place === undefined ? this.#backlog.reduce((sum, count) => sum + count, 0) : (this.#backlog[place] ?? 0);
  }

  /** A seq that is already live is ignored. A class that does not exist counts as the nearest one. */
  admit(operation: PlannedOperation): void {
    if (this.#bySeq.has(operation.seq)) return;
    const place = Math.min(Math.max(0, operation.class), this.#classes - 1);
    const slot = this.queues.admit(operation.seq, operation.keys);
    const tracked = new TrackedOperation(slot, (this.#admitted += 1), operation, place);
    tracked.isOversize = this.#exceedsCaps(tracked);
    this.#bySeq.set(operation.seq, tracked);
    this.#bySlot[slot] = tracked;
    this.#countBacklog(tracked, place, 1);
    this.#inheritance.placed(tracked);
    if (this.queues.isReady(slot)) this.#becameReady(tracked);
    this.settle();
  }

  /** It was removed from the ready queue before. */
  take(operation: TrackedOperation, flight: number): void {
    operation.state = 'taken';
    this.queues.take(operation.slot, flight);
    this.#countBacklog(operation, operation.class, -1);
  }

  /** Returns the operations of a flight to their places. */
  giveBack(operations: readonly TrackedOperation[]): void {
    for (const operation of operations) {
      operation.state = 'waiting';
      this.#countBacklog(operation, operation.class, 1);
    }
    this.queues.giveBack(operations.map(({ slot }) => slot));
    for (const operation of operations) if (this.queues.isReady(operation.slot)) this.#becameReady(operation);
    this.settle();
  }

  /** Removes operations of a flight that have ended. */
  remove(ends: Iterable<readonly [operation: TrackedOperation, isApplied: boolean]>): void {
    for (const [operation, isApplied] of ends) {
      this.#bySeq.delete(operation.seq);
      this.#bySlot[operation.slot] = undefined;
      this.queues.remove(operation.slot, isApplied);
    }
    this.settle();
  }

  /** Adds keys that an operation was found to touch. */
  widen(operation: TrackedOperation, keys: readonly DeclaredKey[]): void {
    const placing = operation.state === 'taken' ? 'taken' : 'waiting';
    for (const key of keys) this.queues.widen(operation.slot, key, placing);
    this.#requeue(operation, () => {
      operation.planned = { ...operation.planned, keys: unionOfKeys(operation.planned.keys, keys) };
      operation.isOversize = this.#exceedsCaps(operation);
    });
    this.settle();
  }

  advise(operation: TrackedOperation, criticality: number): void {
    if (operation.criticality === criticality) return;
    this.#requeue(operation, () => (operation.criticality = criticality));
  }

  close(operation: TrackedOperation, reason: string): void {
    this.#requeue(operation, () => {
      operation.planned = { ...operation.planned, closeReason: reason };
      operation.isOversize = false;
      operation.fusionMax = Number.POSITIVE_INFINITY;
      operation.notBeforeMs = 0;
    });
  }

  /** Advances the time, which may end backoffs. */
  passTime(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    for (const operation of this.#backoffs.ended(this.#nowMs)) this.#requeue(operation, () => undefined);
  }

  /** When the next backoff ends. */
  nextWakeMs(): number | undefined {
    return this.#backoffs.nextMs();
  }

  /** Updates the classes after the queues have changed other than at their ends. */
  settle(): void {
    for (const slot of this.#reordered) {
      const operation = this.at(slot);
      if (operation !== undefined) this.#inheritance.placed(operation);
    }
    this.#reordered.clear();
  }

  #becameReady(operation: TrackedOperation | undefined): void {
    if (operation?.state !== 'waiting') return;
    operation.readySinceMs ??= this.#nowMs;
    if (operation.notBeforeMs > this.#nowMs) {
      operation.state = 'backing-off';
      this.#backoffs.push(operation);
    } else {
      operation.state = 'ready';
      this.ready.push(operation);
    }
  }

  #becameBlocked(operation: TrackedOperation | undefined): void {
    if (operation === undefined || operation.state === 'taken') return;
    this.#leaveQueue(operation);
    operation.readySinceMs = undefined;
  }

  #leaveQueue(operation: TrackedOperation): void {
    if (operation.state === 'ready') this.ready.remove(operation);
    if (operation.state === 'backing-off') this.#backoffs.remove(operation);
    operation.state = 'waiting';
  }

  /** Changes a property on which the position of a ready operation depends. */
  #requeue(operation: TrackedOperation, change: () => void): void {
    const isQueued = operation.state === 'ready' || operation.state === 'backing-off';
    if (isQueued) this.#leaveQueue(operation);
    change();
    if (isQueued) this.#becameReady(operation);
  }

  #setClass(operation: TrackedOperation, place: number): void {
    this.#requeue(operation, () => {
      if (operation.state !== 'taken') {
        this.#countBacklog(operation, operation.class, -1);
        this.#countBacklog(operation, place, 1);
      }
      operation.class = place;
    });
  }

  /** Operations that go alone do not make fusions larger. */
  #countBacklog({ isAlone }: TrackedOperation, place: number, change: number): void {
    if (!isAlone) this.#backlog[place] = this.backlog(place) + change;
  }
}
