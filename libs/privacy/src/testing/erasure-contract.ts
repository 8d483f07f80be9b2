import { describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { BodyKey, openBody, sealBody } from '../sealed-body.ts';
import type { OpenedVault } from './patient-vault-contract.ts';
import { lookUp, mrn, patientOf, ssn } from './vault-fixture.ts';

export function erasureContract(start: () => OpenedVault): void {
  describe('erasure', () => {
    it('marks the survivor and all patients merged into it, and lookups report that', async () => {
      const { vault, under, key } = start();
      const [a, b] = [await patientOf(vault, mrn('a')), await patientOf(vault, mrn('b'))];
      await vault.merged(a.pseudonym, b.pseudonym);
      expect(await vault.startErasure(mrn('a'))).toEqual([b.pseudonym, a.pseudonym]);
      const elsewhere = await under.open(key);
      expect((await patientOf(elsewhere, mrn('b'))).state).toBe('erasing');
      expect((await patientOf(elsewhere, mrn('a'))).state).toBe('erasing');
      expect([...(await vault.pendingErasures())].sort()).toEqual([a.pseudonym, b.pseudonym].sort());
    });

    it('finds nothing for an unknown identifier', async () => {
      const { vault } = start();
      expect(await vault.startErasure(mrn('1'))).toBeUndefined();
      expect(await vault.startErasure({ pseudonym: '0'.repeat(32) })).toBeUndefined();
    });

    it('accepts no aliases for a patient that is being erased', async () => {
      const { vault } = start();
      await lookUp(vault, mrn('1'));
      await vault.startErasure(mrn('1'));
      await lookUp(vault, mrn('1'), ssn('9'));
      expect((await lookUp(vault, ssn('9'))).isNew).toBe(true);
    });

    it('destroys data keys and identifiers: bodies stay closed, keyed hashes still verify', async () => {
      const { vault, under, key } = start();
      const patient = await patientOf(vault, mrn('1'), ssn('9'));
      const sealed = sealBody(new BodyKey(patient.dataKey), Buffer.from('{"resourceType":"Observation"}'), ['m', '1']);
      const hash = createHmac('sha256', await vault.identityKey('ehr'))
        .update('source')
        .digest('hex');
      const pseudonyms = await vault.startErasure(ssn('9'));
      expect(await vault.finishErasure(pseudonyms ?? [])).toEqual({ dataKeys: 1, identifiers: 2 });

      const elsewhere = await under.open(key);
      expect(await elsewhere.byPseudonym(patient.pseudonym)).toEqual({ pseudonym: patient.pseudonym, state: 'erased' });
      expect(
        createHmac('sha256', await elsewhere.identityKey('ehr'))
          .update('source')
          .digest('hex'),
      ).toBe(hash);
      const after = await lookUp(elsewhere, mrn('1'), ssn('9'));
      expect(after).toMatchObject({ isNew: true, conflicts: [] });
      expect(after.patient.pseudonym).not.toBe(patient.pseudonym);
      expect(() => openBody(new BodyKey(after.patient.dataKey), sealed, ['m', '1'])).toThrow(
        expect.objectContaining({ code: 'BODY_UNOPENABLE' }),
      );
    });

    it('does not affect other patients', async () => {
      const { vault } = start();
      const other = await patientOf(vault, mrn('2'));
      await lookUp(vault, mrn('1'));
      await vault.finishErasure((await vault.startErasure(mrn('1'))) ?? []);
      expect(await patientOf(vault, mrn('2'))).toEqual(other);
      expect(await vault.pendingErasures()).toEqual([]);
    });

    it('can be finished twice, and only after it was started', async () => {
      const { vault } = start();
      const { pseudonym } = await patientOf(vault, mrn('1'));
      await expect(vault.finishErasure([pseudonym])).rejects.toMatchObject({ code: 'ERASURE_NOT_STARTED' });
      await expect(vault.finishErasure(['0'.repeat(32)])).rejects.toMatchObject({ code: 'PATIENT_UNKNOWN' });
      await vault.startErasure({ pseudonym });
      await vault.finishErasure([pseudonym]);
      expect(await vault.finishErasure([pseudonym])).toEqual({ dataKeys: 0, identifiers: 0 });
      expect(await vault.startErasure({ pseudonym })).toBeUndefined();
    });

    it('includes a patient whose merge ends during the erasure, in either direction', async () => {
      const { vault } = start();
      for (const direction of ['into the erasing one', 'of the erasing one']) {
        const [erasing, other] = [
          await patientOf(vault, mrn(`${direction} 1`)),
          await patientOf(vault, mrn(`${direction} 2`)),
        ];
        await vault.startErasure(mrn(`${direction} 1`));
        if (direction === 'of the erasing one') await vault.merged(erasing.pseudonym, other.pseudonym);
        else await vault.merged(other.pseudonym, erasing.pseudonym);
        expect((await patientOf(vault, mrn(`${direction} 2`))).state).toBe('erasing');
        expect(new Set(await vault.startErasure({ pseudonym: erasing.pseudonym }))).toEqual(
          new Set([erasing.pseudonym, other.pseudonym]),
        );
      }
    });

    it('does not erase a patient merged with one that was erased before', async () => {
      const { vault } = start();
      const [erased, other] = [await patientOf(vault, mrn('1')), await patientOf(vault, mrn('2'))];
      await vault.finishErasure((await vault.startErasure(mrn('1'))) ?? []);
      await vault.merged(other.pseudonym, erased.pseudonym);
      expect(await patientOf(vault, mrn('2'))).toMatchObject({ pseudonym: other.pseudonym, state: 'active' });
    });
  });
}
