export { InMemoryPatientVault, type InMemoryPatientVaultOptions } from './in-memory-patient-vault.ts';
export { InMemoryVaultStore } from './in-memory-vault-store.ts';
