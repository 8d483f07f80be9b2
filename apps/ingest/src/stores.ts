import type { StatusStore } from '@medrex/contracts';
import { EmbeddedStatusStore, openEmbeddedVault, tenantKeyFrom, type TenantKeyPlace } from '@medrex/embedded';
import { postgresPoolOptions, type PostgresPoolOptions } from '@medrex/postgres/variables';
import type { PatientVault } from '@medrex/privacy';
import { poolObserver, type Telemetry } from '@medrex/telemetry';
import { join } from 'node:path';
import type { IngestConfig } from './config.ts';

/** Status store and vault, and how to close them. */
export interface OpenedStores {
  readonly statuses: StatusStore;
  readonly vault: PatientVault;
  close(): Promise<void>;
}

/** Opens the stores chosen by MEDREX_STORES. @param mayMakeVault false when operations exist, which use pseudonyms of an existing vault */
export function openStores(config: IngestConfig, telemetry: Telemetry, mayMakeVault: boolean): Promise<OpenedStores> {
  const pool = config.MEDREX_STORES === 'postgres' ? postgresPoolOptions(config) : undefined;
  return pool === undefined ? inFiles(config, mayMakeVault) : inPostgres(config, pool, telemetry, mayMakeVault);
}

async function inFiles(config: IngestConfig, mayMake: boolean): Promise<OpenedStores> {
  const folder = config.MEDREX_DATA_DIR;
  const { vault, notice } = await openEmbeddedVault(join(folder, 'vault'), tenantKeyPlace(config), mayMake);
  // The notice contains a file path, which log fields must not; it is for whoever starts ingest by hand.
  if (notice !== undefined) process.stderr.write(`${notice}\n`);
  const statuses = new EmbeddedStatusStore({ file: join(folder, 'status', 'status.sqlite') });
  return { statuses, vault, close: () => closeAll(statuses, vault) };
}

/** Opens the stores in PostgreSQL. The tenant key must be given, since each instance would create another one. */
async function inPostgres(
  config: IngestConfig,
  options: PostgresPoolOptions,
  telemetry: Telemetry,
  mayMake: boolean,
): Promise<OpenedStores> {
  const { PostgresPatientVault, PostgresPool, PostgresStatusStore } = await import('@medrex/postgres');
  const schema = config.MEDREX_POSTGRES_SCHEMA;
  const tenantKeys = tenantKeyFrom(tenantKeyPlace(config));
  const pool = new PostgresPool(options);
  poolObserver(telemetry.metrics)(pool);
  try {
    const vault = await PostgresPatientVault.open(pool, { schema, tenantKeys, mayMake });
    const statuses = await PostgresStatusStore.open({ pool, schema });
    telemetry.log.info({ address: options.shownAs }, 'status store and vault are in PostgreSQL');
    return { statuses, vault, close: () => closeAll(statuses, vault, pool) };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

function tenantKeyPlace(config: IngestConfig): TenantKeyPlace {
  return { env: config.MEDREX_TENANT_KEY?.reveal(), file: config.MEDREX_TENANT_KEY_FILE };
}

async function closeAll(...closing: readonly { close(): Promise<void> }[]): Promise<void> {
  for (const one of closing) await one.close();
}
