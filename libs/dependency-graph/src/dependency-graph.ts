import type { DeclaredKey } from '@medrex/keys';
import { EdgeFinder, type Edge } from './edges.ts';
import { seqLive } from './errors.ts';
import { GraphCounters, type GraphStatistics } from './graph-statistics.ts';
import { KeyQueues } from './key-queues.ts';
import { LongestChains } from './longest-chains.ts';
import { operationShift } from './queue-records.ts';
import { SideTable } from './side-table.ts';

/** An operation of the graph. */
export interface GraphOperation {
  readonly seq: number;
  readonly keys: readonly DeclaredKey[];
  /** Priority class, 0 is the most urgent; only used to count by. */
  readonly class: number;
}

/** The position of an admitted operation in the graph. */
export interface Admission {
  /** Edges to its immediate predecessors, at most `edgesMax`; each pair of predecessor and type once. */
  readonly edges: readonly Edge[];
  /** Number of edges, listed or not. */
  readonly edgeCount: number;
  /** Longest chain of live operations before it, 0 for none; see `LongestChains` for how exact. */
  readonly depth: number;
  /** It reads a key that a live earlier operation writes, so a plain client would have lost it to a conflict. */
  readonly isConflicting: boolean;
  /** No live operation precedes it. */
  readonly isReady: boolean;
}

/** Lengths of the chains around an operation. */
export interface ChainLengths {
  readonly seq: number;
  readonly depth: number;
  readonly criticality: number;
}

export interface DependencyGraphOptions {
  /** Number of priority classes. */
  readonly classes: number;
  /**
   * Maximum number of edges listed per operation, since a writer after 100,000 readers has that many. All are counted.
   */
  readonly edgesMax: number;
}

/**
 * The typed dependency graph of everything live, for analysis: operations are admitted in the order of the log and leave
 * when they are terminal, in any order. Edges are found from the key queues at admission and not kept. Admitting and
 * completing cost O(keys), plus the readers that a writer follows.
 */
export class DependencyGraph {
  readonly #queues: KeyQueues;
  readonly #edges: EdgeFinder;
  readonly #chains: LongestChains;
  readonly #counters: GraphCounters;
  readonly #bySeq = new Map<number, number>();
  /** Class of each operation. */
  readonly #classes = new SideTable(1, operationShift);
  /** Seqs whose criticality has reached another power of two. */
  readonly #risen = new Set<number>();
  #released: number[] = [];
  /** A higher seq cannot be live, which saves a lookup. */
  #highestSeq = Number.NEGATIVE_INFINITY;

  constructor({ classes, edgesMax }: DependencyGraphOptions) {
    this.#queues = new KeyQueues({
      onReady: (operation) => this.#onReady(operation),
      onBlocked: (operation) => this.#countWaiting(operation, 1),
      onReordered: (operation) => this.#chains.reordered(operation),
    });
    this.#edges = new EdgeFinder(this.#queues, edgesMax);
    this.#chains = new LongestChains(this.#queues, (operation) => this.#risen.add(this.#queues.seqOf(operation)));
    this.#counters = new GraphCounters(classes);
  }

  get live(): number {
    return this.#bySeq.size;
  }

  /** True when nothing is left, interned keys included; tests check for leaks with it. */
  get isEmpty(): boolean {
    return this.#queues.isEmpty && this.#bySeq.size === 0 && this.#risen.size === 0;
  }

  /** @throws CodedError GRAPH_SEQ_LIVE when the seq is live already. */
  admit({ seq, keys, class: place }: GraphOperation): Admission {
    if (seq > this.#highestSeq) this.#highestSeq = seq;
    else if (this.#bySeq.has(seq)) throw seqLive(seq);
    const operation = this.#queues.admit(seq, keys);
    this.#bySeq.set(seq, operation);
    this.#classes.cover(operation);
    this.#classes.set(operation, 0, place);
    this.#counters.count(this.#counters.live, place, 1);
    this.#chains.admit(operation);
    const depth = this.#chains.depthOf(operation);
    if (this.#queues.isReady(operation)) return { edges: [], edgeCount: 0, depth, isConflicting: false, isReady: true };
    this.#countWaiting(operation, 1);
    const { edges, edgeCount, isConflicting } = this.#edges.find(operation);
    if (isConflicting) this.#counters.conflicting += 1;
    return { edges, edgeCount, depth, isConflicting, isReady: false };
  }

  /**
   * Removes a terminal operation. One that is not live is ignored, since outcomes may be repeated. Returns the seqs
   * that became dependency-free, in the order of its keys. If `isApplied` is false, the next ensure of a key becomes
   * its writer.
   */
  complete(seq: number, isApplied: boolean): readonly number[] {
    const operation = this.#bySeq.get(seq);
    if (operation === undefined) return [];
    this.#bySeq.delete(seq);
    if (this.#risen.size > 0) this.#risen.delete(seq);
    const place = this.#classes.get(operation, 0);
    this.#counters.count(this.#counters.live, place, -1);
    if (!this.#queues.isReady(operation)) this.#countWaiting(operation, -1);
    this.#chains.remove(operation);
    this.#released = [];
    this.#queues.remove(operation, isApplied);
    return this.#released;
  }

  /**
   * Operations whose criticality has reached another power of two since the last call. Each is reported a few times
   * only, however long its chain becomes.
   */
  takeRisen(): readonly ChainLengths[] {
    const risen = [...this.#risen].map((seq) => this.lengthsOf(seq)).filter((lengths) => lengths !== undefined);
    this.#risen.clear();
    return risen;
  }

  /** Undefined when the operation is not live. */
  lengthsOf(seq: number): ChainLengths | undefined {
    const operation = this.#bySeq.get(seq);
    if (operation === undefined) return undefined;
    return { seq, depth: this.#chains.depthOf(operation), criticality: this.#chains.criticalityOf(operation) };
  }

  /**
   * Exact statistics; also makes all depths and criticalities exact. Costs O(live), so call it a few times a second at
   * most.
   */
  statistics(): GraphStatistics {
    const depth = Math.max(0, this.#chains.settle());
    const waiting = this.#counters.waiting.reduce((sum, count) => sum + count, 0);
    return {
      live: this.live,
      width: this.live - waiting,
      waiting,
      keys: this.#queues.keys.live,
      depth,
      criticalPath: this.live === 0 ? 0 : depth + 1,
      chainLength: this.#queues.longestQueue(),
      edges: this.#edges.found,
      conflicting: this.#counters.conflicting,
      classes: this.#counters.byClass(),
    };
  }

  #onReady(operation: number): void {
    this.#countWaiting(operation, -1);
    this.#released.push(this.#queues.seqOf(operation));
  }

  #countWaiting(operation: number, change: number): void {
    this.#counters.count(this.#counters.waiting, this.#classes.get(operation, 0), change);
  }
}
