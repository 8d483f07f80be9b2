import { describe, expect, it } from '@jest/globals';
import type { OpenedVault } from './patient-vault-contract.ts';
import { lookUp, mrn, patientOf, ssn, tenantKey } from './vault-fixture.ts';

export function lookupContract(start: () => OpenedVault): void {
  describe('lookups', () => {
    it('makes an unknown patient with a random pseudonym and a data key, and finds it again', async () => {
      const { vault } = start();
      const made = await lookUp(vault, mrn('1'));
      const found = await lookUp(vault, mrn('1'));
      expect(made).toMatchObject({ isNew: true, conflicts: [], patient: { state: 'active' } });
      expect(made.patient.pseudonym).toMatch(/^[0-9a-f]{32}$/);
      expect(made.patient.dataKey).toHaveLength(32);
      expect(found).toEqual({ ...made, isNew: false });
    });

    it('is durable when it resolves: a process started right after finds the patient', async () => {
      const { vault, under, key } = start();
      const made = await patientOf(vault, mrn('1'));
      expect(await patientOf(await under.open(key), mrn('1'))).toEqual(made);
    });

    it('answers a run in order, with one pseudonym for two messages about one new patient', async () => {
      const { vault } = start();
      const [first, other, again] = await vault.findOrCreate([[mrn('1')], [mrn('2')], [mrn('1'), ssn('9')]]);
      expect(again!.patient.pseudonym).toBe(first!.patient.pseudonym);
      expect(other!.patient.pseudonym).not.toBe(first!.patient.pseudonym);
      expect([first, other, again].map((lookup) => lookup!.isNew)).toEqual([true, true, false]);
    });

    it('gives one pseudonym to concurrent creates of one identifier in two processes', async () => {
      const { vault, under, key } = start();
      const second = await under.open(key);
      const racing = Array.from({ length: 40 }, (_, at) => lookUp(at % 2 ? vault : second, mrn(`${at % 5}`)));
      const patients = (await Promise.all(racing)).map(({ patient, isNew }) => ({
        pseudonym: patient.pseudonym,
        isNew,
      }));
      expect(new Set(patients.map(({ pseudonym }) => pseudonym)).size).toBe(5);
      expect(patients.filter(({ isNew }) => isNew)).toHaveLength(5);
    });

    it('makes the other identifiers aliases, also of a patient known before', async () => {
      const { vault } = start();
      const known = await patientOf(vault, mrn('1'));
      await lookUp(vault, mrn('1'), ssn('9'));
      expect(await lookUp(vault, ssn('9'))).toMatchObject({ isNew: false, patient: { pseudonym: known.pseudonym } });
    });

    it('flags an alias of another person and leaves both as they are', async () => {
      const { vault } = start();
      const one = await patientOf(vault, mrn('1'), ssn('9'));
      const two = await lookUp(vault, mrn('2'), ssn('9'));
      expect(two.isNew).toBe(true);
      expect(two.conflicts).toEqual([{ identifier: ssn('9'), pseudonym: one.pseudonym }]);
      expect((await patientOf(vault, ssn('9'))).pseudonym).toBe(one.pseudonym);
    });

    it('never names a patient by an alias when the naming identifier is unknown', async () => {
      const { vault } = start();
      const bySsn = await patientOf(vault, ssn('9'));
      const byMrn = await lookUp(vault, mrn('1'), ssn('9'));
      expect(byMrn).toMatchObject({ isNew: true, conflicts: [{ pseudonym: bySsn.pseudonym }] });
    });

    it('compares identifiers trimmed, with case, and per system', async () => {
      const { vault } = start();
      const patient = await patientOf(vault, mrn('ab1'));
      expect((await patientOf(vault, { system: ' urn:example:mrn ', value: ' ab1\t' })).pseudonym).toBe(
        patient.pseudonym,
      );
      expect((await patientOf(vault, mrn('AB1'))).pseudonym).not.toBe(patient.pseudonym);
      expect((await patientOf(vault, ssn('ab1'))).pseudonym).not.toBe(patient.pseudonym);
    });

    it('refuses a lookup without identifiers and writes nothing of its run', async () => {
      const { vault } = start();
      await expect(vault.findOrCreate([[mrn('1')], []])).rejects.toMatchObject({ code: 'PATIENT_UNIDENTIFIED' });
      expect((await lookUp(vault, mrn('1'))).isNew).toBe(true);
    });

    it('finds a patient by pseudonym, and reports an unknown one', async () => {
      const { vault } = start();
      const patient = await patientOf(vault, mrn('1'));
      expect(await vault.byPseudonym(patient.pseudonym)).toEqual(patient);
      expect(await vault.byPseudonym('0'.repeat(32))).toBeUndefined();
    });

    it('opens nothing and creates no patient under another tenant key', async () => {
      const { vault, under } = start();
      const patient = await patientOf(vault, mrn('1'));
      const stranger = await under.open(tenantKey());
      await expect(lookUp(stranger, mrn('1'))).rejects.toMatchObject({ code: 'VAULT_KEY_MISSING', retryable: false });
      await expect(lookUp(stranger, mrn('2'))).rejects.toMatchObject({ code: 'VAULT_KEY_MISSING' });
      await expect(stranger.byPseudonym(patient.pseudonym)).rejects.toMatchObject({ code: 'VAULT_KEY_MISSING' });
      await expect(stranger.identityKey('ehr')).rejects.toMatchObject({ code: 'VAULT_KEY_MISSING' });
    });
  });

  describe('keys of no patient', () => {
    it('creates one identity key per channel, once', async () => {
      const { vault, under, key } = start();
      const second = await under.open(key);
      const keys = await Promise.all([vault, second, vault, second].map((one) => one.identityKey('ehr')));
      expect(new Set(keys.map((one) => Buffer.from(one).toString('hex'))).size).toBe(1);
      expect(keys[0]).toHaveLength(32);
      expect(await vault.identityKey('other')).not.toEqual(keys[0]);
    });

    it('makes the tenant subject key once, apart from the identity keys', async () => {
      const { vault, under, key } = start();
      const subject = await vault.tenantSubjectKey();
      expect(subject).toHaveLength(32);
      expect(await (await under.open(key)).tenantSubjectKey()).toEqual(subject);
      expect(await vault.identityKey('ehr')).not.toEqual(subject);
    });
  });
}
