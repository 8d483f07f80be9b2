import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defaultTenantKeyFile, openEmbeddedVault, tenantKeyFrom, type TenantKeyPlace } from '@medrex/embedded';
import { postgresIsConfigured, storesVariables } from '@medrex/ingest';
import { PostgresPatientVault, postgresPoolOptions, type PostgresPoolOptions } from '@medrex/postgres';
import type { PatientVault } from '@medrex/privacy';
import { z } from 'zod';
import { UsageError } from '../terminal/usage-error.ts';

/** Opens the existing vault that ingest uses with this environment and data folder. */
export async function openVault(dataDir: string, env: NodeJS.ProcessEnv = process.env): Promise<PatientVault> {
  const postgres = configuredPostgres(env);
  if (postgres !== undefined) {
    const { pool, schema } = postgres;
    return PostgresPatientVault.openAlone(pool, { schema, tenantKeys: tenantKeyFrom(configured(env)), mayMake: false });
  }
  const folder = vaultFolder(dataDir);
  if (!existsSync(folder))
    throw new UsageError(
      `there is no vault in ${dataDir}`,
      'Name the data folder of the running services with --data.',
    );
  const { vault } = await openEmbeddedVault(folder, configured(env), false);
  return vault;
}

/** Location of the tenant key: from the environment, otherwise the key file created by the first start. */
export function tenantKeyPlace(dataDir: string): TenantKeyPlace {
  const { env, file = defaultTenantKeyFile(vaultFolder(dataDir)) } = configured(process.env);
  return env === undefined || env.trim() === '' ? { file } : { env };
}

/** The PostgreSQL configuration of the vault; undefined when the vault is in files. @throws UsageError */
export function configuredPostgres(
  env: NodeJS.ProcessEnv = process.env,
): { readonly pool: PostgresPoolOptions; readonly schema: string } | undefined {
  const parsed = z
    .object(storesVariables)
    .refine(...postgresIsConfigured)
    .safeParse(env);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new UsageError(wrong.join('; '), 'Run this command with the environment of ingest.');
  }
  const pool = parsed.data.MEDREX_STORES === 'postgres' ? postgresPoolOptions(parsed.data) : undefined;
  return pool && { pool, schema: parsed.data.MEDREX_POSTGRES_SCHEMA };
}

function configured(env: NodeJS.ProcessEnv): TenantKeyPlace {
  return { env: env['MEDREX_TENANT_KEY'], file: env['MEDREX_TENANT_KEY_FILE'] };
}

/** Folder of the vault in a data folder. */
export const vaultFolder = (dataDir: string): string => join(dataDir, 'vault');
