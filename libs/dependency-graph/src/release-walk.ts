import type { KeyQueues } from './key-queues.ts';
import { KEY_HEAD } from './key-table.ts';
import {
  ENTRY_SIBLING,
  GROUP_MEMBERS,
  NODE_HOME,
  NODE_NEXT,
  OPERATION_ENTRY,
  OPERATION_WAITING,
} from './queue-records.ts';

/** The largest number that an Int32Array holds. */
const lastWalk = 2 ** 31 - 1;

/** Notified of what becomes free as operations are passed. */
export interface ReleaseSink {
  /** Everything before it has been passed. */
  onFree(operation: number): void;
  /** A reader group became the front of its key; `pull` iterates it as far as needed. */
  onReaders(entry: number): void;
}

/**
 * Finds what would become ready, and in which order, if some operations were done; the queues do not change. `pass`
 * counts an operation as done and costs O(keys). Readers at the front are handed out one by one, so a key with 100,000
 * of them costs only those that are pulled.
 */
export class ReleaseWalk {
  readonly #queues: KeyQueues;
  readonly #sink: ReleaseSink;
  /** Number of this walk; marks of earlier walks are invalid. */
  #walk = 0;
  #keyWalk = new Int32Array(0);
  /** Members of a key's front step that are not yet passed. */
  #keyLeft = new Int32Array(0);
  #operationWalk = new Int32Array(0);
  /** Number of keys on which the operation is at the front. */
  #operationFronts = new Int32Array(0);

  constructor(queues: KeyQueues, sink: ReleaseSink) {
    this.#queues = queues;
    this.#sink = sink;
  }

  /** Starts a new walk. The queues must not change before its last call. */
  begin(): void {
    if (this.#walk === lastWalk) {
      this.#keyWalk.fill(0);
      this.#operationWalk.fill(0);
      this.#walk = 0;
    }
    this.#walk += 1;
    if (this.#keyWalk.length < this.#queues.keys.records.end) {
      this.#keyWalk = new Int32Array(this.#queues.keys.records.end * 2);
      this.#keyLeft = new Int32Array(this.#keyWalk.length);
    }
    if (this.#operationWalk.length < this.#queues.operations.end) {
      this.#operationWalk = new Int32Array(this.#queues.operations.end * 2);
      this.#operationFronts = new Int32Array(this.#operationWalk.length);
    }
  }

  /** Counts an operation as done. It must be ready or have been returned by this walk. */
  pass(operation: number): void {
    const { nodes, operations } = this.#queues;
    let entry = operations.get(operation, OPERATION_ENTRY);
    for (; entry !== 0; entry = nodes.get(entry, ENTRY_SIBLING)) this.#passEntry(this.#queues.stepOf(entry));
  }

  /** Brings one reader to the front of its key. Returns the next reader of the group, 0 after the last. */
  pull(entry: number): number {
    this.#bringToFront(entry);
    return this.#queues.nextMember(entry);
  }

  /** The operation of a reader that `onReaders` or `pull` named. */
  operationOf(entry: number): number {
    return this.#queues.operationOf(entry);
  }

  #passEntry(step: number): void {
    const key = this.#queues.nodes.get(step, NODE_HOME);
    if (this.#keyWalk[key] !== this.#walk) {
      this.#keyWalk[key] = this.#walk;
      this.#keyLeft[key] = this.#members(this.#queues.keys.records.get(key, KEY_HEAD));
    }
    const left = (this.#keyLeft[key] as number) - 1;
    this.#keyLeft[key] = left;
    if (left === 0) this.#moveFront(key, this.#queues.nodes.get(step, NODE_NEXT));
  }

  #moveFront(key: number, step: number): void {
    if (step === 0) return;
    this.#keyLeft[key] = this.#members(step);
    if (this.#queues.isWriter(step)) this.#bringToFront(step);
    else this.#sink.onReaders(this.#queues.firstMember(step));
  }

  #bringToFront(entry: number): void {
    const operation = this.#queues.operationOf(entry);
    const fronts = this.#operationWalk[operation] === this.#walk ? (this.#operationFronts[operation] as number) + 1 : 1;
    this.#operationWalk[operation] = this.#walk;
    this.#operationFronts[operation] = fronts;
    if (fronts === this.#queues.operations.get(operation, OPERATION_WAITING)) this.#sink.onFree(operation);
  }

  #members(step: number): number {
    return this.#queues.isWriter(step) ? 1 : this.#queues.nodes.get(step, GROUP_MEMBERS);
  }
}
