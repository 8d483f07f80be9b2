import { LRUCache } from 'lru-cache';
import type { EpochId, Epochs } from './epochs.ts';
import { HitWindow, type HitWindowOptions } from './hit-window.ts';

export interface AnswerCacheOptions {
  readonly bytesMax: number;
  readonly entryBytesMax: number;
  readonly window: HitWindowOptions;
}

/** An answer that is kept, and everything it was read from. */
interface Kept<A> {
  readonly answer: A;
  readonly bytes: number;
  readonly epochs: Epochs;
  readonly ids: readonly EpochId[];
  readonly sum: number;
  readonly untilMs: number;
}

/** What is asked for. */
export interface Asked {
  readonly key: string;
  readonly epochs: Epochs;
  readonly ids: readonly EpochId[];
}

export type Lookup<A> =
  | { readonly kind: 'hit'; readonly answer: A }
  /** Somebody has to ask the server; his is the filling. */
  | { readonly kind: 'miss'; readonly filling: Filling<A> }
  /** Somebody is asking the server for the same: `then` hears the answer, or that he has to ask himself. */
  | { readonly kind: 'awaited'; stopWaiting(): void }
  /** Nothing is looked up and nothing kept. */
  | { readonly kind: 'off' };

/** Waits for an answer that somebody else has asked for; undefined: he has to ask himself. */
export type Then<A> = (answer: A | undefined) => void;

export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
  /** Lookups that waited for somebody else's miss. */
  readonly awaited: number;
  /** Lookups while it was off, or while something was uncertain. */
  readonly passed: number;
  readonly kept: number;
  /** Not kept: something had changed before the answer was whole. */
  readonly overtaken: number;
  /** Not kept: too large. */
  readonly tooLarge: number;
  /** Found, but something had changed since. */
  readonly outdated: number;
}

/**
 * Answers by key, for as long as nothing has changed that they were read from. An answer is kept only when nothing changed
 * between the question and its last byte, and it is shared only with those who asked after the last change: so nobody sees
 * a state older than the last change that was told before he asked.
 */
export class AnswerCache<A> {
  readonly #kept: LRUCache<string, Kept<A>>;
  readonly #filling = new Map<string, Filling<A>>();
  readonly #entryBytesMax: number;
  readonly #window: HitWindow;
  readonly counts = { hits: 0, misses: 0, awaited: 0, passed: 0, kept: 0, overtaken: 0, tooLarge: 0, outdated: 0 };

  constructor({ bytesMax, entryBytesMax, window }: AnswerCacheOptions) {
    this.#entryBytesMax = Math.min(entryBytesMax, bytesMax);
    this.#window = new HitWindow(window);
    this.#kept = new LRUCache({
      maxSize: bytesMax,
      sizeCalculation: ({ bytes }, key) => bytes + 2 * key.length + overheadBytes,
    });
  }

  get bytes(): number {
    return this.#kept.calculatedSize;
  }

  get entries(): number {
    return this.#kept.size;
  }

  get entryBytesMax(): number {
    return this.#entryBytesMax;
  }

  /** How often it was switched off for its ratio of hits. */
  get timesOff(): number {
    return this.#window.timesOff;
  }

  isOn(nowMs: number): boolean {
    return this.#window.isOn(nowMs);
  }

  lookUp({ key, epochs, ids }: Asked, nowMs: number, ttlMs: number, then: Then<A>): Lookup<A> {
    const { counts } = this;
    if (!this.#window.isOn(nowMs) || !epochs.isCertain(ids)) {
      counts.passed++;
      return off;
    }
    const sum = epochs.sumOf(ids);
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.epochs === epochs && kept.sum === epochs.sumOf(kept.ids) && kept.untilMs > nowMs) {
      counts.hits++;
      this.#window.looked(true, nowMs);
      return { kind: 'hit', answer: kept.answer };
    }
    if (kept !== undefined) {
      counts.outdated++;
      this.#kept.delete(key);
    }
    const under = this.#filling.get(key);
    if (under?.accepts(epochs, sum) === true) {
      counts.awaited++;
      // He would have been a hit a moment later.
      this.#window.looked(true, nowMs);
      return under.wait(then);
    }
    return { kind: 'miss', filling: this.#miss({ key, epochs, ids }, sum, nowMs + ttlMs, nowMs) };
  }

  #miss(asked: Asked, sum: number, untilMs: number, nowMs: number): Filling<A> {
    this.counts.misses++;
    this.#window.looked(false, nowMs);
    const filling = new Filling<A>(asked.epochs, sum, (answer, bytes) => {
      if (this.#filling.get(asked.key) === filling) this.#filling.delete(asked.key);
      return answer !== undefined && this.#keep(asked, sum, untilMs, answer, bytes);
    });
    this.#filling.set(asked.key, filling);
    return filling;
  }

  #keep({ key, epochs, ids }: Asked, sum: number, untilMs: number, answer: A, bytes: number): boolean {
    const { counts } = this;
    if (bytes > this.#entryBytesMax) {
      counts.tooLarge++;
      return false;
    }
    if (epochs.sumOf(ids) !== sum) {
      counts.overtaken++;
      return false;
    }
    this.#kept.set(key, { answer, bytes, epochs, ids, sum, untilMs });
    counts.kept++;
    return true;
  }
}

/** A question that is on its way to the server. One of `done` and `failed` ends it. */
export class Filling<A> {
  readonly #epochs: Epochs;
  readonly #sum: number;
  readonly #end: (answer: A | undefined, bytes: number) => boolean;
  readonly #waiting = new Set<Then<A>>();
  #isOver = false;

  constructor(epochs: Epochs, sum: number, end: (answer: A | undefined, bytes: number) => boolean) {
    this.#epochs = epochs;
    this.#sum = sum;
    this.#end = end;
  }

  /** Whether somebody who asks now may have this answer. */
  accepts(epochs: Epochs, sum: number): boolean {
    return epochs === this.#epochs && sum === this.#sum && this.#waiting.size < waitingMax;
  }

  wait(then: Then<A>): Lookup<A> {
    this.#waiting.add(then);
    return { kind: 'awaited', stopWaiting: () => this.#waiting.delete(then) };
  }

  /** The answer is whole. True: it is kept. */
  done(answer: A, bytes: number): boolean {
    return this.#over(answer, bytes);
  }

  failed(): void {
    this.#over(undefined, 0);
  }

  #over(answer: A | undefined, bytes: number): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    const isKept = this.#end(answer, bytes);
    // Those who wait asked when the epochs were what they are now, if it is kept; else they ask themselves.
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const then of waiting) then(isKept ? answer : undefined);
    return isKept;
  }
}

/** Of an entry, its place in the table and a buffer with memory of its own. */
const overheadBytes = 512;
const waitingMax = 1_000;
const off = { kind: 'off' } as const;
