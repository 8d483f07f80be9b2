import { Latencies } from './latencies.ts';
import type { Outcome } from './outcome.ts';

/** Intervals and how long they are kept. */
export const resolutions = [
  { name: '1s', everyMs: 1_000, kept: 900 },
  { name: '10s', everyMs: 10_000, kept: 2_160 },
  { name: '1m', everyMs: 60_000, kept: 10_080 },
] as const;

/** The figures of an interval. */
export const trendFields = [
  ...(['queries', 'errors', 'rows', 'total_ms', 'queue_ms', 'max_ms', 'p50_ms', 'p99_ms'] as const),
  ...(['clients', 'waiting', 'active', 'idle', 'pinned'] as const),
] as const;
type Field = (typeof trendFields)[number];
export type TrendPoint = Record<Field, number>;

/** The pools' figures for a database at a given time. */
export type Gauges = Pick<TrendPoint, 'clients' | 'waiting' | 'active' | 'idle' | 'pinned'>;

export const noGauges: Gauges = { clients: 0, waiting: 0, active: 0, idle: 0, pinned: 0 };

/** Aggregates what happens during an interval. */
export class TrendSum {
  queries = 0;
  errors = 0;
  rows = 0;
  totalMs = 0;
  queueMs = 0;
  gauges: Gauges = noGauges;
  readonly latencies = new Latencies();

  add({ rows, totalMs, queueMs, sqlstate }: Outcome): void {
    this.queries++;
    this.rows += rows;
    this.totalMs += totalMs;
    this.queueMs += queueMs;
    if (sqlstate !== undefined) this.errors++;
    this.latencies.add(totalMs);
  }

  addAll(other: TrendSum): void {
    this.queries += other.queries;
    this.errors += other.errors;
    this.rows += other.rows;
    this.totalMs += other.totalMs;
    this.queueMs += other.queueMs;
    this.latencies.addAll(other.latencies);
    // Of figures sampled within the interval, the worst counts.
    const { gauges } = this;
    this.gauges = {
      clients: Math.max(gauges.clients, other.gauges.clients),
      waiting: Math.max(gauges.waiting, other.gauges.waiting),
      active: Math.max(gauges.active, other.gauges.active),
      idle: Math.max(gauges.idle, other.gauges.idle),
      pinned: Math.max(gauges.pinned, other.gauges.pinned),
    };
  }

  clear(): void {
    this.queries = this.errors = this.rows = this.totalMs = this.queueMs = 0;
    this.gauges = noGauges;
    this.latencies.clear();
  }

  get point(): TrendPoint {
    return {
      queries: this.queries,
      errors: this.errors,
      rows: this.rows,
      total_ms: this.totalMs,
      queue_ms: this.queueMs,
      max_ms: this.latencies.maxMs,
      p50_ms: this.latencies.quantile(0.5),
      p99_ms: this.latencies.quantile(0.99),
      ...this.gauges,
    };
  }
}

/** The last intervals; 52 bytes each. */
class Ring {
  readonly #values: Float32Array;
  readonly #kept: number;
  readonly everyMs: number;
  /** The number of the newest interval, counted from 1970. */
  #newest = -1;
  #size = 0;

  constructor({ everyMs, kept }: { readonly everyMs: number; readonly kept: number }) {
    this.everyMs = everyMs;
    this.#kept = kept;
    this.#values = new Float32Array(kept * trendFields.length);
  }

  put(moment: number, point: TrendPoint): void {
    if (moment <= this.#newest) return; // the clock went back
    // Intervals in which the process stood still are empty.
    const from = this.#newest < 0 ? moment : Math.max(this.#newest + 1, moment - this.#kept + 1);
    for (let empty = from; empty < moment; empty++)
      this.#values.fill(0, this.#at(empty), this.#at(empty) + trendFields.length);
    trendFields.forEach((field, index) => (this.#values[this.#at(moment) + index] = point[field]));
    this.#size = Math.min(this.#kept, this.#size + moment - from + 1);
    this.#newest = moment;
  }

  /** Oldest first. */
  *points(fromMs: number, toMs: number): Generator<{ readonly atMs: number; readonly values: readonly number[] }> {
    const oldest = this.#newest - this.#size + 1;
    const from = Math.max(oldest, Math.floor(fromMs / this.everyMs));
    const to = Math.min(this.#newest, Math.ceil(toMs / this.everyMs));
    for (let moment = from; moment <= to; moment++) {
      const at = this.#at(moment);
      yield { atMs: moment * this.everyMs, values: [...this.#values.subarray(at, at + trendFields.length)] };
    }
  }

  #at(moment: number): number {
    return (moment % this.#kept) * trendFields.length;
  }
}

/** One hour of a database, kept longer than the process lives. */
export interface Hour {
  readonly atMs: number;
  readonly database: string;
  readonly point: TrendPoint;
}

export const hourMs = 3_600_000;
/** For how many databases trends are kept; the rest count as `other`. 0.7 MB each. */
const databasesMax = 32;

/** The trend of one database. */
class Trend {
  /** The current second, and the longer intervals so far. */
  readonly now = new TrendSum();
  readonly sums = resolutions.slice(1).map(() => new TrendSum());
  readonly hour = new TrendSum();
  readonly rings = resolutions.map((resolution) => new Ring(resolution));
}

/**
 * The trends of all databases: seconds for a quarter of an hour, ten seconds for six hours, minutes for a week, and hours for long-term
 * storage.
 */
export class Trends {
  readonly #byDatabase = new Map<string, Trend>();
  readonly #onHour: (hour: Hour) => void;
  #second = 0;

  constructor(onHour: (hour: Hour) => void) {
    this.#onHour = onHour;
  }

  get databases(): string[] {
    return [...this.#byDatabase.keys()];
  }

  add(outcome: Outcome): void {
    this.#of(outcome.database).now.add(outcome);
  }

  /**
   * Called once a second. A database name with which nobody has logged in at the server gets no place, since a client may have made it up.
   */
  tick(epochMs: number, gauges: ReadonlyMap<string, Gauges>): void {
    const second = Math.floor(epochMs / 1_000);
    if (second <= this.#second) return;
    for (const [database, { active, idle }] of gauges) if (active + idle > 0) this.#of(database);
    for (const [database, trend] of this.#byDatabase) {
      trend.now.gauges = gauges.get(database) ?? noGauges;
      this.#close(database, trend, second);
    }
    this.#second = second;
  }

  /** The unfinished hour, when the process ends. */
  end(epochMs: number): void {
    const atMs = Math.floor(epochMs / hourMs) * hourMs;
    for (const [database, { hour, now }] of this.#byDatabase) {
      hour.addAll(now);
      if (hour.queries > 0) this.#onHour({ atMs, database, point: hour.point });
      hour.clear();
    }
  }

  *points(
    resolution: number,
    database: string,
    { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  ): Generator<{ readonly atMs: number; readonly values: readonly number[] }> {
    const ring = this.#byDatabase.get(database)?.rings[resolution];
    if (ring !== undefined) yield* ring.points(fromMs, toMs);
  }

  #close(database: string, trend: Trend, second: number): void {
    const { now, sums, hour, rings } = trend;
    // Usually the second that has just ended. After skipped ticks, everything seen counts for the interval in which it began.
    const fromMs = (this.#second === 0 ? second - 1 : this.#second) * 1_000;
    const isOver = (everyMs: number): boolean => Math.floor(fromMs / everyMs) < Math.floor((second * 1_000) / everyMs);
    rings[0]?.put(second - 1, now.point);
    hour.addAll(now);
    sums.forEach((sum, index) => {
      sum.addAll(now);
      const { everyMs } = resolutions[index + 1] ?? resolutions[0];
      if (!isOver(everyMs)) return;
      rings[index + 1]?.put(Math.floor(fromMs / everyMs), sum.point);
      sum.clear();
    });
    now.clear();
    if (!isOver(hourMs)) return;
    this.#onHour({ atMs: Math.floor(fromMs / hourMs) * hourMs, database, point: hour.point });
    hour.clear();
  }

  #of(database: string): Trend {
    const found = this.#byDatabase.get(database);
    if (found !== undefined) return found;
    const name = this.#byDatabase.size < databasesMax ? database : 'other';
    const known = this.#byDatabase.get(name) ?? new Trend();
    this.#byDatabase.set(name, known);
    return known;
  }
}
