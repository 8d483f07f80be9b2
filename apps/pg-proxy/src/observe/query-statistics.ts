import { Latencies } from './latencies.ts';
import type { Requester } from '../session/client/request.ts';
import type { Outcome } from './outcome.ts';

/** What takes most of a statement's time. */
export type Bottleneck = 'queue' | 'translate' | 'backend' | 'network' | 'client';

export interface FirstRun {
  readonly user: string;
  /** Undefined: the server's default. */
  readonly searchPath: string | undefined;
}

/** The figures of one statement in one database, whatever its literals. */
export class QueryFigures {
  readonly database: string;
  readonly fingerprint: string;
  readonly normalised: string;
  readonly workload: string;
  /** Who ran it first, and with which search path. */
  readonly firstRun: FirstRun;
  calls = 0;
  rows = 0;
  bytes = 0;
  errors = 0;
  queueMs = 0;
  translateMs = 0;
  backendMs = 0;
  streamMs = 0;
  clientMs = 0;
  totalMs = 0;
  lastAtMs = 0;
  readonly latencies = new Latencies();

  constructor({ database, user, fingerprint, normalised, workload }: Outcome, settings: Requester['settings']) {
    this.firstRun = { user, searchPath: settings.get('search_path') };
    this.database = database;
    this.fingerprint = fingerprint;
    this.normalised = normalised;
    this.workload = workload;
  }

  add(outcome: Outcome, nowMs: number): void {
    const { totalMs } = outcome;
    this.calls++;
    this.rows += outcome.rows;
    this.bytes += outcome.bytes;
    if (outcome.sqlstate !== undefined) this.errors++;
    this.queueMs += outcome.queueMs;
    this.translateMs += outcome.translateMs;
    this.backendMs += outcome.backendMs;
    this.streamMs += outcome.streamMs;
    this.clientMs += outcome.clientMs;
    this.totalMs += totalMs;
    this.lastAtMs = nowMs;
    this.latencies.add(totalMs);
  }
}

/** A server that answers within this many round trips hardly works: the network takes most of the time. */
const roundTripsOfNetwork = 1.5;
const roundTripsKept = 10;
const databasesMax = 1_000;

const noSettings: Requester['settings'] = new Map();

/** Figures of all statements that run, up to a maximum number: the least recently used are dropped. */
export class QueryStatistics {
  readonly #max: number;
  readonly #byDatabase = new Map<string, Map<string, QueryFigures>>();
  /** For each database, the round trips of the last connections to its server; the shortest one is the network's. */
  readonly #roundTripsMs = new Map<string, readonly number[]>();
  #size = 0;
  /** How many statements were dropped. */
  evicted = 0;

  constructor(max: number) {
    this.#max = max;
  }

  add(outcome: Outcome, nowMs: number, settings: Requester['settings'] = noSettings): QueryFigures {
    const known = this.#byDatabase.get(outcome.database);
    const ofDatabase = known ?? new Map<string, QueryFigures>();
    if (known === undefined) this.#byDatabase.set(outcome.database, ofDatabase);
    let figures = ofDatabase.get(outcome.fingerprint);
    if (figures === undefined) {
      if (this.#size >= this.#max) this.#evict();
      figures = new QueryFigures(outcome, settings);
      ofDatabase.set(outcome.fingerprint, figures);
      this.#size++;
    }
    figures.add(outcome, nowMs);
    return figures;
  }

  *all(): Generator<QueryFigures> {
    for (const ofDatabase of this.#byDatabase.values()) yield* ofDatabase.values();
  }

  find(fingerprint: string): QueryFigures[] {
    return [...this.all()].filter((figures) => figures.fingerprint === fingerprint);
  }

  clear(): void {
    this.#byDatabase.clear();
    this.#size = 0;
  }

  /** A connection to a database's server was made, with this round trip. */
  addRoundTrip(database: string, roundTripMs: number): void {
    const before = this.#roundTripsMs.get(database) ?? [];
    if (before.length === 0 && this.#roundTripsMs.size >= databasesMax) this.#roundTripsMs.clear();
    this.#roundTripsMs.set(database, [...before.slice(1 - roundTripsKept), roundTripMs]);
  }

  /** What takes most of a statement's time. */
  bottleneckOf(figures: QueryFigures): Bottleneck {
    const { queueMs, translateMs, backendMs, streamMs, clientMs, calls, database } = figures;
    const producedMs = streamMs - clientMs;
    const most = Math.max(queueMs, translateMs, backendMs, clientMs, producedMs);
    if (most === queueMs && queueMs > 0) return 'queue';
    if (most === translateMs && translateMs > 0) return 'translate';
    if (most === clientMs && clientMs > 0) return 'client';
    // The server was still producing the rows, or they were long.
    if (most === producedMs && producedMs > 0) return 'backend';
    const roundTripMs = Math.min(...(this.#roundTripsMs.get(database) ?? [0]));
    return backendMs / calls <= roundTripMs * roundTripsOfNetwork ? 'network' : 'backend';
  }

  /** A tenth at once, because finding the oldest takes a while. */
  #evict(): void {
    const oldest = [...this.all()].sort((one, other) => one.lastAtMs - other.lastAtMs);
    for (const figures of oldest.slice(0, Math.max(1, Math.floor(this.#max / 10)))) {
      this.#byDatabase.get(figures.database)?.delete(figures.fingerprint);
      this.#size--;
      this.evicted++;
    }
    for (const [database, ofDatabase] of this.#byDatabase) if (ofDatabase.size === 0) this.#byDatabase.delete(database);
  }
}
