import { describe, expect, it } from '@jest/globals';
import type { OpenedVault } from './patient-vault-contract.ts';
import { lookUp, mrn, patientOf } from './vault-fixture.ts';

export function mergeContract(start: () => OpenedVault): void {
  describe('merges', () => {
    it('applies messages about a merged patient to the survivor, over several merges', async () => {
      const { vault } = start();
      const [a, b, c] = [
        await patientOf(vault, mrn('a')),
        await patientOf(vault, mrn('b')),
        await patientOf(vault, mrn('c')),
      ];
      await vault.merged(a.pseudonym, b.pseudonym);
      expect(await lookUp(vault, mrn('a'))).toEqual({ patient: b, isNew: false, conflicts: [] });
      await vault.merged(b.pseudonym, c.pseudonym);
      expect((await patientOf(vault, mrn('a'))).pseudonym).toBe(c.pseudonym);
      expect(await vault.byPseudonym(a.pseudonym)).toEqual({ ...a, mergedInto: b.pseudonym });
    });

    it('does not flag identifiers of merged patients against each other any more', async () => {
      const { vault } = start();
      const [a, b] = [await patientOf(vault, mrn('a')), await patientOf(vault, mrn('b'))];
      expect((await lookUp(vault, mrn('b'), mrn('a'))).conflicts).toHaveLength(1);
      await vault.merged(a.pseudonym, b.pseudonym);
      expect((await lookUp(vault, mrn('b'), mrn('a'))).conflicts).toEqual([]);
    });

    it('accepts the same merge twice', async () => {
      const { vault } = start();
      const [a, b] = [await patientOf(vault, mrn('a')), await patientOf(vault, mrn('b'))];
      await vault.merged(a.pseudonym, b.pseudonym);
      await vault.merged(a.pseudonym, b.pseudonym);
      expect((await patientOf(vault, mrn('a'))).pseudonym).toBe(b.pseudonym);
    });

    it('refuses a cycle and an unknown patient', async () => {
      const { vault } = start();
      const [a, b, c] = [
        await patientOf(vault, mrn('a')),
        await patientOf(vault, mrn('b')),
        await patientOf(vault, mrn('c')),
      ];
      await vault.merged(a.pseudonym, b.pseudonym);
      await vault.merged(b.pseudonym, c.pseudonym);
      await expect(vault.merged(c.pseudonym, a.pseudonym)).rejects.toMatchObject({ code: 'PATIENT_MERGE_CYCLE' });
      await expect(vault.merged(c.pseudonym, c.pseudonym)).rejects.toMatchObject({ code: 'PATIENT_MERGE_CYCLE' });
      await expect(vault.merged(a.pseudonym, 'f'.repeat(32))).rejects.toMatchObject({ code: 'PATIENT_UNKNOWN' });
      expect((await patientOf(vault, mrn('c'))).pseudonym).toBe(c.pseudonym);
    });
  });
}
