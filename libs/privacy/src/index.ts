export { CallKey, type CallAnswer, type CallName } from './call-key.ts';
export { erasePatient, type ErasePatient, type Erasure } from './erase-patient.ts';
export { privacyError, privacyErrors } from './errors.ts';
export { anySystem, chooseIdentifiers, identifiersMax, normaliseIdentifier } from './identifier.ts';
export { Secret } from './secret.ts';
export {
  keyLeaseMs,
  PatientDirectory,
  type DirectoryPatient,
  type PatientDirectoryOptions,
  type TenantSealer,
} from './patient-directory.ts';
export type {
  Destroyed,
  ErasureTarget,
  IdentifierConflict,
  KnownPatient,
  PatientVault,
  VaultLookup,
  VaultPatient,
} from './patient-vault.ts';
export type { Random } from './row-sealing.ts';
export { BodyKey, openBody, sealBody } from './sealed-body.ts';
export { StoredPatientVault, type StoredPatientVaultOptions } from './stored-patient-vault.ts';
export type { TenantKeySource } from './tenant-key-ring.ts';
export { keyBytes, TenantKey } from './tenant-key.ts';
export type {
  IdentifierRow,
  PatientRow,
  PatientRowState,
  SecretRow,
  StaleRows,
  TenantKeyRow,
  VaultStore,
  VaultTransaction,
} from './vault-store.ts';
