/** How a patient's row stands: `destroyed` has lost its keys, and the files were not searched for copies yet. */
export type PatientRowState = 'active' | 'erasing' | 'destroyed' | 'erased';

export interface PatientRow {
  readonly pseudonym: string;
  readonly state: PatientRowState;
  readonly mergedInto?: string;
  /** The data key under the tenant key `keyId`; gone once destroyed. */
  readonly wrapped?: { readonly keyId: string; readonly bytes: Uint8Array };
}

export interface IdentifierRow {
  /** HMAC of the identifier under the tenant key `keyId`: what the row is found by. */
  readonly digest: Uint8Array;
  readonly pseudonym: string;
  readonly keyId: string;
  /** The identifier itself, sealed under that tenant key; a rotation needs it. */
  readonly sealed: Uint8Array;
}

/** A key that belongs to no patient: an identity key, the tenant subject key. */
export interface SecretRow {
  readonly name: string;
  readonly keyId: string;
  readonly wrapped: Uint8Array;
}

/** A tenant key that rows stand under. New rows take the current one. */
export interface TenantKeyRow {
  readonly keyId: string;
  readonly isCurrent: boolean;
}

/** Some rows under tenant keys other than the given one. */
export interface StaleRows {
  readonly patients: readonly PatientRow[];
  readonly identifiers: readonly IdentifierRow[];
  readonly secrets: readonly SecretRow[];
}

/** The rows of a vault inside one transaction. `put` replaces the row with the same key. */
export interface VaultTransaction {
  tenantKeys(): Promise<readonly TenantKeyRow[]>;
  /** Replaces the whole list. */
  setTenantKeys(rows: readonly TenantKeyRow[]): Promise<void>;
  identifiers(digests: readonly Uint8Array[]): Promise<readonly IdentifierRow[]>;
  identifiersOf(pseudonyms: readonly string[]): Promise<readonly IdentifierRow[]>;
  putIdentifiers(rows: readonly IdentifierRow[]): Promise<void>;
  dropIdentifiers(digests: readonly Uint8Array[]): Promise<void>;
  patients(pseudonyms: readonly string[]): Promise<readonly PatientRow[]>;
  /** Rows merged directly into one of these. */
  mergedInto(survivors: readonly string[]): Promise<readonly PatientRow[]>;
  inState(states: readonly PatientRowState[]): Promise<readonly PatientRow[]>;
  putPatients(rows: readonly PatientRow[]): Promise<void>;
  secret(name: string): Promise<SecretRow | undefined>;
  putSecrets(rows: readonly SecretRow[]): Promise<void>;
  /** At most `limit` rows of each kind that stand under another tenant key. */
  notUnder(keyId: string, limit: number): Promise<StaleRows>;
}

/**
 * Where the rows of a vault are kept: what a technology has to offer for `StoredPatientVault` to be a vault on it.
 *
 * @throws CodedError VAULT_UNAVAILABLE (retryable).
 */
export interface VaultStore {
  /**
   * Runs `work` in one transaction, serialisable among all processes: wholly or, when it rejects, not at all. A `write` is durable when this resolves.
   * The work only awaits methods of its transaction.
   */
  transaction<T>(access: 'read' | 'write', work: (rows: VaultTransaction) => Promise<T>): Promise<T>;
  /**
   * Called after secrets were destroyed: makes sure that no copy of these bytes is left in what the store keeps.
   *
   * @param isThorough an earlier call may have been cut short, so rewrite everything, whatever can be found.
   * @throws CodedError ERASURE_UNPROVEN.
   */
  scrub(secrets: readonly Uint8Array[], isThorough: boolean): Promise<void>;
  close(): Promise<void>;
}
