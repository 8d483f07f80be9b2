import type { DeclaredKey, StateKey } from '@medrex/keys';
import { countOperations } from './count-operations.ts';
import { checkLimits } from './errors.ts';
import { FlightModel } from './flight-model.ts';
import { FlightTable, PlannedFlight } from './flight-table.ts';
import { ForeignKeys } from './foreign-keys.ts';
import { FusionBuilder, type FusionRequest } from './fusion-builder.ts';
import { exceedsCaps, type FusionDraft } from './fusion-draft.ts';
import { FusionSize } from './fusion-size.ts';
import { LiveSet } from './live-set.ts';
import type {
  Advice,
  Fusion,
  GiveBackReason,
  Hold,
  OperationEnd,
  PlannedOperation,
  TouchedKeys,
} from './planned-operation.ts';
import type { PlannerLimits } from './planner-limits.ts';
import type { PlannerStatistics } from './planner-statistics.ts';
import { Shares } from './shares.ts';
import type { TrackedOperation } from './tracked-operation.ts';

/** Consecutive losses that are retried at once if no foreign write explains them, as after an upgrade. */
const lossesForgiven = 2;
/** Fill level from which a fusion may take a flight beyond the fair number of its class. */
const extraFlightFillMin = 0.25;

/**
 * Decides which operations go together into the next Fabric transactions of a channel. The queues (`LiveSet`) tell
 * which may go; the planner decides which go first, together and when:
 * - a fusion is predecessor-closed, of one effective class and within soft caps (`FusionBuilder`, `FusionDraft`);
 * - it occupies a flight until its operations are terminal, given back, or returned by `hold`; some flights are
 * reserved for class 0;
 * - ready operations go by urgency including inherited urgency (`Inheritance`), with a minimum share for each class
 * (`Shares`), then by criticality and age (`rankOf`);
 * - its size follows the backlog and the duration of flights (`FusionSize`), like group commit in a database.
 * The planner is a pure function of its calls: times are arguments, in ms of a monotonic clock. An operation leaves
 * only by `complete`.
 */
export class BatchPlanner {
  readonly #limits: PlannerLimits;
  readonly #live: LiveSet;
  readonly #builder: FusionBuilder;
  readonly #flights: FlightTable;
  readonly #model = new FlightModel();
  readonly #size: FusionSize;
  readonly #shares: Shares;
  readonly #foreign: ForeignKeys;
  #widened = 0;

  /** @throws CodedError PLANNER_LIMITS_UNUSABLE */
  constructor(limits: PlannerLimits) {
    checkLimits(limits);
    const { classes, criticalityBoost, fusion: caps } = limits;
    this.#limits = limits;
    this.#live = new LiveSet({
      classes,
      criticalityBoost,
      exceedsCaps: (operation) => exceedsCaps(operation, caps, this.#model.msPerUnit),
    });
    this.#builder = new FusionBuilder(this.#live, criticalityBoost);
    this.#flights = new FlightTable(limits.flights, limits.flightsReserved, limits.flightsAlone);
    this.#size = new FusionSize(limits.size, caps, this.#model);
    this.#shares = new Shares(limits.shares, limits.size.operationsMin);
    this.#foreign = new ForeignKeys(limits.foreign);
  }

  /** Number of operations that are admitted and not terminal. */
  get live(): number {
    return this.#live.size;
  }

  /** True when nothing is left; tests check for leaks with it. */
  get isEmpty(): boolean {
    return this.#live.isEmpty && this.#flights.active === 0;
  }

  /**
   * Places an operation by seq in the queue of each of its keys; O(keys). A seq that is already live is ignored, since
   * logs are read at least once.
   */
  admit(operation: PlannedOperation): void {
    this.#live.admit(operation);
  }

  /**
   * Takes the analyzer's advice: operations with a long chain after them go first. It may arrive late, twice or never,
   * and for operations that are not live. Depth does not concern ready operations and is not used.
   */
  advise(seq: number, { criticality }: Advice): void {
    const operation = this.#live.get(seq);
    if (operation !== undefined) this.#live.advise(operation, criticality);
  }

  /** Fusions to start now, at most one for each free flight; their operations are taken until the fusion ends. */
  plan(nowMs: number): Fusion[] {
    this.#passTime(nowMs);
    const fusions = this.#planAlone(nowMs);
    const served = new Set<number>();
    for (;;) {
      const plannable = this.#classesThatCould();
      const notServed = plannable.filter((one) => !served.has(one));
      const place = this.#shares.next(notServed.length > 0 ? notServed : plannable);
      if (place === undefined) return fusions;
      const draft = this.#builder.build(this.#request(place));
      if (notServed.length > 1 && this.#isServed(place, draft)) {
        this.#builder.putBack(draft);
        served.add(place);
        continue;
      }
      fusions.push(this.#startFlight(place, draft, nowMs));
      this.#shares.planned(place, draft.operations.length, plannable);
    }
  }

  /**
   * Adds the keys that an endorsement touched to the queues. Only a fusion that is `held` may be sent; one that is
   * `returned` has ended.
   * @throws CodedError PLANNER_FUSION_UNKNOWN, PLANNER_OPERATION_UNKNOWN
   */
  hold(fusion: Fusion, touched: readonly TouchedKeys[]): Hold {
    const flight = this.#flights.get(fusion.id);
    const found = this.#newKeys(flight, touched);
    const { queues } = this.#live;
    const isHeld = found.every(([{ slot }, keys]) => keys.every((key) => queues.mayTouch(slot, key)));
    if (!isHeld) this.#endFlight(flight, flight.operations);
    for (const [operation, keys] of found) this.#live.widen(operation, keys);
    return isHeld ? { kind: 'held' } : this.#returned(found.map(([operation]) => operation));
  }

  /**
   * Ends a committed fusion: its terminal operations leave and the flight is free. Operations without an end return to
   * their places. If an ensure was not applied, the next one becomes the writer.
   * @throws CodedError PLANNER_FUSION_UNKNOWN, PLANNER_OPERATION_UNKNOWN
   */
  complete(fusion: Fusion, ends: readonly OperationEnd[], nowMs: number): void {
    this.#passTime(nowMs);
    const flight = this.#flights.get(fusion.id);
    const isApplied = new Map(ends.map((end) => [flight.operation(end.seq), end.isApplied]));
    if (!flight.isAlone) this.#model.observe(flight.units, nowMs - flight.startedMs);
    this.#live.remove(
      flight.operations.flatMap((one) => (isApplied.has(one) ? [[one, isApplied.get(one) === true]] : [])),
    );
    this.#endFlight(
      flight,
      flight.operations.filter((operation) => !isApplied.has(operation)),
    );
    if (!flight.isAlone) this.#size.landed(this.#live.backlog());
  }

  /**
   * Dissolves a fusion and returns all its operations to their places.
   * @throws CodedError PLANNER_FUSION_UNKNOWN
   */
  giveBack(fusion: Fusion, why: GiveBackReason, nowMs: number): void {
    this.#passTime(nowMs);
    const flight = this.#flights.get(fusion.id);
    if (why === 'invalid') this.#lost(flight.operations, nowMs);
    if (why === 'poison-suspect') {
      const half = Math.max(1, Math.floor(flight.operations.length / 2));
      for (const operation of flight.operations) operation.fusionMax = Math.min(operation.fusionMax, half);
    }
    this.#endFlight(flight, flight.operations);
  }

  /**
   * Registers keys written by a foreign writer. For a while they are not fused with others, and operations that lose to
   * the write wait before the next try.
   */
  foreignWrites(keys: readonly StateKey[], nowMs: number): void {
    this.#passTime(nowMs);
    this.#foreign.written(keys, nowMs);
  }

  /**
   * From its next fusion on the operation is planned as a close, at its place in the order. One that is not live is
   * ignored.
   */
  closing(seq: number, reason: string): void {
    const operation = this.#live.get(seq);
    if (operation !== undefined && !operation.isClosing) this.#live.close(operation, reason);
  }

  /** Operations that have been ready for longer than `readyMaxMs` although a flight of their class is free. O(live). */
  overdue(nowMs: number): number[] {
    const beforeMs = nowMs - this.#limits.readyMaxMs;
    const overdue: number[] = [];
    for (const { seq, state, readySinceMs, class: place, isAlone } of this.#live.all()) {
      if (state === 'taken' || readySinceMs === undefined || readySinceMs >= beforeMs) continue;
      if ((isAlone ? this.#flights.freeForAlone(place) : this.#flights.freeFor(place)) > 0) overdue.push(seq);
    }
    return overdue;
  }

  /** When to plan again without another event: at the end of a backoff. Undefined for never. */
  nextWakeMs(nowMs: number): number | undefined {
    const wakeMs = this.#live.nextWakeMs();
    return wakeMs === undefined ? undefined : Math.max(nowMs, wakeMs);
  }

  /** O(live), so call it a few times a second, not for each plan. */
  statistics(): PlannerStatistics {
    const counts = countOperations(this.#live.all(), this.#limits.classes);
    return {
      ...counts,
      width: counts.ready + counts.taken,
      depth: this.#live.queues.longestQueue(),
      keys: this.#live.queues.keys,
      foreignKeys: this.#foreign.size,
      flights: this.#flights.active,
      fusionLimit: this.#size.limit,
      fusions: this.#flights.started,
      operationsFused: this.#flights.operationsStarted,
      widened: this.#widened,
      flightFixedMs: this.#model.fixedMs,
      flightMsPerUnit: this.#model.msPerUnit,
    };
  }

  #passTime(nowMs: number): void {
    this.#live.passTime(nowMs);
    this.#foreign.forget(nowMs);
  }

  /** Plans operations that go alone, the most urgent class first. They have flights of their own. */
  #planAlone(nowMs: number): Fusion[] {
    const fusions: Fusion[] = [];
    for (let place = 0; place < this.#limits.classes; place += 1) {
      while (this.#flights.freeForAlone(place) > 0) {
        const operation = this.#live.ready.firstAlone(place);
        if (operation === undefined) break;
        this.#live.ready.remove(operation);
        fusions.push(this.#startFlight(place, { operations: [operation], units: 0, isOversize: false }, nowMs));
      }
    }
    return fusions;
  }

  /** Classes with ready operations and a free flight, the most urgent first. */
  #classesThatCould(): readonly number[] {
    const plannable: number[] = [];
    for (let place = 0; place < this.#limits.classes; place += 1) {
      const isReady = this.#live.ready.size(place, !this.#flights.hasOversize) > 0;
      if (isReady && this.#flights.freeFor(place) > 0) plannable.push(place);
    }
    return plannable;
  }

  /**
   * Whether a class should wait: it has its fair number of flights and too little for another one, while other classes
   * could use the free flight. Otherwise a few urgent operations would occupy all flights almost empty, and nothing
   * else would proceed.
   */
  #isServed(place: number, draft: FusionDraft): boolean {
    return this.#flights.of(place) >= this.#flights.fairFor(place) && draft.fill < extraFlightFillMin;
  }

  /**
   * Ready operations are spread over the free flights, as far as the backlog fills them. Each ready operation begins a
   * chain; a single flight would carry all chains while the others stay empty.
   */
  #request(place: number): FusionRequest {
    const { size, fusion: caps } = this.#limits;
    const mayBeOversize = !this.#flights.hasOversize;
    const flightsWanted = Math.max(1, Math.floor(this.#live.backlog(place) / size.operationsMin));
    const spread = Math.min(flightsWanted, this.#flights.freeFor(place));
    return {
      class: place,
      caps,
      operationsMax: this.#size.limit,
      readyMax: Math.ceil(this.#live.ready.size(place, mayBeOversize) / spread),
      mayBeOversize,
      msPerUnit: this.#model.msPerUnit,
      foreignAmong: ({ planned }) => this.#foreign.among(planned.keys),
    };
  }

  #startFlight(place: number, draft: Pick<FusionDraft, 'operations' | 'units' | 'isOversize'>, nowMs: number): Fusion {
    const operations = draft.operations.toSorted((a, b) => a.seq - b.seq);
    const fusion = { id: this.#flights.nextId(), class: place, operations: operations.map(({ planned }) => planned) };
    for (const operation of operations) this.#live.take(operation, fusion.id);
    const { units, isOversize } = draft;
    this.#flights.start(new PlannedFlight({ fusion, operations, startedMs: nowMs, units, isOversize }));
    return fusion;
  }

  #endFlight(flight: PlannedFlight, returning: readonly TrackedOperation[]): void {
    this.#flights.end(flight);
    this.#live.giveBack(returning);
  }

  /** The touched keys that an operation is not queued for; operations without any are left out. */
  #newKeys(flight: PlannedFlight, touched: readonly TouchedKeys[]): (readonly [TrackedOperation, DeclaredKey[]])[] {
    const found = new Map<TrackedOperation, DeclaredKey[]>();
    for (const { seq, keys } of touched) {
      const operation = flight.operation(seq);
      const news = keys.filter((key) => !this.#live.queues.covers(operation.slot, key));
      if (news.length > 0) found.set(operation, [...(found.get(operation) ?? []), ...news]);
    }
    return [...found];
  }

  #returned(found: readonly TrackedOperation[]): Hold {
    for (const operation of found) {
      operation.widenings += 1;
      operation.losses = 0;
    }
    this.#widened += found.length;
    const unstable = found.filter(({ widenings }) => widenings >= this.#limits.wideningsMax);
    return { kind: 'returned', widened: found.map(({ seq }) => seq), unstable: unstable.map(({ seq }) => seq) };
  }

  /**
   * Operations that lost to a foreign write wait, with one jitter for all, so that those of one key can go together
   * again.
   */
  #lost(operations: readonly TrackedOperation[], nowMs: number): void {
    const jitter = this.#limits.jitter();
    for (const operation of operations) {
      operation.losses += 1;
      const isExplained = this.#foreign.among(operation.planned.keys).length > 0;
      if (!isExplained && operation.losses <= lossesForgiven) continue;
      operation.notBeforeMs = nowMs + this.#foreign.backoffMs(operation.losses, jitter);
    }
  }
}
