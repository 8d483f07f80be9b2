import { describe, expect, it } from '@jest/globals';
import type { OpenedVault } from './patient-vault-contract.ts';
import { lookUp, mrn, patientOf, ssn, tenantKey } from './vault-fixture.ts';

export function rotationContract(start: () => OpenedVault): void {
  describe('rotation of the tenant key', () => {
    it('keeps pseudonyms, data keys, aliases and the keys of no patient', async () => {
      const { vault, under } = start();
      const patient = await patientOf(vault, mrn('1'), ssn('9'));
      const [identity, subject] = [await vault.identityKey('ehr'), await vault.tenantSubjectKey()];
      const next = tenantKey();
      expect(await vault.rotateTenantKey(next)).toEqual({ rows: 5 });

      for (const one of [vault, await under.open(next)]) {
        expect(await patientOf(one, mrn('1'))).toEqual(patient);
        expect(await patientOf(one, ssn('9'))).toEqual(patient);
        expect(await one.identityKey('ehr')).toEqual(identity);
        expect(await one.tenantSubjectKey()).toEqual(subject);
      }
    });

    it('leaves nothing that the old tenant key opens', async () => {
      const { vault, under, key } = start();
      const { pseudonym } = await patientOf(vault, mrn('1'));
      await vault.identityKey('ehr');
      await vault.rotateTenantKey(tenantKey());
      const old = await under.open(key);
      await expect(old.byPseudonym(pseudonym)).rejects.toMatchObject({ code: 'VAULT_KEY_MISSING' });
      await expect(lookUp(old, mrn('1'))).rejects.toMatchObject({ code: 'VAULT_KEY_MISSING' });
      await expect(old.identityKey('ehr')).rejects.toMatchObject({ code: 'VAULT_KEY_MISSING' });
    });

    it('creates no patient twice during concurrent lookups', async () => {
      const { vault, under, key } = start();
      const next = tenantKey();
      const beside = await under.open(next, key);
      const numbers = Array.from({ length: 1_200 }, (_, at) => mrn(`${at}`));
      const before = await vault.findOrCreate(numbers.map((one) => [one]));
      const state = { isRotating: true };
      const rotation = vault.rotateTenantKey(next).finally(() => (state.isRotating = false));
      // Looked up one by one, from the last row to the first, so that some are met before they are moved and some after.
      for (let at = numbers.length - 1; at >= 0 && state.isRotating; at -= 7) {
        expect(await lookUp(beside, numbers[at]!)).toEqual({ ...before[at]!, isNew: false });
      }
      const made = await patientOf(beside, mrn('new'));
      await rotation;
      const after = await (await under.open(next)).findOrCreate([...numbers, mrn('new')].map((one) => [one]));
      expect(after.map(({ patient }) => patient)).toEqual([...before.map(({ patient }) => patient), made]);
    });

    it('changes nothing if the key is the current one', async () => {
      const { vault, key } = start();
      const patient = await patientOf(vault, mrn('1'));
      expect(await vault.rotateTenantKey(key)).toEqual({ rows: 0 });
      expect(await patientOf(vault, mrn('1'))).toEqual(patient);
    });

    it('rotates again and again', async () => {
      const { vault, under } = start();
      const patient = await patientOf(vault, mrn('1'));
      const keys = [tenantKey(), tenantKey(), tenantKey()];
      for (const next of keys) expect(await vault.rotateTenantKey(next)).toEqual({ rows: 2 });
      expect(await patientOf(await under.open(keys[2]!), mrn('1'))).toEqual(patient);
    });
  });
}
