export type { PatientVault, VaultLookup, VaultPatient } from './patient-vault.ts';
