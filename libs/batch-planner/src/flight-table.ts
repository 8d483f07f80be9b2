import { fusionUnknown, operationUnknown } from './errors.ts';
import type { Fusion } from './planned-operation.ts';
import type { TrackedOperation } from './tracked-operation.ts';

/** A fusion in flight. */
export class PlannedFlight {
  readonly fusion: Fusion;
  readonly operations: readonly TrackedOperation[];
  readonly startedMs: number;
  /** Its work, see `FlightModel`. */
  readonly units: number;
  /** It holds one operation that exceeds a cap. */
  readonly isOversize: boolean;
  readonly #bySeq: ReadonlyMap<number, TrackedOperation>;

  constructor(of: Pick<PlannedFlight, 'fusion' | 'operations' | 'startedMs' | 'units' | 'isOversize'>) {
    this.fusion = of.fusion;
    this.operations = of.operations;
    this.startedMs = of.startedMs;
    this.units = of.units;
    this.isOversize = of.isOversize;
    this.#bySeq = new Map(of.operations.map((operation) => [operation.seq, operation]));
  }

  /** One operation that is never fused. */
  get isAlone(): boolean {
    return this.operations[0]?.isAlone === true;
  }

  /** @throws CodedError PLANNER_OPERATION_UNKNOWN */
  operation(seq: number): TrackedOperation {
    const operation = this.#bySeq.get(seq);
    if (operation === undefined) throw operationUnknown(seq, this.fusion.id);
    return operation;
  }
}

/** The active flights, what they carry, and which classes may use free ones. */
export class FlightTable {
  readonly #flights: number;
  readonly #reserved: number;
  readonly #active = new Map<number, PlannedFlight>();
  /** Active flights by class. */
  readonly #byClass: number[] = [];
  #oversize = 0;
  readonly #flightsAlone: number;
  /** Flights of operations that go alone; they are counted separately. */
  #alone = 0;
  #aloneOfClass0 = 0;
  #started = 0;
  #operationsStarted = 0;

  /** @param reserved how many of the flights, and of those for operations that go alone, are reserved for class 0 */
  constructor(flights: number, reserved: number, flightsAlone: number) {
    this.#flights = flights;
    this.#reserved = reserved;
    this.#flightsAlone = flightsAlone;
  }

  /** All active flights. */
  get active(): number {
    return this.#active.size;
  }

  /** Number of flights started since the beginning. */
  get started(): number {
    return this.#started;
  }

  get operationsStarted(): number {
    return this.#operationsStarted;
  }

  /** Whether an operation above a cap is in flight; there is at most one. */
  get hasOversize(): boolean {
    return this.#oversize > 0;
  }

  nextId(): number {
    return this.#started + 1;
  }

  /** Free flights that a fusion of the class may use. */
  freeFor(place: number): number {
    const fused = this.#active.size - this.#alone;
    const free = this.#flights - fused;
    const lessUrgent = fused - this.of(0);
    return place === 0 ? free : Math.min(free, this.#flights - this.#reserved - lessUrgent);
  }

  /** Free flights that operations of the class that go alone may use. */
  freeForAlone(place: number): number {
    const free = this.#flightsAlone - this.#alone;
    const lessUrgent = this.#alone - this.#aloneOfClass0;
    return place === 0 ? free : Math.min(free, Math.max(1, this.#flightsAlone - this.#reserved) - lessUrgent);
  }

  /** Active flights of the class. */
  of(place: number): number {
    return this.#byClass[place] ?? 0;
  }

  /**
   * How many flights of the class may be almost empty while others wait: one, for CPOE one more than its reserved
   * flights, but never all.
   */
  fairFor(place: number): number {
    return place === 0 ? Math.max(1, Math.min(this.#reserved + 1, this.#flights - 1)) : 1;
  }

  /** @throws CodedError PLANNER_FUSION_UNKNOWN */
  get(id: number): PlannedFlight {
    const flight = this.#active.get(id);
    if (flight === undefined) throw fusionUnknown(id);
    return flight;
  }

  start(flight: PlannedFlight): void {
    this.#active.set(flight.fusion.id, flight);
    this.#started += 1;
    this.#operationsStarted += flight.operations.length;
    this.#count(flight, 1);
  }

  end(flight: PlannedFlight): void {
    this.#active.delete(flight.fusion.id);
    this.#count(flight, -1);
  }

  #count({ fusion, isOversize, isAlone }: PlannedFlight, change: number): void {
    if (isAlone) {
      this.#alone += change;
      if (fusion.class === 0) this.#aloneOfClass0 += change;
      return;
    }
    this.#byClass[fusion.class] = this.of(fusion.class) + change;
    if (isOversize) this.#oversize += change;
  }
}
