import { privacyError } from './errors.ts';
import { TenantKey } from './tenant-key.ts';

/** Gives the tenant keys that there are now, the newest first: more than one while a rotation is under way. */
export type TenantKeySource = () => readonly Uint8Array[];

/**
 * Tenant keys by id. A key that is not there is asked for once more from the source, so a process that was running
 * while another one rotated the vault finds the new key in the mounted file without a restart.
 */
export class TenantKeyRing {
  readonly #source: TenantKeySource;
  readonly #keys = new Map<string, TenantKey>();

  constructor(source: TenantKeySource) {
    this.#source = source;
    this.#load();
  }

  /** @throws CodedError VAULT_KEY_MISSING. */
  get(id: string): TenantKey {
    if (!this.#keys.has(id)) this.#load();
    const key = this.#keys.get(id);
    if (!key)
      throw privacyError('vaultKeyMissing', `the vault uses tenant key ${id}, which this process was not given`);
    return key;
  }

  /** The key that a new vault starts with. */
  newest(): TenantKey {
    for (const key of this.#keys.values()) return key;
    throw privacyError('vaultKeyMissing', 'no tenant key was given');
  }

  add(key: TenantKey): void {
    this.#keys.set(key.id, key);
  }

  #load(): void {
    for (const bytes of this.#source()) this.add(new TenantKey(bytes));
  }
}
