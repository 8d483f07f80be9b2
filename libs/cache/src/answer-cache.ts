import { LRUCache } from 'lru-cache';
import type { EpochId, Epochs } from './epochs.ts';
import { HitWindow, type HitWindowOptions } from './hit-window.ts';

export interface AnswerCacheOptions {
  readonly bytesMax: number;
  readonly entryBytesMax: number;
  readonly window: HitWindowOptions;
}

/** A cached answer, and the relations that it was read from. */
interface Entry<A> {
  readonly answer: A;
  readonly bytes: number;
  readonly epochs: Epochs;
  readonly ids: readonly EpochId[];
  readonly sum: number;
  readonly untilMs: number;
}

/** What is looked up: the key of a statement and the relations that it reads. */
export interface LookupKey {
  readonly key: string;
  readonly epochs: Epochs;
  readonly ids: readonly EpochId[];
}

export type Lookup<A> =
  | { readonly kind: 'hit'; readonly answer: A }
  /** The caller must ask the server and complete the pending answer. */
  | { readonly kind: 'miss'; readonly pending: PendingAnswer<A> }
  /** The same is already being asked: `then` is called with the answer, or with undefined if the caller must ask the server. */
  | { readonly kind: 'awaited'; stopWaiting(): void }
  /** The cache is off or uncertain: ask the server and cache nothing. */
  | { readonly kind: 'off' };

/** Called with the answer to another lookup of the same; undefined: ask the server yourself. */
export type AnswerCallback<A> = (answer: A | undefined) => void;

export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
  /** Lookups that waited for the answer to another one's miss. */
  readonly awaited: number;
  /** Lookups while the cache was off or uncertain. */
  readonly passed: number;
  readonly kept: number;
  /** Answers not cached because a relation changed before they were complete. */
  readonly overtaken: number;
  /** Answers not cached because of their size. */
  readonly tooLarge: number;
  /** Cached answers dropped because a relation changed or they expired. */
  readonly outdated: number;
}

/**
 * A cache of answers, each valid until a relation that it was read from changes. An answer is cached only if none of them changed between
 * the question and its last byte, and shared only with lookups after their last change. So no client sees a state older than the last
 * change that was reported before its lookup.
 */
export class AnswerCache<A> {
  readonly #entries: LRUCache<string, Entry<A>>;
  readonly #pending = new Map<string, PendingAnswer<A>>();
  readonly #entryBytesMax: number;
  readonly #window: HitWindow;
  readonly counts = { hits: 0, misses: 0, awaited: 0, passed: 0, kept: 0, overtaken: 0, tooLarge: 0, outdated: 0 };

  constructor({ bytesMax, entryBytesMax, window }: AnswerCacheOptions) {
    this.#entryBytesMax = Math.min(entryBytesMax, bytesMax);
    this.#window = new HitWindow(window);
    this.#entries = new LRUCache({
      maxSize: bytesMax,
      sizeCalculation: ({ bytes }, key) => bytes + 2 * key.length + overheadBytes,
    });
  }

  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  get entries(): number {
    return this.#entries.size;
  }

  get entryBytesMax(): number {
    return this.#entryBytesMax;
  }

  /** How often the cache was switched off for its low hit ratio. */
  get timesOff(): number {
    return this.#window.timesOff;
  }

  isOn(nowMs: number): boolean {
    return this.#window.isOn(nowMs);
  }

  lookUp({ key, epochs, ids }: LookupKey, nowMs: number, ttlMs: number, then: AnswerCallback<A>): Lookup<A> {
    const { counts } = this;
    if (!this.#window.isOn(nowMs) || !epochs.isCertain(ids)) {
      counts.passed++;
      return off;
    }
    const sum = epochs.sumOf(ids);
    const entry = this.#entries.get(key);
    if (
      entry !== undefined &&
      entry.epochs === epochs &&
      entry.sum === epochs.sumOf(entry.ids) &&
      entry.untilMs > nowMs
    ) {
      counts.hits++;
      this.#window.recordLookup(true, nowMs);
      return { kind: 'hit', answer: entry.answer };
    }
    if (entry !== undefined) {
      counts.outdated++;
      this.#entries.delete(key);
    }
    const pending = this.#pending.get(key);
    if (pending?.accepts(epochs, sum) === true) {
      counts.awaited++;
      // Counts as a hit: it would have been one a moment later.
      this.#window.recordLookup(true, nowMs);
      return pending.wait(then);
    }
    return { kind: 'miss', pending: this.#miss({ key, epochs, ids }, sum, nowMs + ttlMs, nowMs) };
  }

  #miss(lookup: LookupKey, sum: number, untilMs: number, nowMs: number): PendingAnswer<A> {
    this.counts.misses++;
    this.#window.recordLookup(false, nowMs);
    const pending = new PendingAnswer<A>(lookup.epochs, sum, (answer, bytes) => {
      if (this.#pending.get(lookup.key) === pending) this.#pending.delete(lookup.key);
      return answer !== undefined && this.#store(lookup, sum, untilMs, answer, bytes);
    });
    this.#pending.set(lookup.key, pending);
    return pending;
  }

  #store({ key, epochs, ids }: LookupKey, sum: number, untilMs: number, answer: A, bytes: number): boolean {
    const { counts } = this;
    if (bytes > this.#entryBytesMax) {
      counts.tooLarge++;
      return false;
    }
    if (epochs.sumOf(ids) !== sum) {
      counts.overtaken++;
      return false;
    }
    this.#entries.set(key, { answer, bytes, epochs, ids, sum, untilMs });
    counts.kept++;
    return true;
  }
}

/** A question in progress at the server. End it by `done` or `failed`. */
export class PendingAnswer<A> {
  readonly #epochs: Epochs;
  readonly #sum: number;
  readonly #end: (answer: A | undefined, bytes: number) => boolean;
  readonly #waiting = new Set<AnswerCallback<A>>();
  #isOver = false;

  constructor(epochs: Epochs, sum: number, end: (answer: A | undefined, bytes: number) => boolean) {
    this.#epochs = epochs;
    this.#sum = sum;
    this.#end = end;
  }

  /** Whether a lookup made now may share this answer. */
  accepts(epochs: Epochs, sum: number): boolean {
    return epochs === this.#epochs && sum === this.#sum && this.#waiting.size < waitingMax;
  }

  wait(then: AnswerCallback<A>): Lookup<A> {
    this.#waiting.add(then);
    return { kind: 'awaited', stopWaiting: () => this.#waiting.delete(then) };
  }

  /** The answer is complete. Returns whether it was cached. @param bytes its size */
  done(answer: A, bytes: number): boolean {
    return this.#finish(answer, bytes);
  }

  failed(): void {
    this.#finish(undefined, 0);
  }

  #finish(answer: A | undefined, bytes: number): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    const isKept = this.#end(answer, bytes);
    // If it is cached, no relation has changed since the waiting lookups were made; otherwise they must ask the server.
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const then of waiting) then(isKept ? answer : undefined);
    return isKept;
  }
}

/** Memory of an entry besides its key and bytes: the map's entry and the buffer object. */
const overheadBytes = 512;
const waitingMax = 1_000;
const off = { kind: 'off' } as const;
