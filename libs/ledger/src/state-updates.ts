import type { KeyWrite, Version } from './ledger.ts';
import { namespaceOf } from './lifecycle.ts';

/** What a block leaves under one key: the last valid write, and the version it got. Absent value: deleted. */
export interface KeyUpdate {
  readonly value: Uint8Array | undefined;
  readonly version: Version;
}

/** The writes of a block's valid transactions, by namespace (chaincode) and key; of two writes to a key the later stands. */
export class StateUpdates {
  readonly #namespaces = new Map<string, Map<string, KeyUpdate>>();

  /** Adds the writes of one valid transaction under its version. */
  add(chaincode: string, writes: readonly KeyWrite[], version: Version): void {
    const own = this.of(chaincode);
    for (const { key, value } of writes) {
      const namespace = namespaceOf(chaincode, key);
      (namespace === chaincode ? own : this.of(namespace)).set(key, { value, version });
    }
  }

  get(namespace: string, key: string): KeyUpdate | undefined {
    return this.#namespaces.get(namespace)?.get(key);
  }

  /** The updates of one namespace, made when there are none. */
  of(namespace: string): Map<string, KeyUpdate> {
    let updates = this.#namespaces.get(namespace);
    if (updates === undefined) {
      updates = new Map();
      this.#namespaces.set(namespace, updates);
    }
    return updates;
  }

  /** The namespaces that were written, with their updates. */
  namespaces(): IterableIterator<[string, Map<string, KeyUpdate>]> {
    return this.#namespaces.entries();
  }
}
