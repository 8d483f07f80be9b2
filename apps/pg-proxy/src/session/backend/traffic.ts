/** What went through, of one database; only grows. Times in milliseconds. */
export interface Traffic {
  logins: number;
  /** Times a client got a backend. */
  assignments: number;
  /** Answers that ended outside of a transaction, and from their first message to that end. */
  transactions: number;
  transactionMs: number;
  /** Answers up to ReadyForQuery, and how long a backend was at work for them. */
  queries: number;
  queryMs: number;
  /** How long clients have waited for a backend. */
  waitedMs: number;
  /** Bytes from clients, and from servers. */
  received: number;
  sent: number;
  /** Parse and Bind of clients, and Parse that went to a server. */
  parses: number;
  binds: number;
  serverParses: number;
}

const noTraffic: Readonly<Traffic> = {
  ...{ logins: 0, assignments: 0, transactions: 0, transactionMs: 0, queries: 0, queryMs: 0, waitedMs: 0 },
  ...{ received: 0, sent: 0, parses: 0, binds: 0, serverParses: 0 },
};

/** As PgBouncer has it in `stats_period`. */
const periodMs = 60_000;
/** Names that clients make up, where any database may be meant, have no end. */
const databasesMax = 1_000;

interface Reading {
  readonly atMs: number;
  readonly of: ReadonlyMap<string, Traffic>;
}

/** What went through each database, in all and in the last minute that has passed. */
export class TrafficBook {
  readonly #byDatabase = new Map<string, Traffic>();
  readonly #others: Traffic = { ...noTraffic };
  #before: Reading;
  #last: Reading;

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

  /** What went through in the last full minute, and how many seconds that was; 0 seconds: there was none yet. */
  lately(database: string): { readonly traffic: Traffic; readonly seconds: number } {
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
