import { describe, expect, it } from '@jest/globals';
import {
  aBundle,
  aClaim,
  aNotice,
  aPost,
  aReconciliation,
  balanceOf,
  Clinic,
  money,
  pseudonymOf,
} from '../testing/index.ts';
import { balanceCounter } from './account-balance.ts';

const patient = (id: string) => ({ patient: { reference: `Patient/${id}` } });

async function withClaim(): Promise<Clinic> {
  const clinic = new Clinic();
  await clinic.put('c', aClaim());
  return clinic;
}

describe('payments', () => {
  it('by notice and by reconciliation lower the balance of the claim’s patient', async () => {
    const clinic = await withClaim();
    const noticed = await clinic.post(aNotice('c', 'r1'));
    expect(noticed.status).toBe('applied');
    // Only the account of the claim tells whose balance changes.
    const counter = balanceCounter(pseudonymOf(clinic, 'p1'), 'USD');
    expect(noticed.undeclared).toMatchObject([{ key: expect.stringContaining(counter), mode: 'write' }]);
    await clinic.post(aReconciliation([['c', money(30)]]));
    expect(balanceOf(clinic, 'p1')).toBe(50);
  });

  it('that a notice announces and a reconciliation lists count once, whichever comes first', async () => {
    for (const noticeFirst of [true, false]) {
      const clinic = await withClaim();
      const sends = [() => clinic.post(aNotice('c', 'r')), () => clinic.put('r', aReconciliation([['c', money(19)]]))];
      for (const send of noticeFirst ? sends : sends.reverse()) await send();
      expect(balanceOf(clinic, 'p1')).toBe(81);
      await clinic.put('r', aReconciliation([['c', money(19)]], { status: 'cancelled' }));
      expect(balanceOf(clinic, 'p1')).toBe(80);
    }
  });

  it('of one run are added to each claim, several lines of one claim as their sum', async () => {
    const clinic = await withClaim();
    await clinic.put('c2', aClaim(patient('p2')));
    const run = aReconciliation([
      ['c', money(10)],
      ['c2', money(20)],
      ['c', money(-3)],
      ['c', money(4, 'EUR')],
    ]);
    await clinic.put('r', run);
    await clinic.put('r', run);
    expect([balanceOf(clinic, 'p1'), balanceOf(clinic, 'p2'), balanceOf(clinic, 'p1', 'EUR')]).toEqual([93, 80, -4]);
    await clinic.delete('PaymentReconciliation/r');
    expect([balanceOf(clinic, 'p1'), balanceOf(clinic, 'p2'), balanceOf(clinic, 'p1', 'EUR')]).toEqual([100, 100, 0]);
  });

  it('of several claims of one patient are one delta', async () => {
    const clinic = await withClaim();
    await clinic.put('c2', aClaim());
    const { undeclared } = await clinic.post(
      aReconciliation([
        ['c', money(10)],
        ['c2', money(20)],
      ]),
    );
    expect(undeclared).toHaveLength(1);
    expect(balanceOf(clinic, 'p1')).toBe(170);
  });

  it('that come before their claim count when it comes', async () => {
    const clinic = new Clinic();
    expect(await clinic.post(aNotice('c', 'r'))).toMatchObject({ status: 'applied', undeclared: [] });
    await clinic.put('c', aClaim());
    expect(balanceOf(clinic, 'p1')).toBe(80);
  });

  it('on an inactive claim are rejected, refunds are not', async () => {
    const clinic = await withClaim();
    await clinic.put('r', aReconciliation([['c', money(10)]]));
    await clinic.put('c', aClaim({ status: 'cancelled' }));
    expect(await clinic.post(aNotice('c', 'r2'))).toMatchObject({ code: 'CLAIM_NOT_ACTIVE' });
    expect(await clinic.post(aReconciliation([['c', money(-10)]]))).toMatchObject({ status: 'applied' });
    expect(balanceOf(clinic, 'p1')).toBe(0);
  });

  it('for something other than a claim are kept and change no balance', async () => {
    const clinic = await withClaim();
    await clinic.post(aNotice('c', 'r', { request: { reference: 'Invoice/i' } }));
    expect(balanceOf(clinic, 'p1')).toBe(100);
    expect(clinic.keys('fin~res~PaymentNotice~')).toHaveLength(1);
  });

  it.each([
    [
      'a run of more than a thousand lines',
      'PaymentReconciliation.detail',
      Array.from({ length: 1001 }, () => ['c', money(1)] as const),
    ],
    [
      'an amount beyond counting',
      'PaymentReconciliation.detail[1].amount',
      [['c', money(1)] as const, ['c', money(-1e11)] as const],
    ],
  ])('in %s are refused', async (_what, expression, details) => {
    const { refusals } = await new Clinic().send(aReconciliation(details));
    expect(refusals).toMatchObject([{ issues: [{ expression }] }]);
  });

  it('above two hundred on one claim are rejected', async () => {
    const clinic = await withClaim();
    const bundle = aBundle(
      'batch',
      Array.from({ length: 201 }, (_, run) => aPost(aNotice('c', `r${run}`))),
    );
    const { results } = await clinic.send(bundle);
    expect(results.map(({ code }) => code)).toEqual([...Array.from({ length: 200 }, () => 'OK'), 'LIST_FULL']);
  });
});
