import type { StateKey } from '@medrex/keys';

/** The last write: a value, or undefined for a delete. */
export type Written = Uint8Array | undefined;

/** A savepoint: the number of writes made before it. */
export type Savepoint = number & { readonly [savepoint]: true };
declare const savepoint: unique symbol;

const untouched = Symbol('untouched');

/**
 * Writes of one Fabric transaction before they reach the ledger, so that later operations see them; in Fabric's own
 * simulation a transaction does not see its writes. With an undo log, a rollback costs only what was written since the
 * savepoint.
 */
export class Overlay {
  readonly #writes = new Map<StateKey, Written>();
  readonly #undo: { readonly key: StateKey; readonly before: Written | typeof untouched }[] = [];

  has(key: StateKey): boolean {
    return this.#writes.has(key);
  }

  /** The value written; undefined for a delete and for a key that was not written. */
  get(key: StateKey): Written {
    return this.#writes.get(key);
  }

  set(key: StateKey, value: Written): void {
    this.#undo.push({ key, before: this.#writes.has(key) ? this.#writes.get(key) : untouched });
    this.#writes.set(key, value);
  }

  savepoint(): Savepoint {
    return this.#undo.length as Savepoint;
  }

  /** Undoes every write since the savepoint. */
  rollBack(to: Savepoint): void {
    while (this.#undo.length > to) {
      const last = this.#undo.pop();
      if (last === undefined) return;
      if (last.before === untouched) this.#writes.delete(last.key);
      else this.#writes.set(last.key, last.before);
    }
  }

  /** The writes of the whole transaction, each key once, in the order of first writes that were not rolled back. */
  writes(): Iterable<readonly [StateKey, Written]> {
    return this.#writes;
  }
}
