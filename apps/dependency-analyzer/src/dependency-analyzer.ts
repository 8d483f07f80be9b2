import {
  analyzedCodec,
  decodeOperations,
  operationClasses,
  outcomesCodec,
  progressCodec,
  topics,
  type Analysis,
  type EventLog,
  type LogRun,
  type Progress,
  type SequencedOperation,
} from '@medrex/contracts';
import { DependencyGraph, type GraphStatistics } from '@medrex/dependency-graph';
import { TerminalAhead } from './terminal-ahead.ts';

export interface DependencyAnalyzerOptions {
  readonly channel: string;
  readonly partition: number;
  readonly log: Pick<EventLog, 'append'>;
  /** Maximum number of edges listed per operation. */
  readonly edgesMax: number;
  /** Live operations above which `onOperations` waits. */
  readonly liveMax: number;
  readonly observe?: AnalyzerObserver;
}

/** What the analyzer reports to metrics and traces. */
export interface AnalyzerObserver {
  /** Analyses and operations are in the same order. `lagRecords`: log records not yet read. */
  analysed(
    analyses: readonly Analysis[],
    operations: readonly SequencedOperation[],
    seconds: number,
    lagRecords: number,
  ): void;
  completed(operations: number): void;
}

/**
 * The typed dependency graph (RAW, WAR, WAW) of the live operations of one channel, a function of the log. It publishes its
 * analyses as advice, measures the graph, and forgets terminal operations. No other service waits for it.
 *
 * Single-threaded; the runs of one topic are handled one after another.
 */
export class DependencyAnalyzer {
  readonly #options: DependencyAnalyzerOptions;
  readonly #graph: DependencyGraph;
  /** Ids of the live operations by seq, in seq order. */
  readonly #live = new Map<number, string>();
  readonly #ahead: TerminalAhead;
  #admittedUpTo = -1;
  #progress: Progress | undefined;
  #roomFreed: (() => void) | undefined;

  constructor(options: DependencyAnalyzerOptions) {
    this.#options = options;
    this.#graph = new DependencyGraph({ classes: operationClasses.length, edgesMax: options.edgesMax });
    this.#ahead = new TerminalAhead(options.liveMax);
  }

  get live(): number {
    return this.#live.size;
  }

  get isEmpty(): boolean {
    return this.#graph.isEmpty && this.#live.size === 0;
  }

  /** Exact statistics of the graph. Costs O(live). */
  statistics(): GraphStatistics {
    return this.#graph.statistics();
  }

  /** Handles a run of `operations`: admits them and publishes their analyses. While the graph is at its limit, waits for outcomes. */
  async onOperations(run: LogRun): Promise<void> {
    await this.#room();
    const started = performance.now();
    const analyses: Analysis[] = [];
    const admitted: SequencedOperation[] = [];
    for (const record of run.records) {
      for (const operation of decodeOperations(record)) {
        const analysis = this.#admit(operation);
        if (analysis === undefined) continue;
        analyses.push(analysis);
        admitted.push(operation);
      }
    }
    await this.#publish(this.#withRisen(analyses));
    const lag = run.endOffset - (run.records.at(-1)?.offset ?? run.endOffset) - 1;
    this.#options.observe?.analysed(analyses, admitted, (performance.now() - started) / 1000, Math.max(0, lag));
  }

  /** Handles a run of `outcomes`: removes the operations that it reports terminal. */
  async onOutcomes(run: LogRun): Promise<void> {
    for (const record of run.records) {
      for (const { seq, status } of outcomesCodec.decode(record.value).outcomes)
        this.#complete(seq, status === 'applied');
    }
  }

  /** Handles a run of `progress`: everything below the low-water mark is terminal, with or without an outcome. */
  async onProgress(run: LogRun): Promise<void> {
    for (const record of run.records) this.applyProgress(progressCodec.decode(record.value));
  }

  /** Records of a lower generation (an earlier leader) are ignored. */
  applyProgress(progress: Progress): void {
    if (progress.channel !== this.#options.channel) return;
    if (this.#progress !== undefined && progress.generation < this.#progress.generation) return;
    this.#progress = progress;
    for (const seq of this.#live.keys()) {
      if (seq >= progress.lowWaterMark) break;
      this.#complete(seq, true);
    }
    for (const [first, last] of progress.doneRanges) this.#completeRange(first, last);
    this.#ahead.forgetBelow(progress.lowWaterMark);
  }

  #admit({ seq, operation, routing }: SequencedOperation): Analysis | undefined {
    if (seq <= this.#admittedUpTo) return undefined;
    this.#admittedUpTo = seq;
    if (this.#isDone(seq) || this.#ahead.take(seq)) return undefined;
    const { opId, keys } = operation;
    const place = operationClasses.indexOf(routing.class);
    const { edges, isConflicting, depth } = this.#graph.admit({ seq, keys, class: place });
    this.#live.set(seq, opId);
    return { seq, opId, edges, isConflicting, depth, criticality: 0 };
  }

  #isDone(seq: number): boolean {
    if (this.#progress === undefined) return false;
    const { lowWaterMark, doneRanges } = this.#progress;
    return seq < lowWaterMark || doneRanges.some(([first, last]) => first <= seq && seq <= last);
  }

  /**
   * Adds criticality to the analyses of a run, and a line without edges for each earlier operation whose chain of dependents has
   * grown past a power of two.
   */
  #withRisen(analyses: readonly Analysis[]): readonly Analysis[] {
    const lines = new Map(analyses.map((analysis) => [analysis.seq, analysis]));
    for (const { seq, depth, criticality } of this.#graph.takeRisen()) {
      const opId = this.#live.get(seq);
      if (opId === undefined) continue;
      const fresh = lines.get(seq);
      lines.set(
        seq,
        fresh === undefined
          ? { seq, opId, edges: [], isConflicting: false, depth, criticality }
          : { ...fresh, criticality },
      );
    }
    return [...lines.values()];
  }

  async #publish(analyses: readonly Analysis[]): Promise<void> {
    if (analyses.length === 0) return;
    const { log, channel, partition } = this.#options;
    await log.append(topics.analyzed, partition, [{ value: analyzedCodec.encode({ channel, analyses }) }]);
  }

  #complete(seq: number, isApplied: boolean): void {
    if (!this.#live.delete(seq)) {
      if (seq > this.#admittedUpTo) this.#ahead.note(seq);
      return;
    }
    this.#graph.complete(seq, isApplied);
    this.#options.observe?.completed(1);
    if (this.#live.size <= this.#options.liveMax) this.#roomFreed?.();
  }

  #completeRange(first: number, last: number): void {
    if (last - first < this.#live.size) {
      for (let seq = first; seq <= last; seq += 1) if (this.#live.has(seq)) this.#complete(seq, true);
      return;
    }
    for (const seq of [...this.#live.keys()]) if (first <= seq && seq <= last) this.#complete(seq, true);
  }

  async #room(): Promise<void> {
    while (this.#live.size > this.#options.liveMax) {
      await new Promise<void>((resolve) => (this.#roomFreed = resolve));
      this.#roomFreed = undefined;
    }
  }
}
