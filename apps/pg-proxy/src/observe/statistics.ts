import type { Requester, Request, RequestObserver } from '../session/client/request.ts';
import { ReusedOutcome, type Outcome } from './outcome.ts';
import { QueryStatistics } from './query-statistics.ts';
import { SlowSamples, type SlowSample } from './slow-samples.ts';
import { hoursKeptMs, mergeHours, StatisticsFolder } from './statistics-folder.ts';
import type { TrafficMetrics } from './traffic-metrics.ts';
import { Trends, type Gauges, type Hour } from './trends.ts';

const tickMs = 1_000;
/** How often old samples are dropped, in ticks. */
const upkeepTicks = 60;

export interface StatisticsOptions {
  readonly queriesMax: number;
  /** Zero: nothing counts as slow. */
  readonly slowMs: number;
  readonly folder: string | undefined;
  readonly metrics: TrafficMetrics;
  /** The proxy's clock, and the wall clock in milliseconds since 1970. */
  readonly now: () => number;
  readonly epochMs: () => number;
  readonly slow: (sample: SlowSample) => void;
  /** So many further statements were slow and were not passed to `slow`. */
  readonly slowSkipped: (count: number) => void;
  readonly failed: (error: unknown) => void;
}

/** What the proxy remembers about everything that it runs; a few additions for each statement. */
export class Statistics implements RequestObserver {
  readonly queries: QueryStatistics;
  readonly trends: Trends;
  readonly slow = new SlowSamples();
  readonly hours: Hour[] = [];
  readonly #options: StatisticsOptions;
  readonly #folder: StatisticsFolder | undefined;
  readonly #outcomes = new ReusedOutcome();
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;
  #slowMs: number;

  constructor(options: StatisticsOptions) {
    this.#options = options;
    this.#slowMs = options.slowMs;
    this.queries = new QueryStatistics(options.queriesMax);
    this.trends = new Trends((hour) => this.#keepHour(hour));
    if (options.folder !== undefined) this.#folder = new StatisticsFolder(options.folder, options.failed);
  }

  /** Starts ticking; what an earlier process has stored is available from then on. */
  async start(gaugesOf: () => ReadonlyMap<string, Gauges>): Promise<void> {
    const kept = await this.#folder?.load(this.#options.epochMs());
    this.hours.push(...(kept?.hours ?? []));
    this.slow.samples.push(...(kept?.slow ?? []));
    this.#timer = setInterval(() => this.#tick(gaugesOf()), tickMs).unref();
  }

  reload({ slowMs }: { readonly slowMs: number }): void {
    this.#slowMs = slowMs;
  }

  ended(request: Request): void {
    const outcome = this.#outcomes.of(request);
    if (outcome !== undefined) this.#add(outcome, request);
  }

  refused(_from: Requester, sqlstate: string): void {
    this.#options.metrics.failed(sqlstate);
  }

  connected(database: string, ms: number, roundTripMs: number | undefined): void {
    this.#options.metrics.connected(database, ms);
    if (roundTripMs !== undefined) this.queries.addRoundTrip(database, roundTripMs);
  }

  get epochMs(): number {
    return this.#options.epochMs();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#reportSkipped(Infinity);
    this.trends.end(this.#options.epochMs());
    await this.#folder?.flush();
  }

  #add(outcome: Outcome, { from, endedAt }: Request): void {
    const { metrics } = this.#options;
    metrics.add(outcome);
    this.trends.add(outcome);
    this.queries.add(outcome, endedAt, from.settings);
    if (this.#slowMs > 0 && outcome.totalMs >= this.#slowMs) this.#addSlow(outcome, from, endedAt);
  }

  #addSlow(outcome: Outcome, from: Requester, endedAt: number): void {
    const { metrics, slow } = this.#options;
    metrics.slow();
    if (!this.slow.shouldRecord(outcome.fingerprint, endedAt)) return;
    const atMs = this.epochMs;
    const { database, user, fingerprint, workload, rows, normalised: query } = outcome;
    const { queueMs, translateMs, backendMs, streamMs, totalMs } = outcome;
    const application = from.settings.get('application_name') ?? '';
    const sample: SlowSample = {
      atMs,
      database,
      user,
      application,
      fingerprint,
      workload,
      query,
      rows,
      totalMs,
      queueMs,
      translateMs,
      backendMs,
      streamMs,
    };
    this.slow.add(sample);
    this.#folder?.addSlow(sample, this.slow.samples);
    slow(sample);
  }

  #reportSkipped(nowMs: number): void {
    const count = this.slow.takeSkipped(nowMs);
    if (count > 0) this.#options.slowSkipped(count);
  }

  #keepHour(hour: Hour): void {
    // The previous process may have stored the beginning of this hour.
    const same = this.hours.findLastIndex(({ atMs, database }) => atMs === hour.atMs && database === hour.database);
    if (same < 0) this.hours.push(hour);
    else this.hours.splice(same, 1, ...mergeHours(this.hours.slice(same, same + 1).concat(hour)));
    const first = this.hours.findIndex(({ atMs }) => atMs >= hour.atMs - hoursKeptMs);
    if (first > 0) this.hours.splice(0, first);
    this.#folder?.addHour(hour);
  }

  #tick(gauges: ReadonlyMap<string, Gauges>): void {
    const epochMs = this.#options.epochMs();
    this.trends.tick(epochMs, gauges);
    this.#reportSkipped(this.#options.now());
    if (++this.#ticks % upkeepTicks !== 1) return;
    this.slow.prune(epochMs);
  }
}
