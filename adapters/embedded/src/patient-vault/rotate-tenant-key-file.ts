import { keyBytes, type PatientVault } from '@medrex/privacy';
import { randomBytes } from 'node:crypto';
import { readTenantKeys, writeTenantKeyFile } from './tenant-key-file.ts';

/**
 * Rotates the vault to a new key and leaves only that key in the file. Meanwhile the file contains both, the new one
 * first, and running processes read it when they find a row under an unknown key. After an interruption the file still
 * contains both, and the next call continues with the first instead of creating another one.
 */
export async function rotateTenantKeyFile(vault: PatientVault, file: string): Promise<{ readonly rows: number }> {
  const keys = readTenantKeys(file);
  const [newest] = keys;
  const next = newest !== undefined && keys.length > 1 ? newest : randomBytes(keyBytes);
  if (keys.length === 1) writeTenantKeyFile(file, [next, ...keys], randomBytes);
  const rotated = await vault.rotateTenantKey(next);
  writeTenantKeyFile(file, [next], randomBytes);
  return rotated;
}
