import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** Errors of the vault and of sealing; docs/errors.md lists them. */
export const privacyErrors = {
  vaultUnavailable: {
    code: 'VAULT_UNAVAILABLE',
    retryable: true,
    meaning: 'The patient vault did not answer, so no message can get a pseudonym. Nothing was appended.',
    remedy:
      'Bring the vault back (its folder, disk or database); intake continues by itself. HTTP senders get 503 with Retry-After.',
  },
  vaultMissing: {
    code: 'VAULT_MISSING',
    retryable: false,
    meaning:
      'A vault must exist, but does not. A new one would give every known patient a new pseudonym, so none is created.',
    remedy: 'Restore the vault from its backup, or point MEDREX_DATA_DIR at the right place.',
  },
  vaultUnreadable: {
    code: 'VAULT_UNREADABLE',
    retryable: false,
    meaning: 'The vault has a damaged file, or a row that was changed or moved by hand.',
    remedy: 'Restore the vault from its backup.',
  },
  vaultKeyMissing: {
    code: 'VAULT_KEY_MISSING',
    retryable: false,
    meaning: 'Rows of the vault are sealed under a tenant key that this process does not have.',
    remedy: 'Give the process every tenant key in use (newest first), or restart it with the new key after a rotation.',
  },
  tenantKeyInvalid: {
    code: 'TENANT_KEY_INVALID',
    retryable: false,
    meaning: 'The tenant key is not 32 bytes in hex or base64.',
    remedy: 'Create one with `openssl rand -hex 32` and pass it in MEDREX_TENANT_KEY or a mounted file.',
  },
  callKeyInvalid: {
    code: 'CALL_KEY_INVALID',
    retryable: false,
    meaning:
      'The secret of per-transaction mode is not a key of 32 bytes in hex or base64, or its file cannot be read.',
    remedy:
      'Give ingest and orderer-dag the same MEDREX_CALL_KEY or MEDREX_CALL_KEY_FILE (`openssl rand -hex 32` makes one), and never change it.',
  },
  rotationSuperseded: {
    code: 'VAULT_ROTATION_SUPERSEDED',
    retryable: false,
    meaning: 'While the vault was rotated to one tenant key, a rotation to another key was started.',
    remedy: 'Let one rotation finish; it also finishes the interrupted one.',
  },
  patientUnidentified: {
    code: 'PATIENT_UNIDENTIFIED',
    retryable: false,
    meaning: 'None of the identifiers of the patient belongs to a system that names patients for this tenant.',
    remedy: "Send an identifier of a listed system, or add its system (or '*') to MEDREX_IDENTIFIER_SYSTEMS.",
  },
  patientErasing: {
    code: 'PATIENT_ERASING',
    retryable: false,
    meaning: 'The patient is being erased: no more messages are accepted (409).',
    remedy: 'Send it again after the erasure has ended; the identifier then makes a new person.',
  },
  patientUnknown: {
    code: 'PATIENT_UNKNOWN',
    retryable: false,
    meaning: 'The vault does not have this pseudonym.',
    remedy: 'Check that the vault belongs to this ledger; restore it from its backup if it is older.',
  },
  patientLeaseOver: {
    code: 'PATIENT_LEASE_OVER',
    retryable: true,
    meaning:
      'A data key was held longer than its lease (the process was stopped or very slow), so it may not be used any more.',
    remedy: 'Nothing: the patient is looked up again, and the message is processed once more.',
  },
  mergeCycle: {
    code: 'PATIENT_MERGE_CYCLE',
    retryable: false,
    meaning: 'A patient would become its own survivor.',
    remedy: 'Send the merge in one direction only.',
  },
  erasureNotStarted: {
    code: 'ERASURE_NOT_STARTED',
    retryable: false,
    meaning: 'Keys of a patient who is not marked as erasing should have been destroyed.',
    remedy: 'Run `medrex erase`, which marks, waits, and then destroys.',
  },
  erasureWaiting: {
    code: 'ERASURE_WAITING',
    retryable: true,
    meaning:
      'Operations of the patient are still live; the keys remain until they have ended. Messages are still refused (409).',
    remedy: 'Run `medrex erase` again; it continues where it stopped.',
  },
  erasureUnproven: {
    code: 'ERASURE_UNPROVEN',
    retryable: true,
    meaning: 'The keys were destroyed, but a copy was found in the files of the vault.',
    remedy: 'Run `medrex erase` again when no other process has a long read on the vault.',
  },
  bodyUnopenable: {
    code: 'BODY_UNOPENABLE',
    retryable: false,
    meaning: 'A sealed body cannot be opened: another key, another binding, or changed bytes.',
    remedy: 'Check which patient and message the body belongs to. After an erasure, this is expected.',
  },
} as const satisfies Record<string, ErrorDescription>;

/** An error of this package. The message never contains an identifier. */
export function privacyError(name: keyof typeof privacyErrors, message: string, cause?: unknown): CodedError {
  return new CodedError(privacyErrors[name], message, cause === undefined ? undefined : { cause });
}
