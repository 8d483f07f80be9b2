import type { AccessMode, DeclaredKey, StateKey } from '@medrex/keys';
import type { Edge, EdgeType } from '../edges.ts';

interface PairwiseEntry {
  readonly operation: PairwiseOperation;
  reads: boolean;
  writes: boolean;
  ensures: boolean;
  /** An ensure that relies on an existing key. */
  isGuarded: boolean;
}

interface PairwiseOperation {
  readonly seq: number;
  readonly keys: StateKey[];
  flight: number;
}

const isWriter = (entry: PairwiseEntry): boolean => entry.writes || (entry.ensures && !entry.isGuarded);
const conflict = (one: PairwiseEntry, other: PairwiseEntry): boolean => isWriter(one) || isWriter(other);
const commutes = (mode: AccessMode): boolean => mode === 'append' || mode === 'delta';

/**
 * The rules of the key queues in their simplest form, for comparison: an array of entries per key, and all pairs
 * compared. O(n^2) or worse. It has the vocabulary of `DependencyGraph` and `LiveQueues`.
 */
export class PairwiseGraph {
  readonly #operations = new Map<number, PairwiseOperation>();
  readonly #queues = new Map<StateKey, PairwiseEntry[]>();

  get seqs(): readonly number[] {
    return [...this.#operations.keys()];
  }

  /** Adds an operation after all others. */
  admit(seq: number, declared: readonly DeclaredKey[]): void {
    const operation = this.#open(seq);
    for (const { key, mode } of declared.filter((one) => !commutes(one.mode))) {
      const queue = this.#queue(key);
      const own = this.#takeOut(queue, operation);
      const entry = this.#merged(operation, own, mode);
      const lastButReads = queue.findLast((other) => other.writes || other.ensures);
      entry.isGuarded = entry.ensures && lastButReads?.ensures === true;
      queue.push(entry);
      this.#noteKey(operation, key);
    }
  }

  /** Adds an operation by seq, after what flights have taken. */
  admitLate(seq: number, declared: readonly DeclaredKey[]): void {
    this.#open(seq);
    for (const key of declared) this.widen(seq, key, 'waiting');
  }

  widen(seq: number, { key, mode }: DeclaredKey, placing: 'waiting' | 'taken'): void {
    if (commutes(mode)) return;
    const operation = this.#operation(seq);
    const queue = this.#queue(key);
    const place = queue.findIndex((other) => other.operation === operation);
    const own = queue[place];
    const entry = this.#merged(operation, own, mode);
    if (own && isWithin(mode, entry, own)) return;
    if (own) queue.splice(place, 1);
    this.#insert(queue, entry, placing);
    this.#noteKey(operation, key);
  }

  take(seq: number, flight: number): void {
    this.#operation(seq).flight = flight;
  }

  giveBack(seqs: readonly number[]): void {
    for (const seq of seqs) this.take(seq, 0);
    for (const seq of [...seqs].sort((a, b) => b - a)) {
      for (const key of this.#operation(seq).keys) this.#putInOrder(this.#queue(key), seq);
    }
  }

  /** Returns what became dependency-free, by key in the order of the queue. */
  complete(seq: number, isApplied: boolean): readonly number[] {
    const operation = this.#operation(seq);
    this.#operations.delete(seq);
    const released: number[] = [];
    const waiting = new Set(this.seqs.filter((other) => !this.isReady(other)));
    for (const key of operation.keys) {
      const queue = this.#queue(key);
      this.#leave(queue, operation, isApplied);
      for (const { operation: other } of queue) {
        if (!waiting.has(other.seq) || !this.isReady(other.seq)) continue;
        waiting.delete(other.seq);
        released.push(other.seq);
      }
      if (queue.length === 0) this.#queues.delete(key);
    }
    return released;
  }

  isReady(seq: number): boolean {
    return this.isFreeAfter(seq, new Set());
  }

  /** Whether it would be dependency-free if these operations were done. */
  isFreeAfter(seq: number, done: ReadonlySet<number>): boolean {
    return this.#entriesOf(seq).every(([queue, place, entry]) =>
      queue.slice(0, place).every((other) => done.has(other.operation.seq) || !conflict(other, entry)),
    );
  }

  /**
   * Whether no other flight's entry and no waiting one of a lower seq conflicts with the access on that key, and no
   * ensure before the next waiting writer relies on what it would write.
   */
  mayTouch(seq: number, { key, mode }: DeclaredKey): boolean {
    if (commutes(mode)) return true;
    const operation = this.#operation(seq);
    const queue = this.#queues.get(key) ?? [];
    const own = queue.find((other) => other.operation === operation);
    const entry = this.#merged(operation, own, mode);
    if (own && isWithin(mode, entry, own)) return true;
    const isAgainst = ({ operation: { seq: otherSeq, flight } }: PairwiseEntry): boolean =>
      flight !== operation.flight && (flight !== 0 || otherSeq < seq);
    const untakenWriter = queue.findIndex((other) => isWriter(other) && other.operation.flight === 0);
    const near = queue.slice(0, untakenWriter < 0 ? queue.length : untakenWriter);
    const isCountedOn = entry.writes && near.some((other) => other.isGuarded && other.operation.seq > seq);
    return !isCountedOn && !queue.some((other) => conflict(other, entry) && isAgainst(other));
  }

  /** Typed edges to immediate predecessors: pairs on one key with nothing between them that conflicts with both. */
  edges(seq: number): readonly Edge[] {
    const edges = new Map<string, Edge>();
    for (const [queue, place, entry] of this.#entriesOf(seq)) {
      const before = queue.slice(0, place);
      for (const [index, other] of before.entries()) {
        const between = before.slice(index + 1);
        if (!conflict(other, entry) || between.some((one) => conflict(other, one) && conflict(one, entry))) continue;
        const edge = { from: other.operation.seq, type: edgeType(other, entry) };
        edges.set(`${edge.from} ${edge.type}`, edge);
      }
    }
    return [...edges.values()];
  }

  /** Whether it reads a key that an earlier operation in its queue writes. */
  isConflicting(seq: number): boolean {
    return this.#entriesOf(seq).some(
      ([queue, place, entry]) => (entry.reads || entry.ensures) && queue.slice(0, place).some(isWriter),
    );
  }

  /** Longest chain before each live operation, or after it with `direction` -1. */
  lengths(direction: 1 | -1): ReadonlyMap<number, number> {
    const lengths = new Map<number, number>();
    const lengthOf = (seq: number): number => {
      const known = lengths.get(seq);
      if (known !== undefined) return known;
      const beyond = this.#entriesOf(seq).flatMap(([queue, place, entry]) =>
        (direction === 1 ? queue.slice(0, place) : queue.slice(place + 1))
          .filter((other) => conflict(other, entry))
          .map((other) => lengthOf(other.operation.seq) + 1),
      );
      const length = Math.max(0, ...beyond);
      lengths.set(seq, length);
      return length;
    };
    for (const seq of this.seqs) lengthOf(seq);
    return lengths;
  }

  #open(seq: number): PairwiseOperation {
    const operation = { seq, keys: [], flight: 0 };
    this.#operations.set(seq, operation);
    return operation;
  }

  #operation(seq: number): PairwiseOperation {
    const operation = this.#operations.get(seq);
    if (operation === undefined) throw new Error(`operation ${seq} is not live`);
    return operation;
  }

  #queue(key: StateKey): PairwiseEntry[] {
    const queue = this.#queues.get(key) ?? [];
    this.#queues.set(key, queue);
    return queue;
  }

  #entriesOf(
    seq: number,
  ): readonly (readonly [queue: readonly PairwiseEntry[], place: number, entry: PairwiseEntry])[] {
    return this.#operation(seq).keys.map((key) => {
      const queue = this.#queue(key);
      const place = queue.findIndex((entry) => entry.operation.seq === seq);
      return [queue, place, queue[place] as PairwiseEntry] as const;
    });
  }

  #noteKey(operation: PairwiseOperation, key: StateKey): void {
    const known = operation.keys.indexOf(key);
    if (known >= 0) operation.keys.splice(known, 1);
    operation.keys.push(key);
  }

  #takeOut(queue: PairwiseEntry[], operation: PairwiseOperation): PairwiseEntry | undefined {
    const place = queue.findIndex((entry) => entry.operation === operation);
    return place < 0 ? undefined : queue.splice(place, 1)[0];
  }

  #merged(operation: PairwiseOperation, own: PairwiseEntry | undefined, mode: AccessMode): PairwiseEntry {
    const writes = own?.writes === true || mode === 'write' || mode === 'readWrite';
    const ensures = own?.ensures === true || mode === 'ensure';
    const reads = own?.reads === true || mode === 'read' || mode === 'readWrite';
    if (ensures && writes) return { operation, reads: true, writes, ensures: false, isGuarded: false };
    if (ensures) return { operation, reads: false, writes, ensures, isGuarded: false };
    return { operation, reads, writes, ensures, isGuarded: false };
  }

  #insert(queue: PairwiseEntry[], entry: PairwiseEntry, placing: 'waiting' | 'taken'): void {
    const staysBefore = ({ operation }: PairwiseEntry): boolean =>
      operation.seq < entry.operation.seq || (placing === 'waiting' && operation.flight !== 0);
    if (!isWriter(entry)) {
      // By seq among the readers, but never past a writer.
      const isPassed = (other: PairwiseEntry): boolean => !isWriter(other) && other.operation.seq < entry.operation.seq;
      let place = queue.findLastIndex((other) => isWriter(other) && staysBefore(other)) + 1;
      while (queue.slice(place, place + 1).some(isPassed)) place += 1;
      queue.splice(place, 0, entry);
      return;
    }
    const before = queue.filter(staysBefore);
    const behind = queue.filter((other) => !staysBefore(other));
    if (entry.writes) this.#promote(behind);
    queue.splice(0, queue.length, ...before, entry, ...behind);
  }

  /** The first ensure before the next writer can no longer rely on the key. */
  #promote(behind: readonly PairwiseEntry[]): void {
    const first = behind.find((entry) => isWriter(entry) || entry.ensures);
    if (first) first.isGuarded = false;
  }

  #leave(queue: PairwiseEntry[], operation: PairwiseOperation, isApplied: boolean): void {
    const place = queue.findIndex((entry) => entry.operation === operation);
    const entry = queue[place] as PairwiseEntry;
    if (!isApplied && entry.ensures && !entry.isGuarded) this.#promote(queue.slice(place + 1));
    queue.splice(place, 1);
  }

  #putInOrder(queue: PairwiseEntry[], seq: number): void {
    const place = queue.findIndex((entry) => entry.operation.seq === seq);
    const entry = queue[place] as PairwiseEntry;
    const isOvertaken = queue
      .slice(place + 1)
      .some((other) => other.operation.flight === 0 && other.operation.seq < seq && conflict(other, entry));
    if (!isOvertaken) return;
    queue.splice(place, 1);
    entry.isGuarded = false;
    this.#insert(queue, entry, 'waiting');
  }
}

/** Whether the operation has this access already. An ensure that relies on an existing key may not create it. */
function isWithin(mode: AccessMode, both: PairwiseEntry, own: PairwiseEntry): boolean {
  if (mode === 'ensure' && own.isGuarded) return false;
  return own.reads === both.reads && own.writes === both.writes && own.ensures === both.ensures;
}

function edgeType(earlier: PairwiseEntry, later: PairwiseEntry): EdgeType {
  if (!isWriter(earlier)) return 'WAR';
  return later.reads || later.ensures ? 'RAW' : 'WAW';
}
