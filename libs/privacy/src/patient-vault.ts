import type { PatientIdentifier } from '@medrex/contracts';

/** A patient's row, opened. `dataKey` (32 bytes) never leaves the process that asked for it; an erased patient has none. */
export type VaultPatient = {
  /** Random, 128 bit, hex: what stands in keys and messages for the person. */
  readonly pseudonym: string;
  /** Set when this row was merged into another one: messages land on the survivor. */
  readonly mergedInto?: string;
} & ({ readonly state: 'active' | 'erasing'; readonly dataKey: Uint8Array } | { readonly state: 'erased' });

/** A patient that still has its keys. */
export type KnownPatient = Extract<VaultPatient, { readonly dataKey: Uint8Array }>;

/** An identifier of a message that belongs to another person than the message's patient; needs manual review. */
export interface IdentifierConflict {
  readonly identifier: PatientIdentifier;
  /** Whose it is. */
  readonly pseudonym: string;
}

/** What a lookup found; a merged patient is answered with its survivor. Refusing an erasing patient is the caller's part. */
export interface VaultLookup {
  readonly patient: KnownPatient;
  readonly isNew: boolean;
  /** Identifiers of another pseudonym: flagged, never merged by themselves. */
  readonly conflicts: readonly IdentifierConflict[];
}

/** Whose erasure is meant. */
export type ErasureTarget = PatientIdentifier | { readonly pseudonym: string };

/** What an erasure destroyed. */
export interface Destroyed {
  readonly dataKeys: number;
  readonly identifiers: number;
}

/**
 * The only place where identifiers and pseudonyms meet. Rows are found by HMAC of the identifier; identifier and data key are
 * sealed under the tenant key. Several processes use one vault at the same time.
 *
 * @throws CodedError VAULT_UNAVAILABLE (retryable), VAULT_KEY_MISSING, VAULT_UNREADABLE.
 */
export interface PatientVault {
  /**
   * Finds or makes the patients of many messages in one transaction, durable when it resolves. In each list the first
   * identifier names the patient: it is found by it, or made. The others become its aliases, unless they are another person's.
   * Lists hold at least one identifier: see `chooseIdentifiers`.
   */
  findOrCreate(lookups: readonly (readonly PatientIdentifier[])[]): Promise<readonly VaultLookup[]>;
  byPseudonym(pseudonym: string): Promise<VaultPatient | undefined>;
  /** The channel's identity key: made once, never rotated. 32 bytes. */
  identityKey(channel: string): Promise<Uint8Array>;
  /** Data key for bodies that are about no patient. 32 bytes. */
  tenantSubjectKey(): Promise<Uint8Array>;
  /**
   * Notes that `pseudonym` was merged into `survivor`; saying it again changes nothing. When one of the two is being erased, so is the other from now on: they are one person.
   *
   * @throws CodedError PATIENT_UNKNOWN, PATIENT_MERGE_CYCLE.
   */
  merged(pseudonym: string, survivor: string): Promise<void>;
  /** Marks as `erasing`. Returns the survivor's pseudonym and all that were merged into it, or `undefined` when there is nothing to erase. Saying it again gives what is marked by then. */
  startErasure(target: ErasureTarget): Promise<readonly string[] | undefined>;
  /**
   * Destroys the data keys and identifiers of these pseudonyms, for good, the write-ahead log included; can be said again after a crash.
   *
   * @throws CodedError ERASURE_NOT_STARTED, PATIENT_UNKNOWN, ERASURE_UNPROVEN.
   */
  finishErasure(pseudonyms: readonly string[]): Promise<Destroyed>;
  /** Pseudonyms whose erasure was begun and is not proven yet. */
  pendingErasures(): Promise<readonly string[]>;
  /**
   * Recomputes every row under a new tenant key (32 bytes); pseudonyms, data keys and identity keys stay. Goes on where an interrupted one stopped.
   *
   * @throws CodedError VAULT_ROTATION_SUPERSEDED.
   */
  rotateTenantKey(next: Uint8Array): Promise<{ readonly rows: number }>;
  close(): Promise<void>;
}
