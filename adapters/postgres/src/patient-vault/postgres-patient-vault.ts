import { StoredPatientVault, type TenantKeySource } from '@medrex/privacy';
import { randomBytes } from 'node:crypto';
import { PostgresPool, type PostgresPoolOptions } from '../pool/postgres-pool.ts';
import { PostgresVaultStore } from './postgres-vault-store.ts';

export interface PostgresPatientVaultOptions {
  readonly schema: string;
  readonly tenantKeys: TenantKeySource;
  /** False where a vault must be there already: a second one would name every patient anew. */
  readonly mayMake?: boolean;
}

/** The patient vault of any number of ingest instances: one schema of one PostgreSQL database. */
export class PostgresPatientVault extends StoredPatientVault {
  /**
   * @param pool shared with others; it is not closed with the vault.
   * @throws CodedError VAULT_MISSING, VAULT_UNAVAILABLE, TENANT_KEY_INVALID, POSTGRES_SCHEMA_UNKNOWN.
   */
  static async open(
    pool: PostgresPool,
    { schema, tenantKeys, mayMake = true }: PostgresPatientVaultOptions,
  ): Promise<PostgresPatientVault> {
    const store = await PostgresVaultStore.open({ pool, schema, mayMake });
    return new PostgresPatientVault({ store, tenantKeys, random: randomBytes });
  }

  /** With a pool of its own, which is closed with the vault: for tools that need nothing else of the database. */
  static async openAlone(
    pool: PostgresPoolOptions,
    options: PostgresPatientVaultOptions,
  ): Promise<PostgresPatientVault> {
    const own = new PostgresPool(pool);
    try {
      const vault = await PostgresPatientVault.open(own, options);
      const close = vault.close.bind(vault);
      vault.close = async () => {
        await close();
        await own.close();
      };
      return vault;
    } catch (error) {
      await own.close();
      throw error;
    }
  }
}
