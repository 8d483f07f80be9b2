import type { OperationStatus, StatusStore } from '@medrex/contracts';
import { LRUCache } from 'lru-cache';
import { BatchedLookups } from './batched-lookups.ts';

/** The facts in the receipt of an accepted operation; the same for every repeat. */
export interface KnownOperation {
  readonly opId: string;
  readonly digest: string;
  /** Its position in the promised order; undefined when only its outcome is known. */
  readonly seq: number | undefined;
  readonly acceptedAtMs: number;
  /** On item 0 of a fully accepted message: the number of its items. */
  readonly items?: number;
  /** Set for an operation of per-transaction mode. */
  readonly isCall?: true;
}

/** Maximum ids in one query of the store. */
const queryMax = 2_000;

/**
 * Accepted operations by id: the newest in memory, all within the dedupe window in the status store. When the store is unavailable,
 * a repeat is not recognised here, but on the ledger by its operation record.
 */
export class KnownOperations {
  readonly #recent: LRUCache<string, KnownOperation>;
  readonly #lookups: BatchedLookups<string, OperationStatus | undefined>;
  readonly #onStoreFailure: (error: unknown) => void;

  constructor(statuses: Pick<StatusStore, 'get'>, entriesMax: number, onStoreFailure: (error: unknown) => void) {
    this.#recent = new LRUCache({ max: entriesMax });
    this.#lookups = new BatchedLookups((opIds) => statuses.get(opIds), queryMax);
    this.#onStoreFailure = onStoreFailure;
  }

  add(known: KnownOperation): void {
    this.#recent.set(known.opId, known);
  }

  recent(opId: string): KnownOperation | undefined {
    return this.#recent.get(opId);
  }

  /** Forgets operations that have left the dedupe window. */
  forget(opIds: readonly string[]): void {
    for (const opId of opIds) this.#recent.delete(opId);
  }

  /** The known ones of the given operations, by id. Those not in memory are looked up with one query. */
  async find(opIds: readonly string[]): Promise<ReadonlyMap<string, KnownOperation>> {
    const found = new Map<string, KnownOperation>();
    const rest: string[] = [];
    for (const opId of opIds) {
      const known = this.#recent.get(opId);
      if (known === undefined) rest.push(opId);
      else found.set(opId, known);
    }
    for (const status of await this.#stored(rest)) if (status !== undefined) found.set(status.opId, knownFrom(status));
    return found;
  }

  async #stored(opIds: readonly string[]): Promise<readonly (OperationStatus | undefined)[]> {
    if (opIds.length === 0) return [];
    try {
      return await this.#lookups.find(opIds);
    } catch (error) {
      this.#onStoreFailure(error);
      return [];
    }
  }
}

function knownFrom({ opId, sourceHash, seq, acceptedAtMs }: OperationStatus): KnownOperation {
  return { opId, digest: sourceHash, seq, acceptedAtMs };
}
