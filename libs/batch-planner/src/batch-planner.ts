import { LiveQueues, type LiveOperation } from '@medrex/dependency-graph';
import type { DeclaredKey, StateKey } from '@medrex/keys';
import type { PlannerLimits } from './planner-limits.ts';

/** An operation as the planner knows it: its place in the order, its keys, its weight. Nothing else. */
export interface PlannedOperation {
  readonly seq: number;
  readonly keys: readonly DeclaredKey[];
  /** 0 is the most urgent; the place in `operationClasses`. */
  readonly class: number;
  readonly bytes: number;
  /** Epoch ms; undefined for none. */
  readonly deadlineMs?: number;
  /** Set by `closing`: it is to be closed at its place, not applied. */
  readonly closeReason?: string;
}

/** The set of operations that goes into one Fabric transaction, in seq order, all of one effective class. */
export interface Fusion {
  readonly id: number;
  /** Effective class: inherited priority counted. */
  readonly class: number;
  readonly operations: readonly PlannedOperation[];
}

/** What an operation was found to touch. */
export interface Touched {
  readonly seq: number;
  readonly keys: readonly DeclaredKey[];
}

export type Holding =
  | { readonly kind: 'held' }
  | { readonly kind: 'returned'; readonly widened: readonly number[]; readonly unstable: readonly number[] };

export interface PlannerStatistics {
  readonly live: number;
  readonly ready: number;
  readonly taken: number;
  readonly waiting: number;
  readonly flights: number;
}

interface Planned {
  operation: PlannedOperation;
  readonly node: LiveOperation;
  widenings: number;
  cap: number;
  readySinceMs: number | undefined;
  notBeforeMs: number;
  losses: number;
}

/** Thin planner: ready work by class, fusions from the beginning of chains, gating by flights. */
export class BatchPlanner {
  readonly #limits: PlannerLimits;
  readonly #queues: LiveQueues;
  readonly #bySeq = new Map<number, Planned>();
  readonly #byNode = new Map<LiveOperation, Planned>();
  readonly #ready = new Set<LiveOperation>();
  readonly #fusions = new Map<number, Fusion>();
  #lastId = 0;

  constructor(limits: PlannerLimits) {
    this.#limits = limits;
    this.#queues = new LiveQueues({
      onReady: (node) => void this.#ready.add(node),
      onBlocked: (node) => void this.#ready.delete(node),
      onReordered: () => undefined,
    });
  }

  get live(): number {
    return this.#bySeq.size;
  }

  get isEmpty(): boolean {
    return this.#queues.isEmpty && this.#bySeq.size === 0 && this.#ready.size === 0 && this.#fusions.size === 0;
  }

  admit(operation: PlannedOperation): void {
    const node = this.#queues.admit(operation.seq, operation.keys);
    const planned: Planned = { operation, node, widenings: 0, cap: this.#limits.fusion.operationsMax, readySinceMs: undefined, notBeforeMs: 0, losses: 0 };
    this.#bySeq.set(operation.seq, planned);
    this.#byNode.set(node, planned);
    if (this.#queues.isReady(node)) this.#ready.add(node);
  }

  advise(_seq: number, _advice: { readonly depth: number; readonly criticality: number }): void {
    void this.#limits;
  }

  plan(nowMs: number): readonly Fusion[] {
    const fusions: Fusion[] = [];
    while (this.#fusions.size < this.#limits.flights) {
      const free = this.#limits.flights - this.#fusions.size;
      const classMax = free > this.#limits.flightsReserved ? this.#limits.classes - 1 : 0;
      const fusion = this.#next(classMax, nowMs);
      if (fusion === undefined) break;
      fusions.push(fusion);
    }
    return fusions;
  }

  #next(classMax: number, nowMs: number): Fusion | undefined {
    let best: number | undefined;
    const roots: Planned[] = [];
    for (const node of this.#ready) {
      const planned = this.#byNode.get(node);
      if (planned === undefined || this.#queues.flightOf(node) !== 0 || planned.notBeforeMs > nowMs) continue;
      planned.readySinceMs ??= nowMs;
      if (planned.operation.class > classMax) continue;
      if (best === undefined || planned.operation.class < best) best = planned.operation.class;
      roots.push(planned);
    }
    if (best === undefined) return undefined;
    const chosen = this.#fuse(roots.filter(({ operation }) => operation.class === best).sort((a, b) => a.operation.seq - b.operation.seq), best, nowMs);
    this.#lastId += 1;
    const operations = chosen.map(({ operation }) => operation).sort((a, b) => a.seq - b.seq);
    for (const { node } of chosen) this.#queues.take(node, this.#lastId);
    const fusion: Fusion = { id: this.#lastId, class: best, operations };
    this.#fusions.set(fusion.id, fusion);
    return fusion;
  }

  #fuse(roots: readonly Planned[], wanted: number, nowMs: number): readonly Planned[] {
    const { keysMax, bytesMax } = this.#limits.fusion;
    const chosen: Planned[] = [];
    const free: Planned[] = [...roots];
    const readers: number[] = [];
    const walk = this.#queues.releaseWalk({
      onFree: (node) => {
        const planned = this.#byNode.get(node);
        if (planned !== undefined && planned.operation.class === wanted && planned.notBeforeMs <= nowMs) free.push(planned);
      },
      onReaders: (entry) => readers.push(entry),
    });
    walk.begin();
    let keys = 0;
    let bytes = 0;
    let cap = this.#limits.fusion.operationsMax;
    for (let place = 0; ; ) {
      if (place >= free.length) {
        const entry = readers.pop();
        if (entry === undefined) break;
        const next = walk.pull(entry);
        if (next !== 0) readers.push(next);
        continue;
      }
      const planned = free[place] as Planned;
      place += 1;
      if (planned.cap < chosen.length + 1) continue;
      const { keys: declared, bytes: size } = planned.operation;
      if (chosen.length > 0 && (keys + declared.length > keysMax || bytes + size > bytesMax)) break;
      cap = Math.min(cap, planned.cap);
      chosen.push(planned);
      keys += declared.length;
      bytes += size;
      if (chosen.length >= cap) break;
      walk.pass(planned.node);
    }
    return chosen;
  }

  hold(fusion: Fusion, touched: readonly Touched[]): Holding {
    const flat = touched.flatMap(({ seq, keys }) => keys.map((key) => ({ planned: this.#bySeq.get(seq) as Planned, key })));
    if (flat.every(({ planned, key }) => this.#queues.mayTouch(planned.node, key))) {
      for (const { planned, key } of flat) this.#queues.widen(planned.node, key, 'taken');
      return { kind: 'held' };
    }
    this.#dissolve(fusion);
    const widened = new Set<number>();
    const unstable: number[] = [];
    for (const { planned, key } of flat) {
      if (!this.#queues.widen(planned.node, key, 'waiting')) continue;
      widened.add(planned.operation.seq);
      planned.operation = { ...planned.operation, keys: [...planned.operation.keys, key] };
    }
    for (const seq of widened) {
      const planned = this.#bySeq.get(seq) as Planned;
      planned.widenings += 1;
      if (planned.widenings >= this.#limits.wideningsMax) unstable.push(seq);
    }
    return { kind: 'returned', widened: [...widened], unstable };
  }

  complete(fusion: Fusion, ends: readonly { readonly seq: number; readonly isApplied: boolean }[], _nowMs: number): void {
    this.#fusions.delete(fusion.id);
    for (const { seq, isApplied } of ends) {
      const planned = this.#bySeq.get(seq);
      if (planned === undefined) continue;
      this.#bySeq.delete(seq);
      this.#byNode.delete(planned.node);
      this.#ready.delete(planned.node);
      this.#queues.remove(planned.node, isApplied);
    }
  }

  giveBack(fusion: Fusion, why: 'invalid' | 'unknown' | 'infrastructure' | 'poison-suspect', nowMs: number): void {
    this.#dissolve(fusion);
    for (const { seq } of fusion.operations) {
      const planned = this.#bySeq.get(seq);
      if (planned === undefined) continue;
      if (why === 'poison-suspect') planned.cap = Math.max(1, Math.floor(Math.min(planned.cap, fusion.operations.length) / 2));
      if (why !== 'invalid') continue;
      planned.losses += 1;
      const { backoffMinMs, backoffMaxMs } = this.#limits.foreign;
      planned.notBeforeMs = nowMs + Math.min(backoffMaxMs, backoffMinMs * 2 ** (planned.losses - 1)) * (0.5 + this.#limits.jitter() / 2);
    }
  }

  foreignWrites(_keys: readonly StateKey[], _nowMs: number): void {
    void this.#limits;
  }

  closing(seq: number, reason: string): void {
    const planned = this.#bySeq.get(seq);
    if (planned !== undefined) planned.operation = { ...planned.operation, closeReason: reason };
  }

  overdue(nowMs: number): readonly number[] {
    return [...this.#bySeq.values()].flatMap(({ operation, readySinceMs, node }) =>
      readySinceMs !== undefined && nowMs - readySinceMs > this.#limits.readyMaxMs && this.#queues.flightOf(node) === 0 ? [operation.seq] : [],
    );
  }

  nextWakeMs(nowMs: number): number | undefined {
    const waits = [...this.#bySeq.values()].flatMap(({ notBeforeMs }) => (notBeforeMs > nowMs ? [notBeforeMs] : []));
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  statistics(): PlannerStatistics {
    const taken = [...this.#fusions.values()].reduce((sum, { operations }) => sum + operations.length, 0);
    return { live: this.live, ready: this.#ready.size, taken, waiting: this.live - this.#ready.size, flights: this.#fusions.size };
  }

  #dissolve(fusion: Fusion): void {
    this.#fusions.delete(fusion.id);
    this.#queues.giveBack(fusion.operations.flatMap(({ seq }) => {
      const planned = this.#bySeq.get(seq);
      return planned === undefined ? [] : [planned.node];
    }));
  }
}
