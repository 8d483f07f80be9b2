import { ENSURES, READS } from './access.ts';
import type { KeyQueues } from './key-queues.ts';
import { ENTRY_ACCESS, ENTRY_SIBLING, NODE_PREVIOUS, OPERATION_ENTRY, operationShift } from './queue-records.ts';
import { SideTable } from './side-table.ts';

/**
 * How a later operation depends on an earlier one through a key: `RAW` the earlier writes and the later reads, `WAR` the
 * earlier only reads and the later writes, `WAW` both write and the later does not read.
 */
export type EdgeType = 'RAW' | 'WAR' | 'WAW';

export interface Edge {
  /** seq of the earlier operation. */
  readonly from: number;
  readonly type: EdgeType;
}

const typeBits: Record<EdgeType, number> = { RAW: 1, WAR: 2, WAW: 4 };
const MARK_ROUND = 0;
const MARK_TYPES = 1;
const lastRound = 2 ** 31 - 1;

/** Finds the edges of an operation that has just been admitted, each pair of predecessor and type once. */
export class EdgeFinder {
  /** Edges found since the start, by type. */
  readonly found: Record<EdgeType, number> = { RAW: 0, WAR: 0, WAW: 0 };
  readonly #queues: KeyQueues;
  #marks = new SideTable(2, operationShift);
  #round = 0;

  constructor(queues: KeyQueues) {
    this.#queues = queues;
  }

  /**
   * Adds the edges to the immediate predecessors, per key the step right before, to `listed` until it holds `listedMax`.
   * Readers that a writer follows are walked here, once each, since only one writer directly follows them.
   * @returns how many edges there are, listed or not
   */
  find(operation: number, listed: Edge[], listedMax: number): number {
    const { nodes, operations } = this.#queues;
    let count = 0;
    this.#nextRound();
    for (let entry = operations.get(operation, OPERATION_ENTRY); entry !== 0; entry = nodes.get(entry, ENTRY_SIBLING)) {
      const before = nodes.get(this.#queues.stepOf(entry), NODE_PREVIOUS);
      if (before === 0) continue;
      const type = this.#typeOf(entry, before);
      for (let member = this.#queues.firstMember(before); member !== 0; member = this.#queues.nextMember(member)) {
        const from = this.#queues.operationOf(member);
        if (!this.#isNew(from, typeBits[type])) continue;
        count += 1;
        this.found[type] += 1;
        if (listed.length < listedMax) listed.push({ from: this.#queues.seqOf(from), type });
      }
    }
    return count;
  }

  /** Whether it reads a key that a live earlier operation writes: a client that sends both at once loses this one. */
  isConflicting(operation: number): boolean {
    const { nodes, operations } = this.#queues;
    for (let entry = operations.get(operation, OPERATION_ENTRY); entry !== 0; entry = nodes.get(entry, ENTRY_SIBLING)) {
      const before = nodes.get(this.#queues.stepOf(entry), NODE_PREVIOUS);
      if (before === 0 || !this.#reads(entry)) continue;
      if (this.#queues.isWriter(before) || !this.#queues.isHead(before)) return true;
    }
    return false;
  }

  /** Marks of earlier rounds are void. When the numbers of an Int32Array are used up, all of them go. */
  #nextRound(): void {
    if (this.#round === lastRound) {
      this.#marks = new SideTable(2, operationShift);
      this.#round = 0;
    }
    this.#round += 1;
  }

  #reads(entry: number): boolean {
    return (this.#queues.nodes.get(entry, ENTRY_ACCESS) & (READS | ENSURES)) !== 0;
  }

  #typeOf(entry: number, before: number): EdgeType {
    if (!this.#queues.isWriter(before)) return 'WAR';
    return this.#reads(entry) ? 'RAW' : 'WAW';
  }

  #isNew(from: number, bit: number): boolean {
    this.#marks.cover(from);
    const types = this.#marks.get(from, MARK_ROUND) === this.#round ? this.#marks.get(from, MARK_TYPES) : 0;
    this.#marks.set(from, MARK_ROUND, this.#round);
    this.#marks.set(from, MARK_TYPES, types | bit);
    return (types & bit) === 0;
  }
}
