import { privacyError } from '../errors.ts';
import type {
  IdentifierRow,
  PatientRow,
  PatientRowState,
  SecretRow,
  StaleRows,
  TenantKeyRow,
  VaultStore,
  VaultTransaction,
} from '../vault-store.ts';
import { UndoableMap } from './undoable-map.ts';

const hex = (digest: Uint8Array): string => Buffer.from(digest).toString('hex');

/**
 * Rows in memory. Several vaults may share one store, as several processes share one file; transactions run one after
 * the other.
 */
export class InMemoryVaultStore implements VaultStore {
  readonly #rows = new InMemoryRows();
  #last: Promise<unknown> = Promise.resolve();
  #isAvailable = true;

  /** Makes the vault unavailable, or available again; for tests. */
  setAvailable(isAvailable: boolean): void {
    this.#isAvailable = isAvailable;
  }

  transaction<T>(_access: 'read' | 'write', work: (rows: VaultTransaction) => Promise<T>): Promise<T> {
    const run = this.#last.then(async () => {
      if (!this.#isAvailable) throw privacyError('vaultUnavailable', 'the vault in memory was made unavailable');
      try {
        const result = await work(this.#rows);
        this.#rows.end('keep');
        return result;
      } catch (error) {
        this.#rows.end('undo');
        throw error;
      }
    });
    this.#last = run.catch(() => undefined);
    return run;
  }

  /** Nothing to do: a replaced row is in no map any more. */
  async scrub(): Promise<void> {
    await this.#last;
  }

  async close(): Promise<void> {
    await this.#last;
  }
}

class InMemoryRows implements VaultTransaction {
  readonly #tenantKeys = new UndoableMap<readonly TenantKeyRow[]>();
  readonly #patients = new UndoableMap<PatientRow>();
  readonly #identifiers = new UndoableMap<IdentifierRow>();
  readonly #secrets = new UndoableMap<SecretRow>();

  end(how: 'keep' | 'undo'): void {
    for (const map of [this.#tenantKeys, this.#patients, this.#identifiers, this.#secrets]) map.end(how);
  }

  async tenantKeys(): Promise<readonly TenantKeyRow[]> {
    return this.#tenantKeys.get('all') ?? [];
  }

  async setTenantKeys(rows: readonly TenantKeyRow[]): Promise<void> {
    this.#tenantKeys.set('all', rows);
  }

  async identifiers(digests: readonly Uint8Array[]): Promise<readonly IdentifierRow[]> {
    return digests.flatMap((digest) => this.#identifiers.get(hex(digest)) ?? []);
  }

  async identifiersOf(pseudonyms: readonly string[]): Promise<readonly IdentifierRow[]> {
    return this.#identifiers.where(({ pseudonym }) => pseudonyms.includes(pseudonym));
  }

  async putIdentifiers(rows: readonly IdentifierRow[]): Promise<void> {
    for (const row of rows) this.#identifiers.set(hex(row.digest), row);
  }

  async dropIdentifiers(digests: readonly Uint8Array[]): Promise<void> {
    for (const digest of digests) this.#identifiers.delete(hex(digest));
  }

  async patients(pseudonyms: readonly string[]): Promise<readonly PatientRow[]> {
    return pseudonyms.flatMap((pseudonym) => this.#patients.get(pseudonym) ?? []);
  }

  async mergedInto(survivors: readonly string[]): Promise<readonly PatientRow[]> {
    return this.#patients.where(({ mergedInto }) => mergedInto !== undefined && survivors.includes(mergedInto));
  }

  async inState(states: readonly PatientRowState[]): Promise<readonly PatientRow[]> {
    return this.#patients.where(({ state }) => states.includes(state));
  }

  async putPatients(rows: readonly PatientRow[]): Promise<void> {
    for (const row of rows) this.#patients.set(row.pseudonym, row);
  }

  async secret(name: string): Promise<SecretRow | undefined> {
    return this.#secrets.get(name);
  }

  async putSecrets(rows: readonly SecretRow[]): Promise<void> {
    for (const row of rows) this.#secrets.set(row.name, row);
  }

  async notUnder(keyId: string, limit: number): Promise<StaleRows> {
    return {
      patients: this.#patients.where(({ wrapped }) => wrapped !== undefined && wrapped.keyId !== keyId).slice(0, limit),
      identifiers: this.#identifiers.where((row) => row.keyId !== keyId).slice(0, limit),
      secrets: this.#secrets.where((row) => row.keyId !== keyId).slice(0, limit),
    };
  }
}
