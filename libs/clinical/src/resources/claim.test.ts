import { describe, expect, it } from '@jest/globals';
import { aBenefit, aClaim, aNotice, aPatient, balanceOf, Clinic, money } from '../testing/index.ts';

const patient = (id: string) => ({ patient: { reference: `Patient/${id}` } });

async function withClaim(): Promise<Clinic> {
  const clinic = new Clinic();
  await clinic.put('c', aClaim());
  return clinic;
}

describe('a claim', () => {
  it('is billed to its patient, with exact keys', async () => {
    const clinic = new Clinic();
    expect(await clinic.post(aClaim())).toMatchObject({ status: 'applied', undeclared: [] });
    expect(await clinic.put('c', aClaim({ total: money(12.34) }))).toMatchObject({ status: 'applied', undeclared: [] });
    expect(balanceOf(clinic, 'p1')).toBe(112.34);
  });

  it.each([
    ['a draft', { status: 'draft' }],
    ['a preauthorization', { use: 'preauthorization' }],
    ['an estimate', { use: 'predetermination' }],
    ['one without a total', { total: undefined }],
  ])('bills nothing as %s', async (_what, over) => {
    const clinic = new Clinic();
    expect(await clinic.post(aClaim(over))).toMatchObject({ status: 'applied', undeclared: [] });
    expect(balanceOf(clinic, 'p1')).toBe(0);
  });

  it.each([
    ['corrected', 70, (clinic: Clinic) => clinic.put('c', aClaim({ total: money(70) }))],
    ['sent again', 100, (clinic: Clinic) => clinic.put('c', aClaim())],
    ['cancelled', 0, (clinic: Clinic) => clinic.put('c', aClaim({ status: 'cancelled' }))],
    ['entered in error', 0, (clinic: Clinic) => clinic.put('c', aClaim({ status: 'entered-in-error' }))],
    ['deleted', 0, (clinic: Clinic) => clinic.delete('Claim/c')],
  ])('that is %s leaves a balance of %i', async (_how, balance, change) => {
    const clinic = await withClaim();
    expect(await change(clinic)).toMatchObject({ status: 'applied' });
    expect(balanceOf(clinic, 'p1')).toBe(balance);
  });

  it.each([
    ['cancelled', 'active'],
    ['entered-in-error', 'active'],
    ['active', 'draft'],
  ])('that is %s does not become %s', async (before, after) => {
    const clinic = new Clinic();
    await clinic.put('c', aClaim({ status: before }));
    expect(await clinic.put('c', aClaim({ status: after }))).toMatchObject({ code: 'STATUS_TRANSITION' });
  });

  it('keeps currencies apart, also when it changes from one to another', async () => {
    const clinic = await withClaim();
    await clinic.post(aClaim({ total: money(5, 'EUR') }));
    await clinic.put('c', aClaim({ total: money(90, 'EUR') }));
    expect([balanceOf(clinic, 'p1'), balanceOf(clinic, 'p1', 'EUR')]).toEqual([0, 95]);
  });

  it('counts an invalid currency as unknown', async () => {
    const clinic = new Clinic();
    await clinic.post(aClaim({ total: money(5, '$') }));
    expect(balanceOf(clinic, 'p1', 'XXX')).toBe(5);
  });

  it('that was billed to the wrong patient moves with its payments', async () => {
    const clinic = await withClaim();
    await clinic.post(aBenefit('c'));
    expect(balanceOf(clinic, 'p1')).toBe(20);
    await clinic.put('c', aClaim(patient('p2')));
    expect([balanceOf(clinic, 'p1'), balanceOf(clinic, 'p2')]).toEqual([0, 20]);
  });

  it('adds tenths of cents without error', async () => {
    const clinic = new Clinic();
    for (let count = 0; count < 10; count += 1) await clinic.post(aClaim({ total: money(0.1001) }));
    expect(balanceOf(clinic, 'p1')).toBe(1.001);
  });

  it('too large to be counted is refused, naming the element', async () => {
    const { refusals } = await new Clinic().send(aClaim({ total: money(1e11) }));
    expect(refusals).toMatchObject([{ issues: [{ expression: 'Claim.total' }] }]);
  });
});

it('balances of merged patients add up to what their claims came to', async () => {
  const clinic = await withClaim();
  await clinic.put('c2', aClaim(patient('p2')));
  const link = [{ type: 'replaced-by', other: { reference: 'Patient/p2' } }];
  await clinic.put('p1', aPatient({ identifier: undefined, link }));
  expect(await clinic.post(aBenefit('c', patient('p2')))).toMatchObject({ status: 'applied' });
  expect(await clinic.put('c', aClaim({ total: money(150) }))).toMatchObject({ status: 'applied' });
  await clinic.post(aNotice('c', 'r'));
  expect(balanceOf(clinic, 'p1') + balanceOf(clinic, 'p2')).toBe(150 - 80 - 20 + 100);
});
