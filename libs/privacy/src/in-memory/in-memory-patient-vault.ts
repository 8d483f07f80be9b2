import type { Random } from '../row-sealing.ts';
import { StoredPatientVault } from '../stored-patient-vault.ts';
import { InMemoryVaultStore } from './in-memory-vault-store.ts';

export interface InMemoryPatientVaultOptions {
  /** Random bytes of the operating system. */
  readonly random: Random;
  /**
   * Keys of 32 bytes, the newest first; if absent, one is made from `random`, which is enough if nothing outlives the
   * process.
   */
  readonly tenantKeys?: readonly Uint8Array[];
  /** Shared by vaults that represent several processes. */
  readonly store?: InMemoryVaultStore;
}

/** A vault in memory, for tests and demonstrations. */
export class InMemoryPatientVault extends StoredPatientVault {
  constructor({ random, tenantKeys = [random(32)], store = new InMemoryVaultStore() }: InMemoryPatientVaultOptions) {
    super({ store, tenantKeys: () => tenantKeys, random });
  }
}
