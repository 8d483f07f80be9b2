import type { OperationStatus, StatusStore } from '@medrex/contracts';
import { LRUCache } from 'lru-cache';
import { SharedQuestions } from './shared-questions.ts';

/** What a receipt says of an accepted operation; the same for every repeat. */
export interface KnownOperation {
  readonly opId: string;
  readonly digest: string;
  /** Its place in the promised order; unknown when only an outcome was seen of it. */
  readonly seq: number | undefined;
  readonly acceptedAtMs: number;
  /** For item 0 of a message of which every item was accepted: how many there are. */
  readonly items?: number;
  /** An operation of per-transaction mode. */
  readonly isCall?: true;
}

/** Ids in one question to the store. */
const questionMax = 2_000;

/**
 * Operations accepted before, by id: the newest in memory, all within the dedupe window in the status store. When the store does not
 * answer, a repeat is not recognised here and runs as far as its operation record on the ledger, which answers it.
 */
export class KnownOperations {
  readonly #recent: LRUCache<string, KnownOperation>;
  readonly #questions: SharedQuestions<string, OperationStatus | undefined>;
  readonly #onStoreFailure: (error: unknown) => void;

  constructor(statuses: Pick<StatusStore, 'get'>, entriesMax: number, onStoreFailure: (error: unknown) => void) {
    this.#recent = new LRUCache({ max: entriesMax });
    this.#questions = new SharedQuestions((opIds) => statuses.get(opIds), questionMax);
    this.#onStoreFailure = onStoreFailure;
  }

  note(known: KnownOperation): void {
    this.#recent.set(known.opId, known);
  }

  recent(opId: string): KnownOperation | undefined {
    return this.#recent.get(opId);
  }

  /** Behind the dedupe window nothing is known any more. */
  forget(opIds: readonly string[]): void {
    for (const opId of opIds) this.#recent.delete(opId);
  }

  /** Those that are known, by id. One question to the store for all that is not in memory. */
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
      return await this.#questions.ask(opIds);
    } catch (error) {
      this.#onStoreFailure(error);
      return [];
    }
  }
}

function knownFrom({ opId, sourceHash, seq, acceptedAtMs }: OperationStatus): KnownOperation {
  return { opId, digest: sourceHash, seq, acceptedAtMs };
}
