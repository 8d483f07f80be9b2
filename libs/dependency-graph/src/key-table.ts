import type { StateKey } from '@medrex/keys';
import { Slab } from './slab.ts';

/** Fields of a key's record: the first and the last step of its queue; both 0 when nothing is live on it. */
export const KEY_HEAD = 0;
export const KEY_TAIL = 1;
const keyFields = 2;

/** Idle keys that may stay interned while anything is live; beyond them as many as there are live keys. */
const idleKept = 32_768;

/**
 * Names of live keys to numbers. A key whose queue became empty is idle: it stays for a while, since hot keys come
 * back, until the idle keys outnumber the live ones and `idleKept`. Then all of them go at once, which costs less than
 * deleting one by one: V8's Map hashes again on the way down. When nothing is live any more the table is empty.
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

  /** The key's number. The caller puts something into its queue next. */
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

  /** The last entry of one of the keys has gone. */
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
