import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Finding } from './doctor.ts';
import { openVault, vaultFolder } from './open-vault.ts';

/** Opens the vault of a data folder with the tenant key that ingest would take, also while ingest runs; neither is made here. */
export async function lookAtVault(folder: string): Promise<Finding> {
  const check = 'vault';
  const dataDir = resolve(folder);
  if (!existsSync(vaultFolder(dataDir))) return { check, verdict: 'ok', found: 'none yet; the first start makes it' };
  try {
    const vault = await openVault(dataDir);
    try {
      await vault.tenantSubjectKey(); // every vault has this row from the first start on; another tenant key does not open it
    } finally {
      await vault.close();
    }
    return { check, verdict: 'ok', found: 'opens with its tenant key' };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    const told = error instanceof Error && 'remedy' in error ? String(error.remedy) : undefined;
    return { check, verdict: 'problem', found, remedy: told ?? 'Restore the folder vault from its backup.' };
  }
}
