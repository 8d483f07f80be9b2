import {
  connectReasons,
  disconnectReasons,
  scaleSignals,
  workloadClasses,
  type PoolCounts,
  type PoolFigures,
  type PoolTotals,
} from '@medrex/pool';
import { X509Certificate } from 'node:crypto';
import { CacheMetrics } from './cache/cache-metrics.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { backendStates, departures, peerCancels, reasonsOf, refusals, type PgProxyMetrics } from './metrics.ts';
import { CounterIncrements } from './observe/counter-increments.ts';
import type { PgProxy } from './proxy.ts';
import type { Overload } from './scheduling/overload.ts';
import type { PoolHost } from './upstream/pool-host.ts';

/** Updates the metrics from counters kept elsewhere, each time they are read. */
export class Scrape {
  readonly #metrics: PgProxyMetrics;
  readonly #caches: CacheMetrics;
  readonly #counts = new CounterIncrements();

  constructor(metrics: PgProxyMetrics) {
    this.#metrics = metrics;
    this.#caches = new CacheMetrics(metrics);
  }

  update({ host, pendingLogins }: Pick<PgProxy, 'host' | 'pendingLogins'>, loaded: LoadedConfig): void {
    const metrics = this.#metrics;
    const nowMs = host.now();
    const figures = host.pools.figures(nowMs);
    const totals = host.pools.totals(nowMs);
    this.#takeTotals(totals);
    this.#takeCounts(totals.counts);
    this.#takePools(figures);
    this.#takeClasses(figures);
    this.#takeLicences(host);
    this.#takeOverload(host.overload);
    this.#takeRollOut(host);
    this.#caches.set(host.caches);
    metrics.arriving.set(pendingLogins);
    metrics.certificateEnd.set(certificateEnd(loaded));
  }

  #takeTotals(totals: PoolTotals): void {
    const metrics = this.#metrics;
    metrics.clients.set(totals.clients);
    metrics.waiting.set(totals.waiting);
    metrics.longestWait.set(totals.longestWaitMs / 1_000);
    metrics.pinned.set(totals.pinned);
    metrics.pinnedRatio.set(totals.active === 0 ? 0 : totals.pinned / totals.active);
    for (const state of backendStates) metrics.backends.set({ state }, totals[state]);
  }

  #takeCounts(counts: PoolCounts): void {
    const { connects, disconnects, refusals: refused } = this.#metrics;
    for (const reason of reasonsOf(connectReasons))
      connects.inc({ reason }, this.#counts.since(`connected ${reason}`, counts.connects[reason]));
    for (const reason of reasonsOf(disconnectReasons))
      disconnects.inc({ reason }, this.#counts.since(`disconnected ${reason}`, counts.disconnects[reason]));
    for (const reason of refusals)
      refused.inc({ reason }, this.#counts.since(`refused ${reason}`, counts.refusals[reason]));
  }

  #takePools(figures: readonly PoolFigures[]): void {
    const { failing, fullest, clamped } = this.#metrics;
    failing.set(figures.filter(({ isFailing }) => isFailing).length);
    fullest.set(Math.max(0, ...figures.map(({ active, settings }) => active / settings.max)));
    clamped.set(figures.reduce((sum, { clamps }) => sum + clamps.length, 0));
  }

  /** What each workload class holds and waits for, over all pools. */
  #takeClasses(figures: readonly PoolFigures[]): void {
    const { classActive, classWaiting, classLongestWait } = this.#metrics;
    for (const name of workloadClasses) {
      const all = figures.map(({ classes }) => classes[name]);
      const [active, waiting] = [sumOf(all.map((one) => one.active)), sumOf(all.map((one) => one.waiting))];
      classActive.set({ class: name }, active);
      classWaiting.set({ class: name }, waiting);
      classLongestWait.set({ class: name }, Math.max(0, ...all.map((one) => one.longestWaitMs)) / 1_000);
    }
  }

  /** How close a login is to costing further licences. */
  #takeLicences({ pools, licences }: PoolHost): void {
    const { licenceGranted, licenceLent, licenceHeadroom } = this.#metrics;
    const shares = licences.shares();
    const counted = pools.limits().filter(({ cause }) => cause === 'licence');
    const left = counted.map(({ max, count }) => max - count);
    licenceGranted.set(sumOf(shares.map(({ granted }) => granted)));
    licenceLent.set(shares.filter(({ by }) => by === 'lease').length);
    licenceHeadroom.set(left.length === 0 ? -1 : Math.min(...left));
  }

  /** The reaction to load, and whether one instance is enough. */
  #takeOverload({ rung, memoryUse, scale }: Overload): void {
    const metrics = this.#metrics;
    metrics.rung.set(rung.level);
    metrics.memoryUse.set(memoryUse);
    for (const signal of scaleSignals) metrics.scaleOut.set({ signal }, scale.asksFor(signal) ? 1 : 0);
    metrics.scaleIn.set(scale.isIdle ? 1 : 0);
  }

  /** Clients of a proxy that is being rolled out, and requests for its peers. */
  #takeRollOut({ departures: gone, peers }: PoolHost): void {
    const metrics = this.#metrics;
    for (const how of departures)
      metrics.departures.inc({ how }, this.#counts.since(`departed ${how}`, gone.counts[how]));
    for (const how of peerCancels)
      metrics.peerCancels.inc({ how }, this.#counts.since(`cancel ${how}`, peers.counts[how]));
  }
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0);

/** Seconds since 1970; 0 without a certificate. */
function certificateEnd({ certificate }: LoadedConfig): number {
  return certificate === undefined ? 0 : Date.parse(new X509Certificate(certificate.cert).validTo) / 1_000;
}
