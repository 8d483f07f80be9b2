import { describe, expect, it } from '@jest/globals';
import { aBundle, aDelivery, aDose, aMedicine, aPost, Clinic, fromStock, heldAt, tablets } from '../testing/index.ts';

const taking = (value: number, over: object = {}) =>
  aDose({ ...fromStock('w'), dosage: { dose: tablets(value) }, ...over });

async function withStock(): Promise<Clinic> {
  const clinic = new Clinic();
  await clinic.put('d', aDelivery('w'));
  return clinic;
}

describe('a delivery', () => {
  const bringing = (value: number, over: object = {}) =>
    aDelivery('w', {
      suppliedItem: { quantity: tablets(value), itemCodeableConcept: aMedicine('acetaminophen') },
      ...over,
    });

  it('fills the stock once it is completed, with exact keys', async () => {
    const clinic = new Clinic();
    expect(await clinic.put('d', bringing(10, { status: 'in-progress' }))).toMatchObject({ undeclared: [] });
    expect(heldAt(clinic, 'w')).toBe(0);
    expect(await clinic.put('d', bringing(10))).toMatchObject({ undeclared: [] });
    expect(heldAt(clinic, 'w')).toBe(10);
  });

  it('adds tenths without error', async () => {
    const clinic = new Clinic();
    for (let count = 0; count < 10; count += 1) await clinic.post(bringing(0.1));
    expect(heldAt(clinic, 'w')).toBe(1);
  });

  it.each([
    ['sent again', bringing(10), 2],
    ['corrected upwards', bringing(12), 4],
    ['corrected as far as nothing is missing', bringing(8), 0],
  ])('of which eight were taken can be %s', async (_how, delivery, left) => {
    const clinic = await withStock();
    await clinic.post(taking(8));
    expect(await clinic.put('d', delivery)).toMatchObject({ status: 'applied', undeclared: [] });
    expect(heldAt(clinic, 'w')).toBe(left);
  });

  it.each([
    ['corrected below that', (clinic: Clinic) => clinic.put('d', bringing(7))],
    ['entered in error', (clinic: Clinic) => clinic.put('d', bringing(10, { status: 'entered-in-error' }))],
    ['deleted', (clinic: Clinic) => clinic.delete('SupplyDelivery/d')],
  ])('of which eight were taken cannot be %s', async (_how, undo) => {
    const clinic = await withStock();
    await clinic.post(taking(8));
    expect(await undo(clinic)).toMatchObject({ code: 'STOCK_EXHAUSTED' });
    expect(heldAt(clinic, 'w')).toBe(2);
  });

  it('to the wrong location moves to the right one', async () => {
    const clinic = await withStock();
    await clinic.put('d', aDelivery('v'));
    expect([heldAt(clinic, 'w'), heldAt(clinic, 'v')]).toEqual([0, 10]);
  });

  it('in another unit is accepted once the stock is empty', async () => {
    const clinic = await withStock();
    const strips = {
      quantity: { value: 1, system: 'urn:units', code: 'strip' },
      itemCodeableConcept: aMedicine('acetaminophen'),
    };
    expect(await clinic.post(aDelivery('w', { suppliedItem: strips }))).toMatchObject({ code: 'UNIT_DIFFERS' });
    await clinic.post(taking(10));
    expect(await clinic.post(aDelivery('w', { suppliedItem: strips }))).toMatchObject({ status: 'applied' });
    expect(heldAt(clinic, 'w')).toBe(1);
  });

  it('is applied before a dose that takes from it in a Bundle', async () => {
    const clinic = new Clinic();
    const bundle = aBundle('transaction', [aPost(taking(1)), aPost(bringing(1))]);
    expect(await clinic.result(bundle)).toMatchObject({ status: 'applied', undeclared: [] });
  });

  it('cannot be completed twice', async () => {
    const clinic = await withStock();
    expect(await clinic.put('d', bringing(10, { status: 'in-progress' }))).toMatchObject({ code: 'STATUS_TRANSITION' });
  });
});
