import type { MetricHandles } from '@medrex/telemetry';
import { cacheNames, type Caches } from './caches.ts';
import { invalidations, type Invalidation } from './database-cache.ts';

const cacheOutcomes = ['hit', 'miss', 'awaited', 'passed'] as const;
const keepOutcomes = ['kept', 'overtaken', 'too_large'] as const;

/** What the caches count; declared with everything else of pg-proxy. */
export const cacheMetrics = {
  cacheLookups: {
    name: 'medrex_pg_proxy_cache_lookups_total',
    kind: 'counter',
    help: 'Questions that may be answered from a cache, by what became of them. awaited: by the answer to somebody else who asked the same; passed: the cache was off.',
    labels: { cache: cacheNames, outcome: cacheOutcomes },
  },
  cacheKept: {
    name: 'medrex_pg_proxy_cache_answers_total',
    kind: 'counter',
    help: 'Answers that came from the server for a cache. overtaken: something had changed meanwhile, and they were not kept.',
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
    help: 'What they take.',
    labels: { cache: cacheNames },
  },
  cacheOn: {
    name: 'medrex_pg_proxy_cache_on',
    kind: 'gauge',
    help: '0 while the cache is off because too few questions were answered from it, or memory is short.',
    labels: { cache: cacheNames },
  },
  cacheInvalidations: {
    name: 'medrex_pg_proxy_cache_invalidations_total',
    kind: 'counter',
    help: 'Times that something was forgotten, by why. outside: somebody else changed it; lost: nobody knows.',
    labels: { why: invalidations },
  },
} as const;

type Handles = MetricHandles<typeof cacheMetrics>;

/** Takes the counts of the caches over at each scrape. */
export class CacheMetrics {
  readonly #metrics: Handles;
  readonly #before = new Map<string, number>();

  constructor(metrics: Handles) {
    this.#metrics = metrics;
  }

  set(caches: Caches | undefined): void {
    const metrics = this.#metrics;
    for (const { name: cache, isOn, entries, bytes, counts } of caches?.figures() ?? []) {
      const { hits: hit, misses: miss, awaited, passed, kept, overtaken, tooLarge: too_large } = counts;
      const looked = { hit, miss, awaited, passed };
      const ended = { kept, overtaken, too_large };
      for (const outcome of cacheOutcomes)
        metrics.cacheLookups.inc({ cache, outcome }, this.#more(`${cache} ${outcome}`, looked[outcome]));
      for (const outcome of keepOutcomes)
        metrics.cacheKept.inc({ cache, outcome }, this.#more(`${cache} ${outcome}`, ended[outcome]));
      metrics.cacheEntries.set({ cache }, entries);
      metrics.cacheBytes.set({ cache }, bytes);
      metrics.cacheOn.set({ cache }, isOn ? 1 : 0);
    }
    for (const cache of caches === undefined && this.#before.size > 0 ? cacheNames : []) {
      metrics.cacheEntries.set({ cache }, 0);
      metrics.cacheBytes.set({ cache }, 0);
    }
    for (const why of caches === undefined ? [] : invalidations) this.#invalidated(why, caches?.invalidated[why] ?? 0);
  }

  #invalidated(why: Invalidation, now: number): void {
    this.#metrics.cacheInvalidations.inc({ why }, this.#more(why, now));
  }

  #more(what: string, now: number): number {
    const before = this.#before.get(what) ?? 0;
    this.#before.set(what, now);
    // A RELOAD has begun them anew.
    return now < before ? now : now - before;
  }
}
