import { resolve } from 'node:path';
import { rotateTenantKeyFile, tenantKeyFrom, type TenantKeyPlace } from '@medrex/embedded';
import type { PatientVault } from '@medrex/privacy';
import { Progress } from '../terminal/progress.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { openVault, tenantKeyPlace } from './open-vault.ts';

/** `medrex vault rotate`: re-encrypts the vault under another tenant key, also while ingest runs. Returns the exit code. */
export async function vaultRotate(flags: { readonly data: string; readonly json: boolean }): Promise<number> {
  const dataDir = resolve(flags.data);
  const vault = await openVault(dataDir);
  const progress = new Progress(() => 're-encrypting the rows of the vault under the new key');
  try {
    const place = tenantKeyPlace(dataDir);
    const { rows } = await rotate(vault, place);
    progress.done();
    console.log(
      flags.json ? JSON.stringify({ rows }) : `${rows} rows are encrypted under the new tenant key. ${after(place)}`,
    );
    return 0;
  } finally {
    progress.done();
    await vault.close();
  }
}

/** Rotates the key. A key file is rewritten; keys in the environment must be changed there. */
function rotate(vault: PatientVault, { env, file }: TenantKeyPlace): Promise<{ readonly rows: number }> {
  if (env === undefined) return rotateTenantKeyFile(vault, file ?? '');
  const [next, old] = tenantKeyFrom({ env })();
  if (next !== undefined && old !== undefined) return vault.rotateTenantKey(next);
  throw new UsageError(
    'MEDREX_TENANT_KEY holds one key, but a rotation needs the new and the old one',
    'Set it to "<new key> <old key>" for every ingest and for this command; `openssl rand -hex 32` generates a key.',
  );
}

function after({ env, file }: TenantKeyPlace): string {
  const where = env === undefined ? `The new key is in ${file ?? ''}.` : 'Remove the old key from MEDREX_TENANT_KEY.';
  return `${where} Erasures are complete in backups of the vault once the old key is destroyed.`;
}
