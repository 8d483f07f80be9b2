import { isCodedError } from '@medrex/coded-error';
import { serverFacts } from '@medrex/postgres';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Finding } from './doctor.ts';
import { configuredPostgres, openVault, vaultFolder } from './open-vault.ts';

const check = 'vault';
const noneYet: Finding = { check, verdict: 'ok', found: 'none yet; the first start creates it' };

/** Opens the vault with the tenant key of ingest, also while ingest runs. Creates neither vault nor key. */
export async function checkVault(folder: string): Promise<Finding> {
  const dataDir = resolve(folder);
  let isInFiles = true;
  try {
    isInFiles = configuredPostgres() === undefined;
    if (isInFiles && !existsSync(vaultFolder(dataDir))) return noneYet;
    const vault = await openVault(dataDir);
    try {
      await vault.tenantSubjectKey(); // every vault has this row, which only the right tenant key can open
    } finally {
      await vault.close();
    }
    return { check, verdict: 'ok', found: 'opens with its tenant key' };
  } catch (error) {
    if (!isInFiles && isCodedError(error, 'VAULT_MISSING')) return noneYet;
    const found = error instanceof Error ? error.message : String(error);
    const knownRemedy = error instanceof Error && 'remedy' in error ? String(error.remedy) : undefined;
    return { check, verdict: 'problem', found, remedy: knownRemedy ?? 'Restore the folder vault from its backup.' };
  }
}

/** Checks the durability settings of the vault's database; nothing for a vault in files, or one that cannot be opened (reported by the vault check). */
export async function checkDatabase(): Promise<readonly Finding[]> {
  const about = 'PostgreSQL';
  try {
    const postgres = configuredPostgres();
    if (postgres === undefined) return [];
    const { version, isDurable, clearsLog } = await serverFacts(postgres.pool);
    const found = `${version} at ${postgres.pool.shownAs}`;
    if (!isDurable) {
      const remedy = 'Turn fsync and full_page_writes on: a crash could lose pseudonyms that the ledger has.';
      return [{ check: about, verdict: 'problem', found: `${found} may lose committed data`, remedy }];
    }
    if (clearsLog) return [{ check: about, verdict: 'ok', found: `${found}; an erasure clears its write-ahead log` }];
    const remedy = 'See docs/how-to/postgres.md; until the log is gone it counts as a backup (medrex vault rotate).';
    return [
      { check: about, verdict: 'warning', found: `${found}; an erasure cannot clear its write-ahead log`, remedy },
    ];
  } catch {
    return [];
  }
}
