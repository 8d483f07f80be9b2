import type { EdgeType } from './edges.ts';

/** The graph in numbers (R3.5). Counts of operations unless it says otherwise. */
export interface GraphStatistics {
  readonly live: number;
  /** Dependency-free: how many could run at once now. */
  readonly width: number;
  readonly waiting: number;
  /** Keys with anything live on them. */
  readonly keys: number;
  /** Longest chain before any live operation. */
  readonly depth: number;
  /** Operations on the longest chain: how many turns everything live needs at least. */
  readonly criticalPath: number;
  /** Turns that the busiest single key needs: its writers and groups of readers. */
  readonly chainLength: number;
  /** Found since the start, by type. */
  readonly edges: Readonly<Record<EdgeType, number>>;
  /** Admitted since the start that would have lost to an earlier one on a plain client. */
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
