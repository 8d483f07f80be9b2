import { ENSURES, READS } from './access.ts';
import type { KeyQueues } from './key-queues.ts';
import {
  ENTRY_ACCESS,
  ENTRY_OPERATION,
  ENTRY_SIBLING,
  NODE_PREVIOUS,
  OPERATION_ENTRY,
  operationShift,
} from './queue-records.ts';
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

/** Edge types by number; the types of a predecessor are marked as bits. */
const types = ['RAW', 'WAR', 'WAW'] as const satisfies readonly EdgeType[];
const RAW = 0;
const WAR = 1;
const WAW = 2;
type TypeNumber = typeof RAW | typeof WAR | typeof WAW;

const MARK_ROUND = 0;
const MARK_TYPES = 1;
const lastRound = 2 ** 31 - 1;

/** The result of `EdgeFinder.find`. */
export interface FoundEdges {
  readonly edges: readonly Edge[];
  /** Number of edges, listed or not. */
  readonly edgeCount: number;
  /** It reads a key that a live earlier operation writes, so a client that sends both at once loses this one. */
  readonly isConflicting: boolean;
}

/** Finds the edges of an operation that has just been admitted, each pair of predecessor and type once. */
export class EdgeFinder {
  readonly #queues: KeyQueues;
  readonly #listedMax: number;
  readonly #found = new Float64Array(types.length);
  #marks = new SideTable(2, operationShift);
  #round = 0;
  #edges: Edge[] = [];
  #count = 0;

  /** @param listedMax maximum of edges listed per operation */
  constructor(queues: KeyQueues, listedMax: number) {
    this.#queues = queues;
    this.#listedMax = listedMax;
  }

  /** Edges found since the start, by type. */
  get found(): Readonly<Record<EdgeType, number>> {
    const [raw = 0, war = 0, waw = 0] = this.#found;
    return { RAW: raw, WAR: war, WAW: waw };
  }

  /**
   * The edges to the immediate predecessors: for each key to the step right before. The readers before a writer are
   * walked here once, since only one writer directly follows them.
   */
  find(operation: number): FoundEdges {
    const { nodes, operations } = this.#queues;
    let isConflicting = false;
    this.#start();
    for (let entry = operations.get(operation, OPERATION_ENTRY); entry !== 0; entry = nodes.get(entry, ENTRY_SIBLING)) {
      const before = nodes.get(this.#queues.stepOf(entry), NODE_PREVIOUS);
      if (before === 0) continue;
      const isReading = (nodes.get(entry, ENTRY_ACCESS) & (READS | ENSURES)) !== 0;
      if (this.#queues.isWriter(before)) {
        this.#add(nodes.get(before, ENTRY_OPERATION), isReading ? RAW : WAW);
        isConflicting ||= isReading;
      } else {
        this.#addReaders(before);
        // A reader group that is not at the head has a writer before it.
        isConflicting ||= isReading && !this.#queues.isHead(before);
      }
    }
    return { edges: this.#edges, edgeCount: this.#count, isConflicting };
  }

  /**
   * Invalidates the marks of earlier operations. When the numbers of an Int32Array are used up, the marks are cleared.
   */
  #start(): void {
    if (this.#round === lastRound) {
      this.#marks = new SideTable(2, operationShift);
      this.#round = 0;
    }
    this.#round += 1;
    this.#marks.cover(this.#queues.operations.end);
    this.#edges = [];
    this.#count = 0;
  }

  #addReaders(group: number): void {
    for (let member = this.#queues.firstMember(group); member !== 0; member = this.#queues.nextMember(member)) {
      this.#add(this.#queues.operationOf(member), WAR);
    }
  }

  #add(from: number, type: TypeNumber): void {
    const marked = this.#marks.get(from, MARK_ROUND) === this.#round ? this.#marks.get(from, MARK_TYPES) : 0;
    if ((marked & (1 << type)) !== 0) return;
    this.#marks.set(from, MARK_ROUND, this.#round);
    this.#marks.set(from, MARK_TYPES, marked | (1 << type));
    this.#found[type] = (this.#found[type] as number) + 1;
    this.#count += 1;
    if (this.#edges.length < this.#listedMax) this.#edges.push({ from: this.#queues.seqOf(from), type: types[type] });
  }
}
