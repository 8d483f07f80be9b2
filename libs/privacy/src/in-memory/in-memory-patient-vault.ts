import type { Random } from '../row-sealing.ts';
import { StoredPatientVault } from '../stored-patient-vault.ts';
import { InMemoryVaultStore } from './in-memory-vault-store.ts';

export interface InMemoryPatientVaultOptions {
  /** Random bytes of the operating system. */
  readonly random: Random;
  /** Of 32 bytes, the newest first; one is made from `random` when absent, which is enough where nothing outlives the process. */
  readonly tenantKeys?: readonly Uint8Array[];
  /** Shared by the vaults that stand for several processes. */
  readonly store?: InMemoryVaultStore;
}

/** A vault that is gone with the process: for tests and for demonstrations that keep nothing. */
export class InMemoryPatientVault extends StoredPatientVault {
  constructor({ random, tenantKeys = [random(32)], store = new InMemoryVaultStore() }: InMemoryPatientVaultOptions) {
    super({ store, tenantKeys: () => tenantKeys, random });
  }
}
