import type { ColumnBounds } from '@medrex/sql';
import type { QueryFigures } from '../observe/query-statistics.ts';
import type { Plan, Plans } from '../observe/plans.ts';
import type { Statistics } from '../observe/statistics.ts';
import type { SlowSample } from '../observe/slow-samples.ts';
import { resolutions, trendFields } from '../observe/trends.ts';
import { timestamptz, float8, tableOf, int8, type Table } from './table.ts';

interface StatisticsContext {
  readonly epochOf: (atMs: number) => number;
  readonly statistics?: Statistics | undefined;
  readonly plans?: Plans | undefined;
}

const mean = (sum: number, calls: number): number => rounded(calls === 0 ? 0 : sum / calls);
const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;

/** Sorted by total time, longest first. */
function figuresOf({ statistics }: StatisticsContext): QueryFigures[] {
  return [...(statistics?.queries.all() ?? [])].sort((one, other) => other.totalMs - one.totalMs);
}

/** All statements and their figures; times in ms, parts for each call. */
export function queries(seen: StatisticsContext): Table {
  return tableOf<QueryFigures>(figuresOf(seen), {
    fingerprint: ({ fingerprint }) => fingerprint,
    database: ({ database }) => database,
    class: ({ workload }) => workload,
    calls: int8(({ calls }) => calls),
    rows: int8(({ rows }) => rows),
    bytes: int8(({ bytes }) => bytes),
    errors: int8(({ errors }) => errors),
    total_ms: float8(({ totalMs }) => rounded(totalMs)),
    mean_ms: float8(({ totalMs, calls }) => mean(totalMs, calls)),
    p50_ms: float8(({ latencies }) => rounded(latencies.quantile(0.5))),
    p95_ms: float8(({ latencies }) => rounded(latencies.quantile(0.95))),
    p99_ms: float8(({ latencies }) => rounded(latencies.quantile(0.99))),
    max_ms: float8(({ latencies }) => rounded(latencies.maxMs)),
    queue_ms: float8(({ queueMs, calls }) => mean(queueMs, calls)),
    translate_ms: float8(({ translateMs, calls }) => mean(translateMs, calls)),
    backend_ms: float8(({ backendMs, calls }) => mean(backendMs, calls)),
    stream_ms: float8(({ streamMs, calls }) => mean(streamMs, calls)),
    last_at: timestamptz(({ lastAtMs }) => seen.epochOf(lastAtMs)),
    query: ({ normalised }) => normalised,
  });
}

/** The share of each part in a statement's time, in percent, and the largest part. */
export function profile(seen: StatisticsContext): Table {
  const { statistics } = seen;
  const percent = (part: number, whole: number): number => (whole === 0 ? 0 : Math.round((1_000 * part) / whole) / 10);
  const all = figuresOf(seen);
  const totalOfAllMs = all.reduce((sum, { totalMs }) => sum + totalMs, 0);
  return tableOf<QueryFigures>(all, {
    fingerprint: ({ fingerprint }) => fingerprint,
    database: ({ database }) => database,
    bottleneck: (figures) => statistics?.queries.bottleneckOf(figures),
    calls: int8(({ calls }) => calls),
    load_percent: float8(({ totalMs }) => percent(totalMs, totalOfAllMs)),
    mean_ms: float8(({ totalMs, calls }) => mean(totalMs, calls)),
    p99_ms: float8(({ latencies }) => rounded(latencies.quantile(0.99))),
    queue_percent: float8(({ queueMs, totalMs }) => percent(queueMs, totalMs)),
    translate_percent: float8(({ translateMs, totalMs }) => percent(translateMs, totalMs)),
    backend_percent: float8(({ backendMs, totalMs }) => percent(backendMs, totalMs)),
    stream_percent: float8(({ streamMs, totalMs }) => percent(streamMs, totalMs)),
    client_percent: float8(({ clientMs, totalMs }) => percent(clientMs, totalMs)),
    rows_per_call: float8(({ rows, calls }) => mean(rows, calls)),
    query: ({ normalised }) => normalised,
  });
}

/** Plans that were requested. A SELECT that names a fingerprint requests its plan, and finds it the next time. */
export function plans({ plans: known }: StatisticsContext, wanted?: ColumnBounds): Table {
  const { min = null, max = null } = wanted?.get('fingerprint') ?? {};
  if (min !== null && min === max) known?.requestIfStale(String(min));
  return tableOf<Plan>(known?.all() ?? [], {
    fingerprint: ({ fingerprint }) => fingerprint,
    database: ({ database }) => database,
    user: ({ user }) => user,
    taken_at: timestamptz(({ takenAtMs }) => takenAtMs),
    plan: ({ lines, problem }) => (problem === undefined ? lines.join('\n') : undefined),
    problem: ({ problem }) => problem,
  });
}

interface Point {
  readonly atMs: number;
  readonly resolution: string;
  readonly database: string;
  readonly values: readonly number[];
}

const wholeFields: ReadonlySet<string> = new Set([
  ...['queries', 'errors', 'rows', 'clients', 'waiting', 'active', 'idle', 'pinned'],
]);
/** What SHOW covers: an hour, by minutes. */
const defaultRange = { resolution: '1m', ms: 3_600_000 };

/** The trends of databases, by seconds, tens of seconds, minutes and hours; only what a query reads is built. */
export function trends({ statistics }: StatisticsContext, wanted?: ColumnBounds): Table {
  const points = statistics === undefined ? [] : [...pointsOf(statistics, wanted)];
  return tableOf<Point>(points, {
    time: timestamptz(({ atMs }) => atMs),
    resolution: ({ resolution }) => resolution,
    database: ({ database }) => database,
    ...Object.fromEntries(
      trendFields.map((field, index) => {
        const read = ({ values }: Point): number => rounded(values[index] ?? 0);
        return [field, wholeFields.has(field) ? int8(read) : float8(read)] as const;
      }),
    ),
  });
}

function* pointsOf(statistics: Statistics, wanted: ColumnBounds | undefined): Generator<Point> {
  const isIn = (column: string, value: string): boolean => {
    const { min = null, max = null } = wanted?.get(column) ?? {};
    return (min === null || value >= String(min)) && (max === null || value <= String(max));
  };
  const { min = null, max = null } = wanted?.get('time') ?? {};
  const fromMs = wanted === undefined ? statistics.epochMs - defaultRange.ms : Number(min ?? 0);
  const range = { fromMs, toMs: max === null ? Infinity : Number(max) };
  for (const database of statistics.trends.databases.filter((name) => isIn('database', name)))
    for (const [index, { name: resolution }] of resolutions.entries()) {
      if (!isIn('resolution', resolution) || (wanted === undefined && resolution !== defaultRange.resolution)) continue;
      for (const point of statistics.trends.points(index, database, range)) yield { ...point, resolution, database };
    }
  if (wanted === undefined || !isIn('resolution', '1h')) return;
  for (const { atMs, database, point } of statistics.hours) {
    if (!isIn('database', database) || atMs < range.fromMs || atMs > range.toMs) continue;
    yield { atMs, resolution: '1h', database, values: trendFields.map((field) => point[field]) };
  }
}

/** Statements that took longer than statistics.slowMs, the newest first. */
export function slow({ statistics }: StatisticsContext): Table {
  return tableOf<SlowSample>([...(statistics?.slow.samples ?? [])].reverse(), {
    time: timestamptz(({ atMs }) => atMs),
    database: ({ database }) => database,
    user: ({ user }) => user,
    application_name: ({ application }) => application,
    fingerprint: ({ fingerprint }) => fingerprint,
    class: ({ workload }) => workload,
    rows: int8(({ rows }) => rows),
    total_ms: float8(({ totalMs }) => rounded(totalMs)),
    queue_ms: float8(({ queueMs }) => rounded(queueMs)),
    translate_ms: float8(({ translateMs }) => rounded(translateMs)),
    backend_ms: float8(({ backendMs }) => rounded(backendMs)),
    stream_ms: float8(({ streamMs }) => rounded(streamMs)),
    query: ({ query }) => query,
  });
}
