import { afterEach, beforeEach, describe } from '@jest/globals';
import type { PatientVault } from '../patient-vault.ts';
import { erasureContract } from './erasure-contract.ts';
import { lookupContract } from './lookup-contract.ts';
import { mergeContract } from './merge-contract.ts';
import { rotationContract } from './rotation-contract.ts';
import { tenantKey, type MakeVault, type VaultUnderTest } from './vault-fixture.ts';

/** What each test of the contract starts from: an empty vault, opened under one tenant key. */
export interface OpenedVault {
  readonly vault: PatientVault;
  readonly key: Uint8Array;
  readonly under: VaultUnderTest;
}

/** Every adapter of `PatientVault` passes this: `patientVaultContract('EmbeddedPatientVault', makeVault)`. */
export function patientVaultContract(name: string, makeVault: MakeVault): void {
  describe(`${name} is a patient vault`, () => {
    let opened: OpenedVault | undefined;
    beforeEach(async () => {
      const under = await makeVault();
      const key = tenantKey();
      opened = { under, key, vault: await under.open(key) };
    });
    afterEach(async () => opened?.under.dispose());
    const start = (): OpenedVault => {
      if (!opened) throw new Error('no vault was opened');
      return opened;
    };
    lookupContract(start);
    mergeContract(start);
    erasureContract(start);
    rotationContract(start);
  });
}
