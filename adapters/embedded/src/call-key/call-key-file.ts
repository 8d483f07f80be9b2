import { isCodedError } from '@medrex/coded-error';
import { privacyError } from '@medrex/privacy';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  makeTenantKeyFile,
  parseTenantKeys,
  readTenantKeys,
  type TenantKeyPlace,
} from '../patient-vault/tenant-key-file.ts';

/** File of the call key that the embedded default creates. */
export const defaultCallKeyFile = (folder: string): string => join(folder, 'call', 'call.key');

/**
 * The secret of per-transaction mode: 32 bytes from the environment, else from a configured file, else from a file that
 * the first service of a data folder creates for all of them.
 * @throws CodedError CALL_KEY_INVALID
 */
export function openCallSecret(folder: string, { env, file }: TenantKeyPlace = {}): Uint8Array {
  const isGiven = env !== undefined && env.trim() !== '';
  if (!isGiven && file === undefined) makeTenantKeyFile(defaultCallKeyFile(folder), randomBytes);
  const keys = isGiven
    ? read(() => parseTenantKeys(env, 'the environment'))
    : read(() => readTenantKeys(file ?? defaultCallKeyFile(folder)));
  const [key] = keys;
  if (key === undefined || keys.length > 1) {
    throw privacyError('callKeyInvalid', `${keys.length} call keys where there is one: it is never rotated`);
  }
  return key;
}

/** The format is that of a tenant key, but the error is CALL_KEY_INVALID. */
function read(keys: () => readonly Uint8Array[]): readonly Uint8Array[] {
  try {
    return keys();
  } catch (error) {
    if (!isCodedError(error, 'TENANT_KEY_INVALID')) throw error;
    throw privacyError('callKeyInvalid', error.message.replaceAll('tenant key', 'call key'), error.cause);
  }
}
