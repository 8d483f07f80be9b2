import { describe, expect, it } from '@jest/globals';
import { linkKey } from '@medrex/keys';
import {
  aMedicine,
  anAllergy,
  anOrder,
  aPatient,
  Clinic,
  idOf,
  pseudonymOf,
  type KnownMedicine,
} from '../testing/index.ts';
import { activeOrders } from './patient-list.ts';

const of = (name: KnownMedicine, over: object = {}) => anOrder({ medicationCodeableConcept: aMedicine(name), ...over });
const subject = (id: string) => ({ subject: { reference: `Patient/${id}` } });

const listed = (clinic: Clinic) =>
  clinic.values('cli~orders~').flatMap(({ lines }) => (lines as { id: string }[]).map(({ id }) => id));

describe('an order', () => {
  it('that is active is on the list of its patient, with exact keys', async () => {
    const clinic = new Clinic();
    const order = await clinic.post(anOrder());
    expect(order).toMatchObject({ status: 'applied', undeclared: [] });
    expect(listed(clinic)).toEqual([idOf(order)]);
  });

  it.each(['completed', 'stopped', 'cancelled', 'on-hold', 'entered-in-error'])(
    'is removed from the list when it is %s',
    async (status) => {
      const clinic = new Clinic();
      await clinic.put('o', anOrder());
      expect(await clinic.put('o', anOrder({ status }))).toMatchObject({ status: 'applied', undeclared: [] });
      expect(clinic.keys('cli~orders~')).toEqual([]);
    },
  );

  it.each([
    ['a proposal', { intent: 'proposal' }],
    ['a plan', { intent: 'plan' }],
    ['an option', { intent: 'option' }],
    ['an order to leave it', { doNotPerform: true }],
    ['a draft', { status: 'draft' }],
  ])('is %s: nothing is checked, nothing is listed', async (_what, over) => {
    const clinic = new Clinic();
    await clinic.post(anAllergy());
    expect(await clinic.post(of('penicillin', over))).toMatchObject({ status: 'applied', undeclared: [] });
    expect(listed(clinic)).toEqual([]);
  });

  it('is added to the list again when it is resumed', async () => {
    const clinic = new Clinic();
    await clinic.put('o', anOrder());
    await clinic.put('o', anOrder({ status: 'on-hold' }));
    const resumed = await clinic.put('o', anOrder());
    expect(resumed.status).toBe('applied');
    expect(listed(clinic)).toEqual([idOf(resumed)]);
  });

  it.each([
    ['completed', 'active'],
    ['stopped', 'on-hold'],
    ['cancelled', 'active'],
    ['entered-in-error', 'active'],
    ['active', 'draft'],
  ])('that is %s cannot become %s', async (before, after) => {
    const clinic = new Clinic();
    await clinic.put('o', anOrder({ status: before }));
    expect(await clinic.put('o', anOrder({ status: after }))).toMatchObject({
      code: 'STATUS_TRANSITION',
      detail: { expression: 'MedicationRequest.status', from: before, to: after },
    });
  });

  it('sent again in another message is on the list once', async () => {
    const clinic = new Clinic();
    await clinic.put('o', of('aspirin'));
    await clinic.put('p', of('warfarin'));
    const again = await clinic.put('o', of('aspirin'));
    expect(again).toMatchObject({ status: 'applied', undeclared: [] });
    expect(listed(clinic)).toHaveLength(2);
  });

  it('that is deleted is removed from the list', async () => {
    const clinic = new Clinic();
    await clinic.put('o', anOrder());
    await clinic.delete('MedicationRequest/o');
    expect(listed(clinic)).toEqual([]);
  });

  it('that was written for the wrong patient moves to the list of the right one', async () => {
    const clinic = new Clinic();
    await clinic.put('o', anOrder());
    const moved = await clinic.put('o', anOrder(subject('p2')));
    expect(clinic.keys('cli~orders~')).toEqual([activeOrders.key(pseudonymOf(clinic, 'p2'))]);
    // The message names the present patient; only the state knows the previous one.
    const before = pseudonymOf(clinic, 'p1');
    expect(moved.undeclared.map(({ key }) => key)).toEqual([linkKey(before), activeOrders.key(before)]);
  });
});

describe('active orders of merged patients', () => {
  const person = (id: string, over: object = {}) =>
    aPatient({ identifier: [{ system: 'urn:hospital:mrn', value: id }], ...over });

  async function merged(clinic: Clinic): Promise<void> {
    const link = [{ type: 'replaced-by', other: { reference: 'Patient/p2' } }];
    expect(await clinic.put('p1', person('p1', { link }))).toMatchObject({ status: 'applied', undeclared: [] });
  }

  it('are one list, which the next order is checked against', async () => {
    const clinic = new Clinic();
    await clinic.put('p1', person('p1'));
    await clinic.put('p2', person('p2'));
    await clinic.post(of('nitroglycerin'));
    await clinic.post(of('aspirin', subject('p2')));
    await merged(clinic);
    expect(clinic.keys('cli~orders~')).toEqual([activeOrders.key(pseudonymOf(clinic, 'p2'))]);
    expect(await clinic.post(of('sildenafil', subject('p2')))).toMatchObject({ code: 'INTERACTION' });
    expect(await clinic.post(of('sildenafil'))).toMatchObject({ code: 'INTERACTION' });
  });

  it('move to a third patient when they were written for the wrong one', async () => {
    const clinic = new Clinic();
    await clinic.put('o', of('aspirin'));
    await clinic.put('p1', person('p1'));
    await clinic.put('p2', person('p2'));
    await merged(clinic);
    await clinic.put('o', of('aspirin', subject('p3')));
    expect(clinic.keys('cli~orders~')).toEqual([activeOrders.key(pseudonymOf(clinic, 'p3'))]);
  });
});
