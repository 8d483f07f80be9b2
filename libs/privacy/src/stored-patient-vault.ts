import type { PatientIdentifier } from '@medrex/contracts';
import { privacyError } from './errors.ts';
import { findOnly, findOrMake } from './find-or-create.ts';
import type { Destroyed, ErasureTarget, PatientVault, VaultLookup, VaultPatient } from './patient-vault.ts';
import { rowSealing, rowSealingOrNew, type Random, type RowSealing } from './row-sealing.ts';
import { TenantKeyRing, type TenantKeySource } from './tenant-key-ring.ts';
import { TenantKey } from './tenant-key.ts';
import { destroyKeys, markErased, markErasing } from './vault-erasure.ts';
import { recordMerge } from './vault-merge.ts';
import { rotate } from './vault-rotation.ts';
import type { VaultStore, VaultTransaction } from './vault-store.ts';

const pseudonymBytes = 16;

export interface StoredPatientVaultOptions {
  readonly store: VaultStore;
  /** Tenant keys of 32 bytes, the newest first; asked again when the vault uses one that was not among them. */
  readonly tenantKeys: TenantKeySource;
  /** Random bytes of the operating system. */
  readonly random: Random;
}

/** The patient vault over any store of rows: the rules stand here, an adapter brings the rows. */
export class StoredPatientVault implements PatientVault {
  readonly #store: VaultStore;
  readonly #ring: TenantKeyRing;
  readonly #random: Random;

  constructor({ store, tenantKeys, random }: StoredPatientVaultOptions) {
    this.#store = store;
    this.#ring = new TenantKeyRing(tenantKeys);
    this.#random = random;
  }

  async findOrCreate(lookups: readonly (readonly PatientIdentifier[])[]): Promise<readonly VaultLookup[]> {
    if (lookups.some((identifiers) => identifiers.length === 0)) {
      throw privacyError('patientUnidentified', 'a patient was looked up without an identifier');
    }
    const known = await this.#read((rows, sealing) => findOnly(rows, sealing, lookups));
    return (
      known ??
      this.#write((rows, sealing) =>
        findOrMake(rows, sealing, lookups, () => Buffer.from(this.#random(pseudonymBytes)).toString('hex')),
      )
    );
  }

  byPseudonym(pseudonym: string): Promise<VaultPatient | undefined> {
    return this.#read(async (rows, sealing) => {
      const [row] = await rows.patients([pseudonym]);
      return row === undefined ? undefined : sealing.openPatient(row);
    });
  }

  identityKey(channel: string): Promise<Uint8Array> {
    return this.#secret(`identity key of ${channel}`);
  }

  tenantSubjectKey(): Promise<Uint8Array> {
    return this.#secret('tenant subject key');
  }

  merged(pseudonym: string, survivor: string): Promise<void> {
    return this.#write((rows) => recordMerge(rows, pseudonym, survivor));
  }

  startErasure(target: ErasureTarget): Promise<readonly string[] | undefined> {
    return this.#write((rows, sealing) => markErasing(rows, sealing, target));
  }

  async finishErasure(pseudonyms: readonly string[]): Promise<Destroyed> {
    const { dataKeys, identifiers, secrets, isResumed } = await this.#write((rows) => destroyKeys(rows, pseudonyms));
    await this.#store.scrub(secrets, isResumed);
    await this.#write((rows) => markErased(rows, pseudonyms));
    return { dataKeys, identifiers };
  }

  async pendingErasures(): Promise<readonly string[]> {
    const pending = await this.#store.transaction('read', (rows) => rows.inState(['erasing', 'destroyed']));
    return pending.map(({ pseudonym }) => pseudonym);
  }

  rotateTenantKey(next: Uint8Array): Promise<{ readonly rows: number }> {
    return rotate({ store: this.#store, ring: this.#ring, random: this.#random }, new TenantKey(next));
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #secret(name: string): Promise<Uint8Array> {
    const known = await this.#read(async (rows, sealing) => {
      const row = await rows.secret(name);
      return row && sealing.openSecret(row);
    });
    if (known) return known;
    return this.#write(async (rows, sealing) => {
      const row = (await rows.secret(name)) ?? sealing.secret(name);
      await rows.putSecrets([row]);
      return sealing.openSecret(row);
    });
  }

  /** `undefined` also for a vault that holds nothing yet. */
  #read<T>(work: (rows: VaultTransaction, sealing: RowSealing) => Promise<T | undefined>): Promise<T | undefined> {
    return this.#store.transaction('read', async (rows) => {
      const sealing = await rowSealing(rows, this.#ring, this.#random);
      return sealing && work(rows, sealing);
    });
  }

  #write<T>(work: (rows: VaultTransaction, sealing: RowSealing) => Promise<T>): Promise<T> {
    return this.#store.transaction('write', async (rows) =>
      work(rows, await rowSealingOrNew(rows, this.#ring, this.#random)),
    );
  }
}
