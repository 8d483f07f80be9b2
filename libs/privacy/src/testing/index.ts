export { patientVaultContract } from './patient-vault-contract.ts';
export type { MakeVault, VaultUnderTest } from './vault-fixture.ts';
