import { describe, expect, it } from '@jest/globals';
import {
  aBundle,
  aMedicine,
  anAllergy,
  anOrder,
  aPost,
  Clinic,
  idOf,
  entryResultOf,
  urn,
  type KnownMedicine,
} from '../testing/index.ts';

const of = (name: KnownMedicine, over: object = {}) => anOrder({ medicationCodeableConcept: aMedicine(name), ...over });
const to = (name: KnownMedicine, over: object = {}) => anAllergy({ code: aMedicine(name), ...over });
const decided = { detectedIssue: [{ reference: 'DetectedIssue/d1' }] };
const subject = (id: string) => ({ subject: { reference: `Patient/${id}` } });

describe('the allergy check of an order', () => {
  it.each([
    ['the same substance', 'aspirin', 'aspirin'],
    ['a substance of its class', 'amoxicillin', 'penicillin'],
  ] as const)('rejects %s', async (_what, ordered, allergy) => {
    const clinic = new Clinic();
    const found = await clinic.post(to(allergy));
    expect(await clinic.post(of(ordered))).toMatchObject({
      code: 'ALLERGY',
      detail: { expression: 'MedicationRequest.medication', allergy: idOf(found) },
      undeclared: [],
    });
    expect(clinic.keys('cli~orders~')).toEqual([]);
  });

  it('knows a code that the built-in knowledge does not', async () => {
    const clinic = new Clinic();
    const code = { coding: [{ system: 'http://snomed.info/sct', code: '999000999' }] };
    await clinic.post(anAllergy({ code }));
    expect(await clinic.post(anOrder({ medicationCodeableConcept: code }))).toMatchObject({ code: 'ALLERGY' });
  });

  it('passes medicines that the patient is not allergic to, but another patient is', async () => {
    const clinic = new Clinic();
    await clinic.post(to('penicillin'));
    await clinic.post(to('aspirin', { patient: { reference: 'Patient/p2' } }));
    expect(await clinic.post(of('aspirin'))).toMatchObject({ status: 'applied' });
  });

  it('passes an order whose alert a person overrode, without reading the allergies', async () => {
    const clinic = new Clinic();
    await clinic.post(to('aspirin'));
    const passed = await clinic.post(of('aspirin', decided));
    expect(passed).toMatchObject({ status: 'applied', undeclared: [] });
  });

  it('finds an allergy that follows the order in the same Bundle', async () => {
    const clinic = new Clinic();
    const bundle = aBundle('transaction', [aPost(of('aspirin')), aPost(to('aspirin'))]);
    expect(await clinic.result(bundle)).toMatchObject({ code: 'ALLERGY', detail: { entry: 0 } });
    expect(clinic.keys('cli~')).toEqual([]);
  });

  it('looks into a contained Medication', async () => {
    const clinic = new Clinic();
    await clinic.post(to('penicillin'));
    const order = anOrder({
      medicationCodeableConcept: undefined,
      medicationReference: { reference: '#m' },
      contained: [{ resourceType: 'Medication', id: 'm', code: aMedicine('amoxicillin') }],
    });
    expect(await clinic.post(order)).toMatchObject({ code: 'ALLERGY' });
  });

  const combined = {
    resourceType: 'Medication',
    code: { coding: [{ system: 'urn:formulary', code: 'A1' }] },
    ingredient: [{ itemCodeableConcept: aMedicine('amoxicillin') }],
  };
  const ofMedication = (reference: string) =>
    anOrder({ medicationCodeableConcept: undefined, medicationReference: { reference } });

  it('looks into the ingredients of a Medication on the ledger, with exact keys', async () => {
    const clinic = new Clinic();
    await clinic.put('m', combined);
    await clinic.post(to('penicillin'));
    expect(await clinic.post(ofMedication('Medication/m'))).toMatchObject({ code: 'ALLERGY', undeclared: [] });
  });

  it('looks into a Medication that follows the order in the same Bundle', async () => {
    const clinic = new Clinic();
    await clinic.post(to('penicillin'));
    const bundle = aBundle('transaction', [aPost(ofMedication(urn(1))), aPost(combined, { fullUrl: urn(1) })]);
    expect(await clinic.result(bundle)).toMatchObject({ code: 'ALLERGY', undeclared: [] });
  });

  it.each([
    ['a text', { medicationCodeableConcept: { text: 'the red pill' } }],
    ['a Medication that nobody sent', ofMedication('Medication/unknown')],
    [
      'a contained Medication without a code',
      { ...ofMedication('#m'), contained: [{ resourceType: 'Medication', id: 'm' }] },
    ],
  ])('warns when a medicine is %s and cannot be checked', async (_what, over) => {
    const clinic = new Clinic();
    const order = await clinic.post(anOrder(over));
    expect(entryResultOf(order)['warnings']).toEqual([{ code: 'MEDICINE_WITHOUT_CODE' }]);
  });
});

describe('the interaction check of an order', () => {
  it('rejects a medicine that must not be given with an active order', async () => {
    const clinic = new Clinic();
    const first = await clinic.post(of('nitroglycerin'));
    expect(await clinic.post(of('sildenafil'))).toMatchObject({
      code: 'INTERACTION',
      detail: { order: idOf(first), pair: ['sildenafil', 'nitroglycerin'] },
    });
  });

  it('passes it once the other order has ended', async () => {
    const clinic = new Clinic();
    await clinic.put('n', of('nitroglycerin'));
    await clinic.put('n', of('nitroglycerin', { status: 'stopped' }));
    expect(await clinic.post(of('sildenafil'))).toMatchObject({ status: 'applied' });
  });

  it('passes it for another patient, and when a person overrode the alert', async () => {
    const clinic = new Clinic();
    await clinic.post(of('nitroglycerin'));
    expect(await clinic.post(of('sildenafil', subject('p2')))).toMatchObject({ status: 'applied' });
    expect(await clinic.post(of('sildenafil', decided))).toMatchObject({ status: 'applied' });
  });

  it('warns of interactions to be observed, ten at most', async () => {
    const clinic = new Clinic();
    const first = await clinic.post(of('warfarin'));
    const order = await clinic.post(of('aspirin'));
    const warning = { code: 'WATCHED_INTERACTION', order: idOf(first), pair: ['warfarin', 'aspirin'] };
    expect(entryResultOf(order)['warnings']).toEqual([warning]);
    for (let count = 0; count < 12; count += 1) await clinic.post(of('aspirin'));
    expect(entryResultOf(await clinic.post(of('warfarin')))['warnings']).toHaveLength(10);
  });

  it('does not compare the order with itself', async () => {
    const clinic = new Clinic();
    await clinic.put('o', of('warfarin'));
    expect(entryResultOf(await clinic.put('o', of('aspirin')))['warnings']).toBeUndefined();
  });
});
