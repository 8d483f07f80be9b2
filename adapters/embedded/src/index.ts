export { defaultCallKeyFile, openCallSecret } from './call-key/call-key-file.ts';
export { eventLogErrors } from './event-log/errors.ts';
export { EmbeddedEventLog, type EmbeddedEventLogOptions } from './event-log/event-log.ts';
export { lockPartition } from './event-log/writer-lock.ts';
export { makeFolder } from './folders/make-folder.ts';
export { machineClock } from './event-log/machine-clock.ts';
export { BlockFiles, type Retention } from './ledger/block-files.ts';
export { EmbeddedLedger, type EmbeddedLedgerOptions } from './ledger/embedded-ledger.ts';
export { embeddedLedgerErrors } from './ledger/errors.ts';
export { systemScheduler } from './ledger/system-scheduler.ts';
export {
  defaultTenantKeyFile,
  EmbeddedPatientVault,
  openEmbeddedVault,
  type EmbeddedPatientVaultOptions,
  type OpenedEmbeddedVault,
} from './patient-vault/embedded-patient-vault.ts';
export { rotateTenantKeyFile } from './patient-vault/rotate-tenant-key-file.ts';
export { tenantKeyFrom, type TenantKeyPlace } from './patient-vault/tenant-key-file.ts';
export { statusStoreErrors } from './status-store/errors.ts';
export { EmbeddedStatusStore, type EmbeddedStatusStoreOptions } from './status-store/status-store.ts';
