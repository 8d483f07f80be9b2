import { ENSURES } from './access.ts';
import { KEY_HEAD, KEY_TAIL, KeyTable } from './key-table.ts';
import { Slab } from './slab.ts';

/**
 * Fields of an operation's record: its first entry, the number of keys on which it waits, and the flight that took it
 * (0 for none).
 */
export const OPERATION_ENTRY = 0;
export const OPERATION_WAITING = 1;
export const OPERATION_FLIGHT = 2;
/** Strides as powers of two, for side tables of the slabs. */
export const operationShift = 2;
export const nodeShift = 3;

/**
 * The queue of a key is a list of steps: a writer alone, or a group of adjacent readers. An entry is the place of one
 * operation in one queue. A writer's entry is its step; a reader's entry is a member of its group's list. So entries and
 * groups are records of one slab, and share these fields. `HOME` is the key of a step, the group of a reader;
 * `NEXT` and `PREVIOUS` lead to the steps around a step, and to the members around a reader.
 */
export const NODE_KIND = 0;
export const NODE_HOME = 1;
export const NODE_NEXT = 2;
export const NODE_PREVIOUS = 3;
/** Of an entry: its operation, that operation's next entry, what it does (see `access.ts`). */
export const ENTRY_OPERATION = 4;
export const ENTRY_SIBLING = 5;
export const ENTRY_ACCESS = 6;
/** Of a group: its members, and how many of them ensure the key. */
export const GROUP_FIRST = 4;
export const GROUP_LAST = 5;
export const GROUP_MEMBERS = 6;
export const GROUP_ENSURES = 7;

const KIND_GROUP = 0;
const KIND_READER = 1;
const KIND_WRITER = 2;

/** Notified of changes to operations after their admission. */
export interface QueueWatcher {
  onReady(operation: number): void;
  /** A ready operation now has something before it. */
  onBlocked(operation: number): void;
  /** The operation was moved or its role changed, so it has other neighbours now. */
  onReordered(operation: number): void;
}

/** The records of the queues and the links between them. All are numbers, and 0 means none; see `Slab`. */
export class QueueRecords {
  readonly keys = new KeyTable();
  readonly operations = new Slab(1 << operationShift);
  readonly nodes = new Slab(1 << nodeShift);
  readonly watcher: QueueWatcher;
  #seqs = new Float64Array(1024);

  constructor(watcher: QueueWatcher) {
    this.watcher = watcher;
  }

  get isEmpty(): boolean {
    return this.operations.used === 0 && this.nodes.used === 0 && this.keys.isEmpty;
  }

  seqOf(operation: number): number {
    return this.#seqs[operation >> operationShift] as number;
  }

  isReady(operation: number): boolean {
    return this.operations.get(operation, OPERATION_WAITING) === 0;
  }

  operationOf(entry: number): number {
    return this.nodes.get(entry, ENTRY_OPERATION);
  }

  isWriter(node: number): boolean {
    return this.nodes.get(node, NODE_KIND) === KIND_WRITER;
  }

  /** The step of an entry. */
  stepOf(entry: number): number {
    return this.isWriter(entry) ? entry : this.nodes.get(entry, NODE_HOME);
  }

  firstMember(step: number): number {
    return this.isWriter(step) ? step : this.nodes.get(step, GROUP_FIRST);
  }

  nextMember(entry: number): number {
    return this.isWriter(entry) ? 0 : this.nodes.get(entry, NODE_NEXT);
  }

  isHead(step: number): boolean {
    return this.nodes.get(step, NODE_PREVIOUS) === 0;
  }

  openOperation(seq: number): number {
    const operation = this.operations.take();
    const place = operation >> operationShift;
    if (place >= this.#seqs.length) this.#growSeqs();
    this.#seqs[place] = seq;
    this.operations.set(operation, OPERATION_ENTRY, 0);
    this.operations.set(operation, OPERATION_WAITING, 0);
    this.operations.set(operation, OPERATION_FLIGHT, 0);
    return operation;
  }

  /** Creates an entry of the operation that is not yet in a queue. */
  openEntry(operation: number, access: number): number {
    const entry = this.nodes.take();
    this.nodes.set(entry, ENTRY_OPERATION, operation);
    this.nodes.set(entry, ENTRY_SIBLING, this.operations.get(operation, OPERATION_ENTRY));
    this.nodes.set(entry, ENTRY_ACCESS, access);
    this.operations.set(operation, OPERATION_ENTRY, entry);
    return entry;
  }

  /** Makes an unplaced entry a writer after the step `previous`, at the head if that is 0. */
  placeWriter(key: number, previous: number, entry: number): void {
    this.nodes.set(entry, NODE_KIND, KIND_WRITER);
    this.#link(key, previous, entry);
  }

  /** Creates an empty reader group after the step `previous`. */
  openGroup(key: number, previous: number): number {
    const group = this.nodes.take();
    this.nodes.set(group, NODE_KIND, KIND_GROUP);
    this.nodes.set(group, GROUP_FIRST, 0);
    this.nodes.set(group, GROUP_LAST, 0);
    this.nodes.set(group, GROUP_MEMBERS, 0);
    this.nodes.set(group, GROUP_ENSURES, 0);
    this.#link(key, previous, group);
    return group;
  }

  /** Makes an unplaced entry a reader of the group, after the member `previous`, at the front if that is 0. */
  placeReader(group: number, previous: number, entry: number): void {
    const next = this.nodes.get(previous === 0 ? group : previous, previous === 0 ? GROUP_FIRST : NODE_NEXT);
    this.nodes.set(entry, NODE_KIND, KIND_READER);
    this.nodes.set(entry, NODE_HOME, group);
    this.nodes.set(entry, NODE_NEXT, next);
    this.nodes.set(entry, NODE_PREVIOUS, previous);
    this.#linkMembers(group, previous, entry);
    this.#linkMembers(group, entry, next);
    this.#count(group, entry, 1);
  }

  /** Appends an unplaced entry to the readers of the group. */
  appendReader(group: number, entry: number): void {
    this.placeReader(group, this.nodes.get(group, GROUP_LAST), entry);
  }

  /** Removes a reader from its group, which may become empty, or a writer from its queue. Releases no operation. */
  unplace(entry: number): void {
    if (this.isWriter(entry)) {
      this.#unlink(entry);
      return;
    }
    const group = this.nodes.get(entry, NODE_HOME);
    this.#linkMembers(group, this.nodes.get(entry, NODE_PREVIOUS), this.nodes.get(entry, NODE_NEXT));
    this.#count(group, entry, -1);
  }

  /** Unlinks and frees a group without releasing operations. */
  dropGroup(group: number): void {
    this.#unlink(group);
    this.nodes.give(group);
  }

  /** Called when a step becomes the head of its key. */
  releaseMembers(step: number): void {
    for (let entry = this.firstMember(step); entry !== 0; entry = this.nextMember(entry)) this.release(entry);
  }

  /** The entry's operation waits for one key fewer. */
  release(entry: number): void {
    const operation = this.nodes.get(entry, ENTRY_OPERATION);
    const waiting = this.operations.get(operation, OPERATION_WAITING) - 1;
    this.operations.set(operation, OPERATION_WAITING, waiting);
    if (waiting === 0) this.watcher.onReady(operation);
  }

  /** The entry's operation waits for one key more. */
  block(entry: number): void {
    const operation = this.nodes.get(entry, ENTRY_OPERATION);
    const waiting = this.operations.get(operation, OPERATION_WAITING);
    this.operations.set(operation, OPERATION_WAITING, waiting + 1);
    if (waiting === 0) this.watcher.onBlocked(operation);
  }

  #link(key: number, previous: number, step: number): void {
    const next = previous === 0 ? this.keys.records.get(key, KEY_HEAD) : this.nodes.get(previous, NODE_NEXT);
    this.nodes.set(step, NODE_HOME, key);
    this.nodes.set(step, NODE_NEXT, next);
    this.nodes.set(step, NODE_PREVIOUS, previous);
    this.#linkSteps(key, previous, step);
    this.#linkSteps(key, step, next);
  }

  #unlink(step: number): void {
    const key = this.nodes.get(step, NODE_HOME);
    this.#linkSteps(key, this.nodes.get(step, NODE_PREVIOUS), this.nodes.get(step, NODE_NEXT));
  }

  /** Links two steps of a key as neighbours; 0 is the end. */
  #linkSteps(key: number, previous: number, next: number): void {
    if (previous === 0) this.keys.records.set(key, KEY_HEAD, next);
    else this.nodes.set(previous, NODE_NEXT, next);
    if (next === 0) this.keys.records.set(key, KEY_TAIL, previous);
    else this.nodes.set(next, NODE_PREVIOUS, previous);
  }

  #linkMembers(group: number, previous: number, next: number): void {
    if (previous === 0) this.nodes.set(group, GROUP_FIRST, next);
    else this.nodes.set(previous, NODE_NEXT, next);
    if (next === 0) this.nodes.set(group, GROUP_LAST, previous);
    else this.nodes.set(next, NODE_PREVIOUS, previous);
  }

  #count(group: number, entry: number, change: number): void {
    this.nodes.set(group, GROUP_MEMBERS, this.nodes.get(group, GROUP_MEMBERS) + change);
    if ((this.nodes.get(entry, ENTRY_ACCESS) & ENSURES) === 0) return;
    this.nodes.set(group, GROUP_ENSURES, this.nodes.get(group, GROUP_ENSURES) + change);
  }

  #growSeqs(): void {
    const larger = new Float64Array(this.#seqs.length * 2);
    larger.set(this.#seqs);
    this.#seqs = larger;
  }
}
