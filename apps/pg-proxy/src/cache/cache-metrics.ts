import type { MetricHandles } from '@medrex/telemetry';
import { CounterIncrements } from '../observe/counter-increments.ts';
import { cacheNames, type CacheName, type Caches } from './caches.ts';
import { invalidations } from './database-cache.ts';

const cacheOutcomes = ['hit', 'miss', 'awaited', 'passed'] as const;
const keepOutcomes = ['kept', 'overtaken', 'too_large'] as const;

/** The metrics of the caches; declared with all others of pg-proxy. */
export const cacheMetrics = {
  cacheLookups: {
    name: 'medrex_pg_proxy_cache_lookups_total',
    kind: 'counter',
    help: 'Lookups in a cache, by outcome. awaited: answered together with the same question of another client; passed: the cache was off.',
    labels: { cache: cacheNames, outcome: cacheOutcomes },
  },
  cacheKept: {
    name: 'medrex_pg_proxy_cache_answers_total',
    kind: 'counter',
    help: 'Answers of the server for a cache. overtaken: not kept, because something had changed meanwhile.',
    labels: { cache: cacheNames, outcome: keepOutcomes },
  },
  cacheEntries: {
    name: 'medrex_pg_proxy_cache_entries',
    kind: 'gauge',
    help: 'Answers in the cache.',
    labels: { cache: cacheNames },
  },
  cacheBytes: {
    name: 'medrex_pg_proxy_cache_bytes',
    kind: 'gauge',
    help: 'Size of the answers in the cache.',
    labels: { cache: cacheNames },
  },
  cacheOn: {
    name: 'medrex_pg_proxy_cache_on',
    kind: 'gauge',
    help: '0 while the cache is off because it had too few hits, or memory is short.',
    labels: { cache: cacheNames },
  },
  cacheInvalidations: {
    name: 'medrex_pg_proxy_cache_invalidations_total',
    kind: 'counter',
    help: 'Invalidations, by reason. outside: changed past the proxy; lost: unknown, because a connection was lost.',
    labels: { why: invalidations },
  },
} as const;

type Handles = MetricHandles<typeof cacheMetrics>;

/** Takes over the caches' counters at each scrape. */
export class CacheMetrics {
  readonly #metrics: Handles;
  readonly #counts = new CounterIncrements();
  /** Something has been cached since the start. */
  #wasOn = false;

  constructor(metrics: Handles) {
    this.#metrics = metrics;
  }

  set(caches: Caches | undefined): void {
    if (caches !== undefined) this.#setOn(caches);
    else if (this.#wasOn) for (const cache of cacheNames) this.#setSize(cache, { entries: 0, bytes: 0 });
  }

  #setOn(caches: Caches): void {
    this.#wasOn = true;
    const { cacheLookups, cacheKept, cacheOn, cacheInvalidations } = this.#metrics;
    for (const { name: cache, isOn, entries, bytes, counts } of caches.figures()) {
      const { hits: hit, misses: miss, awaited, passed, kept, overtaken, tooLarge: too_large } = counts;
      const looked = { hit, miss, awaited, passed };
      const ended = { kept, overtaken, too_large };
      for (const outcome of cacheOutcomes)
        cacheLookups.inc({ cache, outcome }, this.#counts.since(`${cache} ${outcome}`, looked[outcome]));
      for (const outcome of keepOutcomes)
        cacheKept.inc({ cache, outcome }, this.#counts.since(`${cache} ${outcome}`, ended[outcome]));
      this.#setSize(cache, { entries, bytes });
      cacheOn.set({ cache }, isOn ? 1 : 0);
    }
    for (const why of invalidations) cacheInvalidations.inc({ why }, this.#counts.since(why, caches.invalidated[why]));
  }

  #setSize(cache: CacheName, { entries, bytes }: { readonly entries: number; readonly bytes: number }): void {
    this.#metrics.cacheEntries.set({ cache }, entries);
    this.#metrics.cacheBytes.set({ cache }, bytes);
  }
}
