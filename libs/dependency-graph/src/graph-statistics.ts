import type { EdgeType } from './edges.ts';

/** Statistics of the graph (R3.5). Counts are of operations unless stated otherwise. */
export interface GraphStatistics {
  readonly live: number;
  /** Dependency-free operations, which could run now. */
  readonly width: number;
  readonly waiting: number;
  /** Keys of live operations. */
  readonly keys: number;
  /** Longest chain before any live operation. */
  readonly depth: number;
  /** Operations on the longest chain, which is the minimum of rounds that all live operations need. */
  readonly criticalPath: number;
  /** Rounds that the busiest key needs: its writers and reader groups. */
  readonly chainLength: number;
  /** Edges found since the start, by type. */
  readonly edges: Readonly<Record<EdgeType, number>>;
  /** Operations admitted since the start that a plain client would have lost to a conflict. */
  readonly conflicting: number;
  /** By class, the most urgent first. */
  readonly classes: readonly { readonly live: number; readonly waiting: number }[];
}

/** Counters behind the statistics. */
export class GraphCounters {
  readonly live: number[];
  readonly waiting: number[];
  conflicting = 0;

  constructor(classes: number) {
    this.live = new Array<number>(classes).fill(0);
    this.waiting = new Array<number>(classes).fill(0);
  }

  count(counts: number[], place: number, change: number): void {
    counts[place] = (counts[place] ?? 0) + change;
  }

  byClass(): readonly { live: number; waiting: number }[] {
    return this.live.map((live, place) => ({ live, waiting: this.waiting[place] ?? 0 }));
  }
}
