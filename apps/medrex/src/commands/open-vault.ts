import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openEmbeddedVault, type EmbeddedPatientVault } from '@medrex/embedded';
import { UsageError } from '../terminal/usage-error.ts';

/** The vault of a data folder, with the key that the environment names as it does for ingest; it must be there already. */
export async function openVault(dataDir: string): Promise<EmbeddedPatientVault> {
  const folder = join(dataDir, 'vault');
  if (!existsSync(folder))
    throw new UsageError(
      `there is no vault in ${dataDir}`,
      'Name the data folder of the running services with --data.',
    );
  const { vault } = await openEmbeddedVault(
    folder,
    { env: process.env['MEDREX_TENANT_KEY'], file: process.env['MEDREX_TENANT_KEY_FILE'] },
    false,
  );
  return vault;
}
