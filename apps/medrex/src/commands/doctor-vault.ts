import { isCodedError } from '@medrex/coded-error';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Finding } from './doctor.ts';
import { configuredPostgres, openVault, vaultFolder } from './open-vault.ts';

const check = 'vault';
const noneYet: Finding = { check, verdict: 'ok', found: 'none yet; the first start makes it' };

/** Opens the vault with the tenant key that ingest would take, also while ingest runs; neither is made here. */
export async function lookAtVault(folder: string): Promise<Finding> {
  const dataDir = resolve(folder);
  let isInFiles = true;
  try {
    isInFiles = configuredPostgres() === undefined;
    if (isInFiles && !existsSync(vaultFolder(dataDir))) return noneYet;
    const vault = await openVault(dataDir);
    try {
      await vault.tenantSubjectKey(); // every vault has this row from the first start on; another tenant key does not open it
    } finally {
      await vault.close();
    }
    return { check, verdict: 'ok', found: 'opens with its tenant key' };
  } catch (error) {
    if (!isInFiles && isCodedError(error, 'VAULT_MISSING')) return noneYet;
    const found = error instanceof Error ? error.message : String(error);
    const told = error instanceof Error && 'remedy' in error ? String(error.remedy) : undefined;
    return { check, verdict: 'problem', found, remedy: told ?? 'Restore the folder vault from its backup.' };
  }
}
