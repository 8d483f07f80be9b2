import type { PatientIdentifier } from '@medrex/contracts';
import { privacyError } from './errors.ts';
import type { KnownPatient, VaultPatient } from './patient-vault.ts';
import type { TenantKeyRing } from './tenant-key-ring.ts';
import { keyBytes, wrapNonceBytes, type TenantKey } from './tenant-key.ts';
import type { IdentifierRow, PatientRow, SecretRow, VaultTransaction } from './vault-store.ts';

/** Random bytes from the operating system; an argument here, since libs/ have no randomness of their own. */
export type Random = (size: number) => Uint8Array;

/** What rows are sealed and opened with during one transaction. */
export class RowSealing {
  /** The key that new rows stand under. */
  readonly current: TenantKey;
  /** Every tenant key that rows stand under, the current one among them. */
  readonly keys: readonly TenantKey[];
  readonly #random: Random;

  constructor(current: TenantKey, keys: readonly TenantKey[], random: Random) {
    this.current = current;
    this.keys = keys;
    this.#random = random;
  }

  /** A new patient's row with a new data key. */
  newPatient(pseudonym: string): PatientRow {
    return this.patient({ pseudonym, state: 'active' }, this.#random(keyBytes));
  }

  /** The row with its data key wrapped under the current tenant key. */
  patient(row: PatientRow, dataKey: Uint8Array): PatientRow {
    const bytes = this.current.wrap(dataKey, ['data key', row.pseudonym], this.#random(wrapNonceBytes));
    return { ...row, wrapped: { keyId: this.current.id, bytes } };
  }

  identifier(identifier: PatientIdentifier, pseudonym: string): IdentifierRow {
    const text = Buffer.from(JSON.stringify([identifier.system, identifier.value]));
    const sealed = this.current.wrap(text, ['identifier', pseudonym], this.#random(wrapNonceBytes));
    return { digest: this.current.identifierDigest(identifier), pseudonym, keyId: this.current.id, sealed };
  }

  secret(name: string, secret: Uint8Array = this.#random(keyBytes)): SecretRow {
    return {
      name,
      keyId: this.current.id,
      wrapped: this.current.wrap(secret, ['secret', name], this.#random(wrapNonceBytes)),
    };
  }

  openPatient(row: PatientRow): VaultPatient {
    const common = {
      pseudonym: row.pseudonym,
      ...(row.mergedInto === undefined ? {} : { mergedInto: row.mergedInto }),
    };
    if (row.state === 'destroyed' || row.state === 'erased') return { ...common, state: 'erased' };
    return { ...common, state: row.state, dataKey: this.dataKey(row) };
  }

  /** As `openPatient`, for a row that must have its keys. */
  openKnown(row: PatientRow | undefined): KnownPatient {
    const patient = row === undefined ? undefined : this.openPatient(row);
    if (patient === undefined || patient.state === 'erased')
      throw privacyError('vaultUnreadable', 'an identifier of the vault leads to no patient');
    return patient;
  }

  dataKey({ pseudonym, wrapped }: PatientRow): Uint8Array {
    if (!wrapped) throw privacyError('vaultUnreadable', `patient ${pseudonym} has no data key`);
    return this.#key(wrapped.keyId).unwrap(wrapped.bytes, ['data key', pseudonym]);
  }

  openIdentifier({ keyId, sealed, pseudonym }: IdentifierRow): PatientIdentifier {
    const text = Buffer.from(this.#key(keyId).unwrap(sealed, ['identifier', pseudonym])).toString();
    const [system, value] = JSON.parse(text) as [string, string];
    return { system, value };
  }

  openSecret({ name, keyId, wrapped }: SecretRow): Uint8Array {
    return this.#key(keyId).unwrap(wrapped, ['secret', name]);
  }

  #key(id: string): TenantKey {
    const key = this.keys.find((one) => one.id === id);
    if (!key)
      throw privacyError(
        'vaultUnreadable',
        `a row of the vault stands under tenant key ${id}, which the vault does not list`,
      );
    return key;
  }
}

/**
 * The keys of this transaction. A process that lacks one of the keys in use must not go on: it would not find a known
 * patient by its identifier and would name it a second time.
 *
 * @returns `undefined` for a vault that holds nothing yet.
 * @throws CodedError VAULT_KEY_MISSING.
 */
export async function rowSealing(
  rows: VaultTransaction,
  ring: TenantKeyRing,
  random: Random,
): Promise<RowSealing | undefined> {
  const inUse = await rows.tenantKeys();
  const current = inUse.find(({ isCurrent }) => isCurrent);
  if (!current) return undefined;
  return new RowSealing(
    ring.get(current.keyId),
    inUse.map(({ keyId }) => ring.get(keyId)),
    random,
  );
}

/** As `rowSealing`; a vault that holds nothing yet starts under the newest key. For `write` transactions. */
export async function rowSealingOrNew(
  rows: VaultTransaction,
  ring: TenantKeyRing,
  random: Random,
): Promise<RowSealing> {
  const sealing = await rowSealing(rows, ring, random);
  if (sealing) return sealing;
  const key = ring.newest();
  await rows.setTenantKeys([{ keyId: key.id, isCurrent: true }]);
  return new RowSealing(key, [key], random);
}
