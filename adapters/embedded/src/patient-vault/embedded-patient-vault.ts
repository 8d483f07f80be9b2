import { privacyError, StoredPatientVault, type TenantKeySource } from '@medrex/privacy';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SqliteVaultStore } from './sqlite-vault-store.ts';
import { makeTenantKeyFile, tenantKeyFrom, type TenantKeyPlace } from './tenant-key-file.ts';

const vaultFile = (folder: string): string => join(folder, 'vault.db');

/** File of the tenant key that the embedded default creates. */
export const defaultTenantKeyFile = (folder: string): string => join(folder, 'tenant.key');

export interface EmbeddedPatientVaultOptions {
  /** The vault's own folder (mode 0700), e.g. `<data>/vault`. */
  readonly folder: string;
  readonly tenantKeys: TenantKeySource;
  /** False if a vault must already exist: a new one would give every patient a new pseudonym. */
  readonly mayMake?: boolean;
}

/** The patient vault on one machine: one SQLite file, used by any number of processes. */
export class EmbeddedPatientVault extends StoredPatientVault {
  /** @throws CodedError VAULT_MISSING, VAULT_UNREADABLE, VAULT_UNAVAILABLE, TENANT_KEY_INVALID. */
  static async open({
    folder,
    tenantKeys,
    mayMake = true,
  }: EmbeddedPatientVaultOptions): Promise<EmbeddedPatientVault> {
    const store = await SqliteVaultStore.open(vaultFile(folder), mayMake);
    try {
      return new EmbeddedPatientVault({ store, tenantKeys, random: randomBytes });
    } catch (error) {
      await store.close();
      throw error;
    }
  }
}

export interface OpenedEmbeddedVault {
  readonly vault: EmbeddedPatientVault;
  /** A notice to print at the start, e.g. that a key file was created and where. */
  readonly notice: string | undefined;
}

/**
 * Opens the vault of a data folder with the configured key. Without one, a key file is created together with a new
 * vault. For an existing vault a missing key is an error, since a new one could open nothing.
 * @throws CodedError VAULT_KEY_MISSING, and errors of `EmbeddedPatientVault.open`
 */
export async function openEmbeddedVault(
  folder: string,
  place: TenantKeyPlace = {},
  mayMake = true,
): Promise<OpenedEmbeddedVault> {
  const isGiven = (place.env !== undefined && place.env.trim() !== '') || place.file !== undefined;
  if (isGiven)
    return {
      vault: await EmbeddedPatientVault.open({ folder, tenantKeys: tenantKeyFrom(place), mayMake }),
      notice: undefined,
    };
  const file = defaultTenantKeyFile(folder);
  const isMade = mayMake && !existsSync(vaultFile(folder)) && makeTenantKeyFile(file, randomBytes);
  if (!existsSync(file)) {
    if (!existsSync(vaultFile(folder))) throw privacyError('vaultMissing', `there is no vault in ${folder}`);
    throw privacyError(
      'vaultKeyMissing',
      `the vault in ${folder} has no tenant key: ${file} is missing and none is configured`,
    );
  }
  const vault = await EmbeddedPatientVault.open({ folder, tenantKeys: tenantKeyFrom({ file }), mayMake });
  return { vault, notice: isMade ? madeKeyNotice(file) : undefined };
}

function madeKeyNotice(file: string): string {
  return `Created a tenant key in ${file} (mode 0600). With the key and the vault every patient can be identified. For real data, keep the key elsewhere (MEDREX_TENANT_KEY or MEDREX_TENANT_KEY_FILE).`;
}
