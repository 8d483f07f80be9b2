import { describe, expect, it } from '@jest/globals';
import { clinicalIntake } from '../clinical.ts';
import { aPatient, Clinic, anObservation } from '../testing/index.ts';

const merges = (detail: Parameters<NonNullable<ReturnType<typeof clinicalIntake>['merges']>>[0]) =>
  clinicalIntake().merges?.(detail);
const person = (id: string, link: object = {}) =>
  aPatient({ identifier: [{ system: 'urn:hospital:mrn', value: id }], ...link });

describe('the merges in a result of the clinical contract', () => {
  it('are those that the contract carried out, each once', async () => {
    const clinic = new Clinic();
    await clinic.put('a', person('a'));
    await clinic.put('b', person('b'));
    const link = { link: [{ type: 'replaced-by', other: { reference: 'Patient/b' } }] };
    const merged = await clinic.put('a', person('a', link));
    expect(merges(merged.detail ?? null)).toEqual([
      { from: expect.stringMatching(/./), into: expect.stringMatching(/./) },
    ]);
    expect(merges((await clinic.put('a', person('a', link))).detail ?? null)).toEqual([]);
  });

  it('are none in results of any other form', async () => {
    const clinic = new Clinic();
    const observed = await clinic.post(anObservation());
    const answers = [observed.detail ?? null, null, 'merged', 7, {}, [null], [{ merged: true }]];
    for (const detail of [...answers, [{ merged: [{ from: 'a' }] }], { merged: [{ from: 'a', into: 'b' }] }])
      expect(merges(detail)).toEqual([]);
  });
});
