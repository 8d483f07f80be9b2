import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** What the vault and the sealing can break; the generated error reference is made from this table. */
export const privacyErrors = {
  vaultUnavailable: {
    code: 'VAULT_UNAVAILABLE',
    retryable: true,
    meaning: 'The patient vault did not answer, so no message can be given a pseudonym. Nothing was appended.',
    remedy:
      'Bring the vault back (its folder, its disk, its database); intake goes on by itself. HTTP senders get 503 with Retry-After.',
  },
  vaultMissing: {
    code: 'VAULT_MISSING',
    retryable: false,
    meaning: 'There is no vault where one must be. A new one would name every known patient anew, so none is made.',
    remedy: 'Restore the vault from its backup, or point MEDREX_DATA_DIR at the right place.',
  },
  vaultUnreadable: {
    code: 'VAULT_UNREADABLE',
    retryable: false,
    meaning:
      'The vault holds something that does not open: a damaged file, or a row that was changed or moved by hand.',
    remedy: 'Restore the vault from its backup.',
  },
  vaultKeyMissing: {
    code: 'VAULT_KEY_MISSING',
    retryable: false,
    meaning: 'Rows of the vault are sealed under a tenant key that this process was not given.',
    remedy: 'Give the process every tenant key in use (newest first), or restart it with the new key after a rotation.',
  },
  tenantKeyInvalid: {
    code: 'TENANT_KEY_INVALID',
    retryable: false,
    meaning: 'The tenant key is not 32 bytes in hex or base64.',
    remedy: 'Make one with `openssl rand -hex 32` and pass it by MEDREX_TENANT_KEY or a mounted file.',
  },
  callKeyInvalid: {
    code: 'CALL_KEY_INVALID',
    retryable: false,
    meaning:
      'The secret of per-transaction mode is not one key of 32 bytes in hex or base64, or its file cannot be read.',
    remedy:
      'Give ingest and orderer-dag the same MEDREX_CALL_KEY or MEDREX_CALL_KEY_FILE (`openssl rand -hex 32` makes one), and never change it.',
  },
  rotationSuperseded: {
    code: 'VAULT_ROTATION_SUPERSEDED',
    retryable: false,
    meaning: 'While the vault was being rotated to one tenant key, somebody started to rotate it to another one.',
    remedy: 'Let one rotation run to its end; it also finishes the interrupted one.',
  },
  patientUnidentified: {
    code: 'PATIENT_UNIDENTIFIED',
    retryable: false,
    meaning: 'None of the identifiers of a patient belongs to a system that this tenant names patients by.',
    remedy: "Send an identifier of a listed system, or add its system (or '*') to MEDREX_IDENTIFIER_SYSTEMS.",
  },
  patientErasing: {
    code: 'PATIENT_ERASING',
    retryable: false,
    meaning: 'The patient is being erased: nothing more is taken in for it (409).',
    remedy: 'Send it again after the erasure has ended; the identifier then makes a new person.',
  },
  patientUnknown: {
    code: 'PATIENT_UNKNOWN',
    retryable: false,
    meaning: 'The vault knows no such pseudonym.',
    remedy: 'Check that the vault belongs to this ledger; restore it from its backup if it is older.',
  },
  patientLeaseOver: {
    code: 'PATIENT_LEASE_OVER',
    retryable: true,
    meaning:
      'A data key was held longer than its lease (the process was stopped or very slow), so it is not used any more.',
    remedy: 'Look the patient up again: the message is simply taken once more.',
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
    meaning: 'Keys of a patient that is not marked as erasing were to be destroyed.',
    remedy: 'Run `medrex erase`, which marks, waits, and then destroys.',
  },
  erasureWaiting: {
    code: 'ERASURE_WAITING',
    retryable: true,
    meaning:
      'Operations of the patient are still live; its keys stand until they have ended. The patient stays refused (409).',
    remedy: 'Run `medrex erase` again; it goes on where it stopped.',
  },
  erasureUnproven: {
    code: 'ERASURE_UNPROVEN',
    retryable: true,
    meaning: 'The keys were destroyed, and a copy of them was still found in the files of the vault.',
    remedy: 'Run `medrex erase` again when no other process holds the vault open in a long read.',
  },
  bodyUnopenable: {
    code: 'BODY_UNOPENABLE',
    retryable: false,
    meaning: 'A sealed body does not open: another key, another binding, or changed bytes.',
    remedy: 'Check which patient and message the body belongs to. After an erasure this is how it must be.',
  },
} as const satisfies Record<string, ErrorDescription>;

/** An error of this package. The message says what happened to what and never holds an identifier. */
export function privacyError(name: keyof typeof privacyErrors, message: string, cause?: unknown): CodedError {
  return new CodedError(privacyErrors[name], message, cause === undefined ? undefined : { cause });
}
