import { describe, expect, it } from '@jest/globals';
import { parseStateValue } from '@medrex/execute-batch';
import { knownId } from '../intake/resource-ids.ts';
import { aBenefit, aBundle, aClaim, aPost, balanceOf, Clinic, money, urn } from '../testing/index.ts';
import { claimAccountKey } from './claim-account.ts';

const patient = (id: string) => ({ patient: { reference: `Patient/${id}` } });
const paying = (value: number, currency = 'USD') => ({ payment: { amount: money(value, currency) } });
const account = (clinic: Clinic, claim: string) =>
  parseStateValue(clinic.state.get(claimAccountKey(knownId(clinic.context, 'Claim', claim))));

async function withClaim(): Promise<Clinic> {
  const clinic = new Clinic();
  await clinic.put('c', aClaim());
  return clinic;
}

describe('an explanation of benefit', () => {
  it('pays the claim, with exact keys', async () => {
    const clinic = await withClaim();
    expect(await clinic.post(aBenefit('c'))).toMatchObject({ status: 'applied', undeclared: [] });
    expect(balanceOf(clinic, 'p1')).toBe(20);
  });

  it.each([
    ['corrected', 40, (clinic: Clinic) => clinic.put('e', aBenefit('c', paying(60)))],
    ['sent again', 20, (clinic: Clinic) => clinic.put('e', aBenefit('c'))],
    ['cancelled', 100, (clinic: Clinic) => clinic.put('e', aBenefit('c', { status: 'cancelled' }))],
    ['deleted', 100, (clinic: Clinic) => clinic.delete('ExplanationOfBenefit/e')],
  ])('that is %s leaves a balance of %i', async (_how, balance, change) => {
    const clinic = await withClaim();
    await clinic.put('e', aBenefit('c'));
    expect(await change(clinic)).toMatchObject({ status: 'applied' });
    expect(balanceOf(clinic, 'p1')).toBe(balance);
  });

  it('that is cancelled declares the account from which its payment is removed', async () => {
    const clinic = await withClaim();
    await clinic.put('e', aBenefit('c'));
    expect(await clinic.put('e', aBenefit('c', { status: 'cancelled' }))).toMatchObject({ undeclared: [] });
  });

  it.each([
    ['a draft', { status: 'draft' }],
    ['for a preauthorization', { use: 'preauthorization' }],
  ])('pays nothing as %s, and touches no account', async (_what, over) => {
    const clinic = await withClaim();
    expect(await clinic.post(aBenefit('c', over))).toMatchObject({ status: 'applied', undeclared: [] });
    expect(balanceOf(clinic, 'p1')).toBe(100);
  });

  it('without a claim pays its own patient', async () => {
    const clinic = await withClaim();
    await clinic.put('e', aBenefit(undefined));
    expect(balanceOf(clinic, 'p1')).toBe(20);
    await clinic.put('e', aBenefit(undefined, patient('p2')));
    expect([balanceOf(clinic, 'p1'), balanceOf(clinic, 'p2')]).toEqual([100, -80]);
  });

  it('moves from one claim to another', async () => {
    const clinic = await withClaim();
    await clinic.put('c2', aClaim(patient('p1')));
    await clinic.put('e', aBenefit('c'));
    await clinic.put('e', aBenefit('c2', paying(50)));
    expect(balanceOf(clinic, 'p1')).toBe(150);
    expect([account(clinic, 'c')?.['payments'], account(clinic, 'c2')?.['payments']]).toMatchObject([
      [],
      [{ made: 500_000 }],
    ]);
  });

  it.each([
    ['cancelled', (clinic: Clinic) => clinic.put('c', aClaim({ status: 'cancelled' }))],
    ['a draft', (clinic: Clinic) => clinic.put('d', aClaim({ status: 'draft' })), 'd'],
    ['deleted', (clinic: Clinic) => clinic.delete('Claim/c')],
  ])('is rejected when the claim is %s', async (_what, change, claim = 'c') => {
    const clinic = await withClaim();
    await change(clinic);
    const rejected = { code: 'CLAIM_NOT_ACTIVE', detail: { expression: 'ExplanationOfBenefit.claim' }, undeclared: [] };
    expect(await clinic.post(aBenefit(claim))).toMatchObject(rejected);
    expect(await clinic.post(aBenefit(claim, { payment: undefined }))).toMatchObject(rejected);
  });

  it('of a claim cancelled meanwhile may be repeated and lowered, but not raised', async () => {
    const clinic = await withClaim();
    await clinic.put('e', aBenefit('c'));
    await clinic.put('c', aClaim({ status: 'cancelled' }));
    expect(await clinic.put('e', aBenefit('c'))).toMatchObject({ status: 'applied' });
    expect(await clinic.put('e', aBenefit('c', paying(81)))).toMatchObject({ code: 'CLAIM_NOT_ACTIVE' });
    expect(await clinic.put('e', aBenefit('c', paying(30)))).toMatchObject({ status: 'applied' });
    expect(balanceOf(clinic, 'p1')).toBe(-30);
  });

  it('is rejected when the claim is another patient’s', async () => {
    const clinic = await withClaim();
    expect(await clinic.post(aBenefit('c', patient('p2')))).toMatchObject({ code: 'WRONG_PATIENT' });
  });

  it('that comes before its claim counts, for the patient that the claim names', async () => {
    const clinic = new Clinic();
    expect(await clinic.post(aBenefit('c'))).toMatchObject({ status: 'applied', undeclared: [] });
    expect(balanceOf(clinic, 'p1')).toBe(-80);
    await clinic.put('c', aClaim(patient('p2')));
    expect([balanceOf(clinic, 'p1'), balanceOf(clinic, 'p2')]).toEqual([0, 20]);
  });

  it('that precedes its claim in a Bundle counts', async () => {
    const clinic = new Clinic();
    const bundle = aBundle('transaction', [
      aPost(aBenefit(undefined, { claim: { reference: urn(1) } })),
      aPost(aClaim(), { fullUrl: urn(1) }),
    ]);
    expect(await clinic.result(bundle)).toMatchObject({ status: 'applied', undeclared: [] });
    expect(balanceOf(clinic, 'p1')).toBe(20);
  });
});
