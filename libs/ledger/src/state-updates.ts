import type { KeyWrite, MetadataEntry, MetadataWrite, Version } from './ledger.ts';
import { namespaceOf } from './lifecycle.ts';
import type { VersionedValue } from './state-view.ts';

/** What a block leaves under one key: the last valid write, and the version it got. Absent value: deleted. */
export interface KeyUpdate {
  readonly value: Uint8Array | undefined;
  readonly version: Version;
  /** What metadata the key has now; absent: what it had before, unless it is deleted. */
  readonly metadata?: readonly MetadataEntry[];
}

/** The writes of a block's valid transactions, by namespace (chaincode) and key; of two writes to a key the later one counts. */
export class StateUpdates {
  readonly #namespaces = new Map<string, Map<string, KeyUpdate>>();

  /** Adds the writes of one valid transaction under its version. */
  add(chaincode: string, writes: readonly KeyWrite[], version: Version): void {
    const own = this.of(chaincode);
    for (const { key, value } of writes) {
      const namespace = namespaceOf(chaincode, key);
      const updates = namespace === chaincode ? own : this.of(namespace);
      updates.set(key, afterWrite(updates.get(key), value, version));
    }
  }

  /**
   * Adds metadata of one valid transaction, after its writes. The value stays and gets the new version too; under a key that
   * does not exist nothing is written, as in Fabric.
   */
  addMetadata(
    namespace: string,
    writes: readonly MetadataWrite[],
    version: Version,
    committed: (key: string) => VersionedValue | undefined,
  ): void {
    const updates = this.of(namespace);
    for (const { key, entries } of writes) {
      const found = updates.get(key) ?? committed(key);
      if (found?.value !== undefined) updates.set(key, { value: found.value, version, metadata: entries });
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

/** A write keeps the metadata that an earlier one of the block left; after a delete in the block there is none to keep. */
function afterWrite(before: KeyUpdate | undefined, value: Uint8Array | undefined, version: Version): KeyUpdate {
  if (value === undefined || before === undefined) return { value, version };
  if (before.value === undefined) return { value, version, metadata: [] };
  return before.metadata === undefined ? { value, version } : { value, version, metadata: before.metadata };
}
