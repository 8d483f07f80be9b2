import { describe, expect, it } from '@jest/globals';
import {
  aBundle,
  aDelivery,
  aDose,
  anOrder,
  aPatient,
  aPost,
  aPut,
  Clinic,
  fromStock,
  heldAt,
  tablets,
  entryResultOf,
} from '../testing/index.ts';

const onOrder = (id: string, over: object = {}) =>
  aDose({ request: { reference: `MedicationRequest/${id}` }, ...over });
const taking = (value: number, over: object = {}) =>
  aDose({ ...fromStock('w'), dosage: { dose: tablets(value) }, ...over });

async function withOrder(status = 'active'): Promise<Clinic> {
  const clinic = new Clinic();
  await clinic.put('o', anOrder({ status }));
  return clinic;
}

async function withStock(): Promise<Clinic> {
  const clinic = new Clinic();
  await clinic.put('d', aDelivery('w'));
  return clinic;
}

const doses = (clinic: Clinic) => clinic.values('cli~given~').map((count) => count['doses']);

describe('a dose on an order', () => {
  it('is counted, with exact keys', async () => {
    const clinic = await withOrder();
    const first = await clinic.post(onOrder('o'));
    const second = await clinic.post(onOrder('o'));
    expect([first, second]).toMatchObject([{ undeclared: [] }, { undeclared: [] }]);
    expect([first, second].map((one) => entryResultOf(one)['dosesOfOrder'])).toEqual([1, 2]);
  });

  it.each(['draft', 'on-hold', 'completed', 'stopped', 'cancelled', 'entered-in-error', 'unknown'])(
    'is rejected when the order is %s',
    async (status) => {
      const clinic = await withOrder(status);
      expect(await clinic.post(onOrder('o'))).toMatchObject({
        code: 'ORDER_NOT_ACTIVE',
        detail: { expression: 'MedicationAdministration.request' },
      });
      expect(doses(clinic)).toEqual([]);
    },
  );

  it.each([
    ['a proposal', { intent: 'proposal' }],
    ['an order not to give it', { doNotPerform: true }],
  ])('is rejected when that is %s', async (_what, over) => {
    const clinic = new Clinic();
    await clinic.put('o', anOrder(over));
    expect(await clinic.post(onOrder('o'))).toMatchObject({ code: 'ORDER_NOT_ACTIVE' });
  });

  it('is rejected when the order is unknown or deleted', async () => {
    const clinic = await withOrder();
    expect(await clinic.post(onOrder('other'))).toMatchObject({ code: 'ORDER_NOT_ACTIVE' });
    await clinic.delete('MedicationRequest/o');
    expect(await clinic.post(onOrder('o'))).toMatchObject({ code: 'ORDER_NOT_ACTIVE' });
  });

  it('is rejected when the order is another patient’s', async () => {
    const clinic = await withOrder();
    expect(await clinic.post(onOrder('o', { subject: { reference: 'Patient/p2' } }))).toMatchObject({
      code: 'WRONG_PATIENT',
      detail: { expression: 'MedicationAdministration.request' },
    });
  });

  it('is counted after the order’s patient was merged into the dose’s', async () => {
    const clinic = await withOrder();
    const link = [{ type: 'replaced-by', other: { reference: 'Patient/p2' } }];
    await clinic.put('p1', aPatient({ identifier: undefined, link }));
    expect(await clinic.post(onOrder('o', { subject: { reference: 'Patient/p2' } }))).toMatchObject({
      status: 'applied',
    });
    expect(await clinic.post(onOrder('o'))).toMatchObject({ status: 'applied' });
    expect(doses(clinic)).toEqual([2]);
  });

  it('that precedes its order in a Bundle is counted', async () => {
    const clinic = new Clinic();
    const bundle = aBundle('transaction', [aPost(onOrder('o')), aPut('o', anOrder())]);
    expect(await clinic.result(bundle)).toMatchObject({ status: 'applied', undeclared: [] });
    expect(doses(clinic)).toEqual([1]);
  });

  it('can be corrected, and an infusion finished, after the order has ended', async () => {
    const clinic = await withOrder();
    await clinic.put('given', onOrder('o'));
    await clinic.put('running', onOrder('o', { status: 'in-progress' }));
    await clinic.put('o', anOrder({ status: 'stopped' }));
    expect(await clinic.put('given', onOrder('o', { dosage: { dose: tablets(2) } }))).toMatchObject({
      status: 'applied',
    });
    expect(await clinic.put('running', onOrder('o', { status: 'stopped' }))).toMatchObject({ status: 'applied' });
    expect(doses(clinic)).toEqual([2]);
    expect(await clinic.put('late', onOrder('o'))).toMatchObject({ code: 'ORDER_NOT_ACTIVE' });
  });

  it('is counted on the order that it was moved to', async () => {
    const clinic = await withOrder();
    await clinic.put('o2', anOrder());
    await clinic.put('dose', onOrder('o'));
    await clinic.put('dose', onOrder('o2'));
    expect(doses(clinic).toSorted()).toEqual([0, 1]);
  });

  it.each([
    ['entered in error', (clinic: Clinic) => clinic.put('dose', onOrder('o', { status: 'entered-in-error' }))],
    ['deleted', (clinic: Clinic) => clinic.delete('MedicationAdministration/dose')],
  ])('is not counted any more when it was %s', async (_how, undo) => {
    const clinic = await withOrder();
    await clinic.put('dose', onOrder('o'));
    expect(await undo(clinic)).toMatchObject({ status: 'applied' });
    expect(doses(clinic)).toEqual([0]);
  });
});

describe('the status of a dose', () => {
  it.each([
    ['in-progress', 'completed'],
    ['in-progress', 'on-hold'],
    ['on-hold', 'in-progress'],
    ['unknown', 'not-done'],
    ['not-done', 'entered-in-error'],
  ])('goes from %s to %s', async (before, after) => {
    const clinic = new Clinic();
    await clinic.put('dose', aDose({ status: before }));
    expect(await clinic.put('dose', aDose({ status: after }))).toMatchObject({ status: 'applied', undeclared: [] });
  });

  it.each([
    ['completed', 'in-progress'],
    ['completed', 'not-done'],
    ['stopped', 'completed'],
    ['not-done', 'completed'],
    ['entered-in-error', 'completed'],
  ])('does not go from %s to %s', async (before, after) => {
    const clinic = new Clinic();
    await clinic.put('dose', aDose({ status: before }));
    expect(await clinic.put('dose', aDose({ status: after }))).toMatchObject({ code: 'STATUS_TRANSITION' });
  });
});

describe('a dose from a stock', () => {
  it('takes what it gives, with exact keys', async () => {
    const clinic = await withStock();
    expect(await clinic.post(taking(3))).toMatchObject({ status: 'applied', undeclared: [] });
    expect(heldAt(clinic, 'w')).toBe(7);
  });

  it('may take the last tablet and no more', async () => {
    const clinic = await withStock();
    await clinic.post(taking(10));
    expect(await clinic.post(taking(0.001))).toMatchObject({
      code: 'STOCK_EXHAUSTED',
      detail: { expression: 'MedicationAdministration.dosage.dose', held: 0, taken: 0.001 },
    });
    expect(heldAt(clinic, 'w')).toBe(0);
  });

  it('takes nothing while it runs, when it was not given, and without a named stock', async () => {
    const clinic = await withStock();
    await clinic.post(taking(3, { status: 'in-progress' }));
    await clinic.post(taking(3, { status: 'not-done' }));
    await clinic.post(aDose());
    expect(heldAt(clinic, 'w')).toBe(10);
  });

  it('takes what was given until it was stopped', async () => {
    const clinic = await withStock();
    await clinic.put('dose', taking(4, { status: 'in-progress' }));
    await clinic.put('dose', taking(1, { status: 'stopped' }));
    expect(heldAt(clinic, 'w')).toBe(9);
  });

  it.each([
    ['corrected', 8, (clinic: Clinic) => clinic.put('dose', taking(2))],
    ['sent again', 0, (clinic: Clinic) => clinic.put('dose', taking(10))],
    ['entered in error', 10, (clinic: Clinic) => clinic.put('dose', taking(10, { status: 'entered-in-error' }))],
    ['deleted', 10, (clinic: Clinic) => clinic.delete('MedicationAdministration/dose')],
  ])('that is %s leaves %i', async (_how, left, change) => {
    const clinic = await withStock();
    await clinic.put('dose', taking(10));
    expect(await change(clinic)).toMatchObject({ status: 'applied' });
    expect(heldAt(clinic, 'w')).toBe(left);
  });

  it('declares the stock that it gives back to', async () => {
    const clinic = await withStock();
    await clinic.put('dose', taking(1));
    expect(await clinic.put('dose', taking(1, { status: 'entered-in-error' }))).toMatchObject({ undeclared: [] });
  });

  it('moves from one location’s stock to another’s', async () => {
    const clinic = await withStock();
    await clinic.put('e', aDelivery('v'));
    await clinic.put('dose', taking(4));
    await clinic.put('dose', taking(4, fromStock('v')));
    expect([heldAt(clinic, 'w'), heldAt(clinic, 'v')]).toEqual([10, 6]);
  });

  it('is rejected in another unit than the stock’s', async () => {
    const clinic = await withStock();
    const milligrams = { value: 325, unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' };
    expect(await clinic.post(taking(1, { dosage: { dose: milligrams } }))).toMatchObject({
      code: 'UNIT_DIFFERS',
      detail: { named: 'ucum:mg' },
    });
    expect(await clinic.post(taking(1, { dosage: { dose: { value: 1, unit: 'tablet' } } }))).toMatchObject({
      status: 'applied',
    });
  });

  it('of a Medication takes from deliveries of that Medication', async () => {
    const clinic = new Clinic();
    const medicationReference = { reference: 'Medication/m' };
    await clinic.post(aDelivery('w', { suppliedItem: { quantity: tablets(1), itemReference: medicationReference } }));
    const dose = taking(1, { medicationCodeableConcept: undefined, medicationReference });
    expect(await clinic.post(dose)).toMatchObject({ status: 'applied' });
    expect(await clinic.post(dose)).toMatchObject({ code: 'STOCK_EXHAUSTED' });
  });

  it.each([
    ['no quantity', { dosage: undefined }, 'MedicationAdministration.dosage.dose'],
    ['no code', { medicationCodeableConcept: { text: 'pill' } }, 'MedicationAdministration.medication'],
    ['a negative quantity', { dosage: { dose: tablets(-1) } }, 'MedicationAdministration.dosage.dose'],
    ['an endless quantity', { dosage: { dose: tablets(1e300) } }, 'MedicationAdministration.dosage.dose'],
  ])('with %s is refused', async (_what, over, expression) => {
    const clinic = await withStock();
    const { refusals } = await clinic.send(taking(1, over));
    expect(refusals).toMatchObject([{ code: 'INVALID_RESOURCE', issues: [{ expression }] }]);
  });
});
