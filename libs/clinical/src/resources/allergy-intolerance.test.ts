import { describe, expect, it } from '@jest/globals';
import { anAllergy, Clinic, idOf } from '../testing/index.ts';

const status = (code: string) => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code }],
});
const verified = (code: string) => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification', code }],
});
const listed = (clinic: Clinic) =>
  clinic.values('cli~allergies~').flatMap(({ lines }) => (lines as { id: string }[]).map(({ id }) => id));

describe('active allergies of a patient', () => {
  it('are in one list', async () => {
    const clinic = new Clinic();
    const first = await clinic.post(anAllergy());
    const second = await clinic.post(anAllergy());
    expect([first, second]).toMatchObject([{ undeclared: [] }, { undeclared: [] }]);
    expect(listed(clinic)).toEqual([idOf(first), idOf(second)]);
  });

  it.each([
    ['resolved', { clinicalStatus: status('resolved') }],
    ['refuted', { verificationStatus: verified('refuted') }],
    ['entered in error', { clinicalStatus: undefined, verificationStatus: verified('entered-in-error') }],
  ])('are removed from it when they are %s, and not added', async (_how, over) => {
    const clinic = new Clinic();
    await clinic.put('a', anAllergy());
    expect(await clinic.put('a', anAllergy(over))).toMatchObject({ status: 'applied', undeclared: [] });
    expect(listed(clinic)).toEqual([]);
    expect(await clinic.post(anAllergy(over))).toMatchObject({ status: 'applied', undeclared: [] });
    expect(listed(clinic)).toEqual([]);
  });

  it('are removed from it when they are deleted', async () => {
    const clinic = new Clinic();
    await clinic.put('a', anAllergy());
    await clinic.delete('AllergyIntolerance/a');
    expect(listed(clinic)).toEqual([]);
  });

  it('move when a record was entered for the wrong patient', async () => {
    const clinic = new Clinic();
    await clinic.put('a', anAllergy());
    await clinic.put('a', anAllergy({ patient: { reference: 'Patient/p2' } }));
    expect(listed(clinic)).toHaveLength(1);
  });

  it('include those without a status', async () => {
    const clinic = new Clinic();
    await clinic.post(anAllergy({ clinicalStatus: undefined, verificationStatus: undefined }));
    expect(listed(clinic)).toHaveLength(1);
  });

  it('keep the codes of substances that the patient reacted to', async () => {
    const clinic = new Clinic();
    const substance = { coding: [{ system: 'http://snomed.info/sct', code: '387207008' }] };
    await clinic.post(anAllergy({ reaction: [{ substance, manifestation: [{ text: 'hives' }] }] }));
    expect(clinic.values('cli~allergies~')).toMatchObject([{ lines: [{ codes: ['rxnorm:7984', 'sct:387207008'] }] }]);
  });
});
