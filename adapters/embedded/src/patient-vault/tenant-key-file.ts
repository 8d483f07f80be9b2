import { keyBytes, privacyError, type Random, type TenantKeySource } from '@medrex/privacy';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from '../folders/make-folder.ts';

/**
 * The source of the tenant key: the environment takes precedence over a file. Several keys are given newest first,
 * separated by white space or a comma.
 */
export interface TenantKeyPlace {
  /** Value of the environment variable, if it is set. */
  readonly env?: string | undefined;
  /** A mounted secret, or the file that the embedded default creates. */
  readonly file?: string | undefined;
}

/** Reads the keys at each call, since a mounted file may change by a rotation. */
export function tenantKeyFrom({ env, file }: TenantKeyPlace): TenantKeySource {
  if (env !== undefined && env.trim() !== '') {
    const keys = parseTenantKeys(env, 'the environment');
    return () => keys;
  }
  if (file === undefined) throw privacyError('tenantKeyInvalid', 'no tenant key: neither a value nor a file was given');
  return () => readTenantKeys(file);
}

/** @throws CodedError TENANT_KEY_INVALID; the message never quotes the text */
export function parseTenantKeys(text: string, from: string): readonly Uint8Array[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  if (words.length === 0) throw privacyError('tenantKeyInvalid', `${from} holds no tenant key`);
  return words.map((word, at) => {
    const bytes = /^[0-9a-f]{64}$/i.test(word) ? Buffer.from(word, 'hex') : Buffer.from(word, 'base64');
    const isExact = /^([0-9a-f]{64}|[\w+/-]{43}=?)$/i.test(word);
    if (!isExact || bytes.length !== keyBytes) {
      throw privacyError(
        'tenantKeyInvalid',
        `tenant key ${at + 1} of ${from} is not ${keyBytes} bytes in hex or base64`,
      );
    }
    return bytes;
  });
}

/** @throws CodedError TENANT_KEY_INVALID. */
export function readTenantKeys(file: string): readonly Uint8Array[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw privacyError('tenantKeyInvalid', `the tenant key file ${file} cannot be read`, cause);
  }
  return parseTenantKeys(text, `the tenant key file ${file}`);
}

/**
 * Creates a key file (mode 0600) unless there is one; of two concurrent processes one creates it. Returns whether it
 * did.
 */
export function makeTenantKeyFile(file: string, random: Random): boolean {
  if (existsSync(file)) return false;
  makeFolder(dirname(file), { mode: 0o700 });
  const draft = writeDraft(file, [random(keyBytes)], random);
  try {
    linkSync(draft, file); // unlike a rename it fails if the file exists
    return true;
  } catch (error) {
    if (existsSync(file)) return false;
    throw error;
  } finally {
    rmSync(draft);
    syncFolder(file);
  }
}

/** Replaces the key file atomically: at any moment it has the old keys or the new ones. */
export function writeTenantKeyFile(file: string, keys: readonly Uint8Array[], random: Random): void {
  renameSync(writeDraft(file, keys, random), file);
  syncFolder(file);
}

function writeDraft(file: string, keys: readonly Uint8Array[], random: Random): string {
  const draft = join(dirname(file), `.tenant-key-${Buffer.from(random(8)).toString('hex')}`);
  const handle = openSync(draft, 'wx', 0o600);
  try {
    writeSync(handle, keys.map((key) => `${Buffer.from(key).toString('hex')}\n`).join(''));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  return draft;
}

function syncFolder(file: string): void {
  const folder = openSync(dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
