import { workloadClasses, type WorkloadClass } from '@medrex/sql';
import { defineMetrics, type MetricDeclarations, type Metrics } from '@medrex/telemetry';
import type { Outcome } from './outcome.ts';

/** How many databases have series of their own; all others are `other`. */
const databasesMax = 60;
/** In seconds; most of them below a millisecond. */
const buckets = [
  ...[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
];
const translateBuckets = [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05];
/** The SQLSTATE classes that matter. */
const sqlstateClasses = [
  ...(['08', '0A', '21', '22', '23', '25', '26', '28', '34', '40', '42', '53', '54', '55', '57', '58', 'XX'] as const),
  'other',
] as const;
const known: ReadonlySet<string> = new Set(sqlstateClasses);

/** Histograms of the traffic, for the databases that the configuration names. */
export function trafficMetrics(databases: readonly string[]) {
  const named = [...databases.filter((name) => name !== '*').slice(0, databasesMax), 'other'];
  const labels = { database: [...new Set(named)], class: workloadClasses } as const;
  return defineMetrics({
    query: {
      name: 'medrex_pg_proxy_query_seconds',
      kind: 'histogram',
      help: "From a client's message to the end of its answer, by configured database and class of work, as derived from the text alone.",
      labels,
      buckets,
    },
    queue: {
      name: 'medrex_pg_proxy_queue_seconds',
      kind: 'histogram',
      help: 'How long a statement waited for a backend; not counted if its client already had one.',
      labels,
      buckets,
    },
    backend: {
      name: 'medrex_pg_proxy_backend_seconds',
      kind: 'histogram',
      help: 'From sending a statement to its first answer: the server and the network.',
      labels,
      buckets,
    },
    translate: {
      name: 'medrex_pg_proxy_translate_seconds',
      kind: 'histogram',
      help: 'How long translating a statement to IRIS SQL took, including known texts; not counted for PostgreSQL.',
      labels: { database: labels.database },
      buckets: translateBuckets,
    },
    connect: {
      name: 'medrex_pg_proxy_connect_seconds',
      kind: 'histogram',
      help: 'Duration of logins at the upstream, by database.',
      labels: { database: labels.database },
      buckets,
    },
    errors: {
      name: 'medrex_pg_proxy_errors_total',
      kind: 'counter',
      help: 'Statements that failed, by the first two characters of their SQLSTATE.',
      labels: { sqlstate: sqlstateClasses },
    },
    rows: { name: 'medrex_pg_proxy_rows_total', kind: 'counter', help: 'Rows returned or changed.' },
    slow: {
      name: 'medrex_pg_proxy_slow_queries_total',
      kind: 'counter',
      help: 'Statements that took longer than statistics.slowMs.',
    },
  } satisfies MetricDeclarations);
}

type Observe = (seconds: number) => void;
type OfClass = Readonly<Record<'query' | 'queue' | 'backend', Observe>>;

/** Counts the traffic; each series is looked up once. */
export class TrafficMetrics {
  readonly #handles;
  readonly #databases: ReadonlySet<string>;
  #rows = 0;
  readonly #series = new Map<string, Partial<Record<WorkloadClass, OfClass>>>();

  constructor(metrics: Metrics, databases: readonly string[]) {
    const declared = trafficMetrics(databases);
    this.#databases = new Set(declared.query.labels.database);
    this.#handles = metrics.define(declared);
    metrics.beforeScrape(() => {
      this.#handles.rows.inc(this.#rows);
      this.#rows = 0;
    });
  }

  add({ database, workload, totalMs, queueMs, translateMs, backendMs, rows, sqlstate }: Outcome): void {
    const { query, queue, backend } = this.#of(database, workload);
    query(totalMs / 1_000);
    queue(queueMs / 1_000);
    backend(backendMs / 1_000);
    if (translateMs > 0) this.#handles.translate.observe({ database: this.#labelOf(database) }, translateMs / 1_000);
    this.#rows += rows;
    if (sqlstate !== undefined) this.failed(sqlstate);
  }

  failed(sqlstate: string): void {
    const start = sqlstate.slice(0, 2);
    this.#handles.errors.inc({ sqlstate: known.has(start) ? (start as (typeof sqlstateClasses)[number]) : 'other' });
  }

  slow(): void {
    this.#handles.slow.inc();
  }

  connected(database: string, ms: number): void {
    this.#handles.connect.observe({ database: this.#labelOf(database) }, ms / 1_000);
  }

  #labelOf(database: string): string {
    return this.#databases.has(database) ? database : 'other';
  }

  #of(database: string, workload: WorkloadClass): OfClass {
    const known = this.#series.get(database);
    const found = known?.[workload];
    if (found !== undefined) return found;
    const labels = { database: this.#labelOf(database), class: workload };
    const { query, queue, backend } = this.#handles;
    const made = { query: query.series(labels), queue: queue.series(labels), backend: backend.series(labels) };
    // Bounded by the number of databases: names made up by clients never get here.
    this.#series.set(database, { ...known, [workload]: made });
    return made;
  }
}
