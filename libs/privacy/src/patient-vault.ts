import type { PatientIdentifier } from '@medrex/contracts';

/** A patient's row, opened. `dataKey` never leaves the process that asked for it. */
export interface VaultPatient {
  /** Random, 128 bit, hex: what stands in keys and messages for the person. */
  readonly pseudonym: string;
  readonly dataKey: Uint8Array;
  readonly state: 'active' | 'erasing' | 'erased';
  /** Set when this row was merged into another one: messages land on the survivor. */
  readonly mergedInto?: string;
}

/** What a lookup found. `conflicts` are identifiers that belong to another pseudonym: flagged, never merged by themselves. */
export interface VaultLookup {
  readonly patient: VaultPatient;
  readonly isNew: boolean;
  readonly conflicts: readonly PatientIdentifier[];
}

/**
 * The only place where identifiers and pseudonyms meet. Rows are found by HMAC of the identifier; identifier and data key are sealed
 * under the tenant key.
 *
 * @throws CodedError VAULT_UNAVAILABLE (retryable), PATIENT_ERASING (the patient is being erased: refuse with 409).
 */
export interface PatientVault {
  /** Finds the patient of the first known identifier or makes one; the others become its aliases. Durable when it resolves. Many at once, so that one transaction serves a whole run. */
  findOrCreate(lookups: readonly (readonly PatientIdentifier[])[]): Promise<readonly VaultLookup[]>;
  byPseudonym(pseudonym: string): Promise<VaultPatient | undefined>;
  /** The channel's identity key: made once, never rotated. 32 bytes. */
  identityKey(channel: string): Promise<Uint8Array>;
  /** Data key for bodies that are about no patient. */
  tenantSubjectKey(): Promise<Uint8Array>;
  /** Notes that `pseudonym` was merged into `survivor` (its alias from now on). */
  merged(pseudonym: string, survivor: string): Promise<void>;
  /** Marks as `erasing`: from now on lookups of it fail. Returns the pseudonym and its aliases (merged rows). */
  startErasure(identifier: PatientIdentifier): Promise<readonly string[] | undefined>;
  /** Destroys the data keys and identifiers of these pseudonyms, for good, the write-ahead log included. */
  finishErasure(pseudonyms: readonly string[]): Promise<void>;
  /** Recomputes every row under a new tenant key; pseudonyms and data keys stay. */
  rotateTenantKey(next: Uint8Array): Promise<{ readonly rows: number }>;
  close(): Promise<void>;
}
