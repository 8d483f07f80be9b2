import type { KeyUpdate, StateEntry, StateUpdates, StateView, VersionedValue } from '@medrex/ledger';
import type { StateCache } from './state-cache.ts';
import type { LevelSnapshot, StateDatabase } from './state-database.ts';

interface ViewParts {
  readonly height: number;
  readonly database: StateDatabase;
  readonly cache: StateCache;
  /** Blocks that were appended but not in the database when the snapshot was taken, oldest first. */
  readonly unsaved: readonly { readonly updates: StateUpdates }[];
  /** Current height of the store. */
  readonly newest: () => number;
}

/**
 * The state at one height: a snapshot of the database, the blocks that it does not contain yet, and in front of both
 * the cache, which has the newest values and the height from which each is valid.
 */
export class DurableView implements StateView {
  readonly height: number;
  readonly #parts: ViewParts;
  readonly #snapshot: LevelSnapshot;
  #holders = 1;

  constructor(parts: ViewParts) {
    this.height = parts.height;
    this.#parts = parts;
    this.#snapshot = parts.database.snapshot();
  }

  get(
    namespace: string,
    keys: readonly string[],
  ): readonly (VersionedValue | undefined)[] | Promise<readonly (VersionedValue | undefined)[]> {
    const cache = this.#parts.cache.of(namespace);
    const values = new Array<VersionedValue | undefined>(keys.length);
    const missing: number[] = [];
    for (let at = 0; at < keys.length; at++) {
      const cached = cache.get(keys[at] ?? '');
      if (cached !== undefined && cached.since <= this.height) values[at] = cached.found;
      else missing.push(at);
    }
    return missing.length === 0 ? values : this.#load(namespace, keys, values, missing);
  }

  async *range(namespace: string, start: string, end: string): AsyncGenerator<StateEntry> {
    const unsaved = this.#unsavedIn(namespace, start, end);
    let next = 0;
    for await (const entry of this.#parts.database.range(namespace, start, end, this.#snapshot)) {
      for (; next < unsaved.length && (unsaved[next]?.key ?? '') < entry.key; next++) yield* present(unsaved[next]);
      if (unsaved[next]?.key !== entry.key) yield entry;
    }
    for (; next < unsaved.length; next++) yield* present(unsaved[next]);
  }

  retain(): void {
    this.#holders += 1;
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) void this.#snapshot.close().catch(() => undefined); // closed with the database already
  }

  async #load(
    namespace: string,
    keys: readonly string[],
    values: (VersionedValue | undefined)[],
    missing: readonly number[],
  ): Promise<readonly (VersionedValue | undefined)[]> {
    const unsaved = this.#parts.unsaved.map(({ updates }) => updates.of(namespace)).reverse();
    const fromDatabase: number[] = [];
    for (const at of missing) {
      const written = newest(unsaved, keys[at] ?? '');
      if (written === undefined) fromDatabase.push(at);
      else values[at] = written.value === undefined ? undefined : { value: written.value, version: written.version };
    }
    if (fromDatabase.length === 0) return values;
    const names = fromDatabase.map((at) => keys[at] ?? '');
    const found = await this.#parts.database.read(namespace, names, this.#snapshot);
    // The cache is valid only while this view is the newest.
    const isNewest = this.#parts.newest() === this.height;
    const cache = this.#parts.cache.of(namespace);
    fromDatabase.forEach((at, index) => {
      values[at] = found[index];
      if (isNewest) cache.add(keys[at] ?? '', { found: found[index], since: this.height });
    });
    return values;
  }

  #unsavedIn(namespace: string, start: string, end: string): UnsavedLine[] {
    const lines = new Map<string, UnsavedLine>();
    for (const { updates } of this.#parts.unsaved) {
      for (const [key, { value, version }] of updates.of(namespace)) {
        if (key >= start && (end === '' || key < end)) lines.set(key, { key, value, version });
      }
    }
    return [...lines.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}

/** The update by the newest block that wrote the key. */
function newest(newestFirst: readonly ReadonlyMap<string, KeyUpdate>[], key: string): KeyUpdate | undefined {
  for (const updates of newestFirst) {
    const written = updates.get(key);
    if (written !== undefined) return written;
  }
  return undefined;
}

interface UnsavedLine extends Omit<StateEntry, 'value'> {
  readonly value: Uint8Array | undefined;
}

function* present(line: UnsavedLine | undefined): Generator<StateEntry> {
  if (line?.value !== undefined) yield { key: line.key, value: line.value, version: line.version };
}
