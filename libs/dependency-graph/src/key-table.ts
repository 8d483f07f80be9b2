import type { StateKey } from '@medrex/keys';
import { Slab } from './slab.ts';

/** Fields of a key's record: the first and last step of its queue; both 0 when it is empty. */
export const KEY_HEAD = 0;
export const KEY_TAIL = 1;
const keyFields = 2;

/** Idle keys that stay interned while operations are live, or as many as there are live keys if that is more. */
const idleKept = 32_768;

/**
 * Maps names of live keys to numbers. A key whose queue became empty is idle. It is kept for a while, since hot keys
 * return, until idle keys outnumber both the live ones and `idleKept`. Then all are deleted at once, which costs less
 * than one by one because V8's Map rehashes as it shrinks. When nothing is live, the table is empty.
 */
export class KeyTable {
  readonly records = new Slab(keyFields);
  #numbers = new Map<StateKey, number>();
  #idle = 0;

  /** Keys with a queue. */
  get live(): number {
    return this.#numbers.size - this.#idle;
  }

  get isEmpty(): boolean {
    return this.#numbers.size === 0 && this.records.used === 0;
  }

  /** The key's number. The caller then adds an entry to its queue. */
  intern(name: StateKey): number {
    const known = this.#numbers.get(name);
    if (known === undefined) return this.#add(name);
    if (this.records.get(known, KEY_HEAD) === 0) this.#idle -= 1;
    return known;
  }

  /** The number of a key with a queue, else 0. */
  find(name: StateKey): number {
    const key = this.#numbers.get(name) ?? 0;
    return key !== 0 && this.records.get(key, KEY_HEAD) !== 0 ? key : 0;
  }

  /** Called when the queue of a key becomes empty. */
  becameIdle(): void {
    this.#idle += 1;
    const live = this.live;
    if (live === 0) this.#dropAll();
    else if (this.#idle > idleKept && this.#idle > live) this.#dropIdle();
  }

  *liveKeys(): IterableIterator<readonly [name: StateKey, key: number]> {
    for (const named of this.#numbers) if (this.records.get(named[1], KEY_HEAD) !== 0) yield named;
  }

  #add(name: StateKey): number {
    const key = this.records.take();
    this.records.set(key, KEY_HEAD, 0);
    this.records.set(key, KEY_TAIL, 0);
    this.#numbers.set(name, key);
    return key;
  }

  #dropAll(): void {
    this.records.clear();
    this.#numbers.clear();
    this.#idle = 0;
  }

  #dropIdle(): void {
    const kept = new Map<StateKey, number>();
    for (const [name, key] of this.#numbers) {
      if (this.records.get(key, KEY_HEAD) === 0) this.records.give(key);
      else kept.set(name, key);
    }
    this.#numbers = kept;
    this.#idle = 0;
  }
}
