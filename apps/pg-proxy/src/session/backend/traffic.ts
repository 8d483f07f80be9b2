/** Traffic of one database; counters. Times in ms. */
export interface Traffic {
  logins: number;
  /** How often a client got a backend. */
  assignments: number;
  /** Completed transactions, and the time from their first message to their end. */
  transactions: number;
  transactionMs: number;
  /** Completed answers (ReadyForQuery), and the time that backends worked on them. */
  queries: number;
  queryMs: number;
  /** How long clients have waited for a backend. */
  waitedMs: number;
  /** Bytes from clients, and from servers. */
  received: number;
  sent: number;
  /** Parse and Bind messages from clients, and Parse messages sent to a server. */
  parses: number;
  binds: number;
  serverParses: number;
}

const noTraffic: Readonly<Traffic> = {
  logins: 0,
  assignments: 0,
  transactions: 0,
  transactionMs: 0,
  queries: 0,
  queryMs: 0,
  waitedMs: 0,
  received: 0,
  sent: 0,
  parses: 0,
  binds: 0,
  serverParses: 0,
};

/** PgBouncer's default `stats_period`. */
const periodMs = 60_000;
/** Where any database name is accepted, clients could make up any number of names. */
const databasesMax = 1_000;

interface Snapshot {
  readonly atMs: number;
  readonly of: ReadonlyMap<string, Traffic>;
}

/** The traffic of each database, in total and in the last complete minute. */
export class TrafficCounters {
  readonly #byDatabase = new Map<string, Traffic>();
  readonly #others: Traffic = { ...noTraffic };
  #before: Snapshot;
  #last: Snapshot;

  constructor(nowMs: number) {
    this.#last = { atMs: nowMs, of: new Map() };
    this.#before = this.#last;
  }

  of(database: string): Traffic {
    const known = this.#byDatabase.get(database);
    if (known !== undefined) return known;
    if (this.#byDatabase.size >= databasesMax) return this.#others;
    const traffic = { ...noTraffic };
    this.#byDatabase.set(database, traffic);
    return traffic;
  }

  /** By database. */
  get all(): ReadonlyMap<string, Traffic> {
    return this.#byDatabase;
  }

  tick(nowMs: number): void {
    if (nowMs - this.#last.atMs < periodMs) return;
    this.#before = this.#last;
    this.#last = { atMs: nowMs, of: copyOf(this.#byDatabase) };
  }

  /** The traffic of the last complete minute, and its length in seconds; 0: there was none yet. */
  lastMinute(database: string): { readonly traffic: Traffic; readonly seconds: number } {
    const [after, before] = [this.#last, this.#before].map(({ of }) => of.get(database) ?? noTraffic);
    const traffic = { ...noTraffic };
    for (const key of Object.keys(noTraffic) as (keyof Traffic)[])
      traffic[key] = (after?.[key] ?? 0) - (before?.[key] ?? 0);
    return { traffic, seconds: (this.#last.atMs - this.#before.atMs) / 1_000 };
  }
}

function copyOf(all: ReadonlyMap<string, Traffic>): ReadonlyMap<string, Traffic> {
  return new Map([...all].map(([database, traffic]) => [database, { ...traffic }]));
}
