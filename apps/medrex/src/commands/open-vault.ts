import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  defaultTenantKeyFile,
  openEmbeddedVault,
  type EmbeddedPatientVault,
  type TenantKeyPlace,
} from '@medrex/embedded';
import { UsageError } from '../terminal/usage-error.ts';

/** The vault of a data folder, with the key that the environment names as it does for ingest; it must be there already. */
export async function openVault(dataDir: string): Promise<EmbeddedPatientVault> {
  const folder = vaultFolder(dataDir);
  if (!existsSync(folder))
    throw new UsageError(
      `there is no vault in ${dataDir}`,
      'Name the data folder of the running services with --data.',
    );
  const { vault } = await openEmbeddedVault(folder, configured(), false);
  return vault;
}

/** Where the tenant key of a data folder stands: as the environment says, else in the file that the first start made. */
export function tenantKeyPlace(dataDir: string): TenantKeyPlace {
  const { env, file = defaultTenantKeyFile(vaultFolder(dataDir)) } = configured();
  return env === undefined || env.trim() === '' ? { file } : { env };
}

function configured(): TenantKeyPlace {
  return { env: process.env['MEDREX_TENANT_KEY'], file: process.env['MEDREX_TENANT_KEY_FILE'] };
}

/** Where the vault of a data folder lies. */
export const vaultFolder = (dataDir: string): string => join(dataDir, 'vault');
