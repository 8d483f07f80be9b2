import type { KeyUpdate, StateUpdates } from '../state-updates.ts';
import type { StateEntry, StateView, VersionedValue } from '../state-view.ts';
import { isInRange } from '../validate-range.ts';
import { SortedKeys } from './sorted-keys.ts';

/**
 * State in memory in which old heights stay readable without copies: each block leaves the values that it replaced in a
 * chain of undo notes, and a view reads through the notes made since its height. Notes that no view can reach are
 * garbage collected. An old view costs one lookup per later block.
 */
export class MemoryState {
  readonly #namespaces = new Map<string, Namespace>();
  #newest: UndoNote = { replaced: new Map(), next: undefined };
  #height: number;

  constructor(height = 0) {
    this.#height = height;
  }

  view(): StateView {
    return new MemoryView(this.#height, this.#newest, (namespace) => this.#namespaces.get(namespace));
  }

  /** The current value of a key. */
  value(namespace: string, key: string): VersionedValue | undefined {
    return this.#namespaces.get(namespace)?.get(key);
  }

  /** Applies one block's writes; O(writes). */
  apply(updates: StateUpdates): void {
    const note = this.#newest;
    for (const [name, written] of updates.namespaces()) {
      const namespace = this.#namespace(name);
      const replaced = new Map<string, VersionedValue | undefined>();
      for (const [key, update] of written) {
        const before = namespace.get(key);
        replaced.set(key, before);
        namespace.set(key, after(before, update));
      }
      note.replaced.set(name, replaced);
    }
    this.#newest = { replaced: new Map(), next: undefined };
    note.next = this.#newest;
    this.#height += 1;
  }

  #namespace(name: string): Namespace {
    let namespace = this.#namespaces.get(name);
    if (namespace === undefined) this.#namespaces.set(name, (namespace = new Namespace()));
    return namespace;
  }
}

function after(
  before: VersionedValue | undefined,
  { value, version, metadata }: KeyUpdate,
): VersionedValue | undefined {
  if (value === undefined) return undefined;
  const entries = metadata ?? before?.metadata ?? [];
  return entries.length === 0 ? { value, version } : { value, version, metadata: entries };
}

/** The values that one block replaced, by namespace and key. The newest note is empty. */
interface UndoNote {
  readonly replaced: Map<string, ReadonlyMap<string, VersionedValue | undefined>>;
  next: UndoNote | undefined;
}

class Namespace {
  readonly #values = new Map<string, VersionedValue>();
  readonly #keys = new SortedKeys((key) => this.#values.has(key));

  get(key: string): VersionedValue | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: VersionedValue | undefined): void {
    if (value === undefined) {
      this.#values.delete(key);
      return;
    }
    const isNew = !this.#values.has(key);
    this.#values.set(key, value);
    if (isNew) this.#keys.add(key); // only now, since a sort keeps present keys only
  }

  keysBetween(start: string, end: string): readonly string[] {
    return this.#keys.between(start, end);
  }
}

class MemoryView implements StateView {
  readonly height: number;
  readonly #since: UndoNote;
  readonly #namespaceOf: (name: string) => Namespace | undefined;

  constructor(height: number, since: UndoNote, namespaceOf: (name: string) => Namespace | undefined) {
    this.height = height;
    this.#since = since;
    this.#namespaceOf = namespaceOf;
  }

  get(namespace: string, keys: readonly string[]): readonly (VersionedValue | undefined)[] {
    const seen = this.#reader(namespace);
    return keys.map(seen);
  }

  async *range(namespace: string, start: string, end: string): AsyncGenerator<StateEntry> {
    const keys = new Set(this.#namespaceOf(namespace)?.keysBetween(start, end));
    for (const replaced of this.#replacedSince(namespace)) {
      for (const key of replaced.keys()) if (isInRange(key, start, end)) keys.add(key);
    }
    for (const key of [...keys].sort()) {
      const found = this.#reader(namespace)(key); // again for each line, since a block may have arrived while the consumer was busy
      if (found !== undefined) yield { key, ...found };
    }
  }

  retain(): void {
    // The garbage collector counts.
  }

  release(): void {
    // The garbage collector counts.
  }

  #reader(namespace: string): (key: string) => VersionedValue | undefined {
    const current = this.#namespaceOf(namespace);
    const since = this.#replacedSince(namespace);
    // The first later block that wrote the key replaced the value that this view sees.
    return (key) => {
      for (const replaced of since) if (replaced.has(key)) return replaced.get(key);
      return current?.get(key);
    };
  }

  #replacedSince(namespace: string): readonly ReadonlyMap<string, VersionedValue | undefined>[] {
    const since: ReadonlyMap<string, VersionedValue | undefined>[] = [];
    for (let note: UndoNote | undefined = this.#since; note !== undefined; note = note.next) {
      const replaced = note.replaced.get(namespace);
      if (replaced !== undefined) since.push(replaced);
    }
    return since;
  }
}
