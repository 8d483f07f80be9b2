import { describe, expect, it } from '@jest/globals';
import { aConsent, aPatient, Clinic, idOf, pseudonymOf } from '../testing/index.ts';
import { activeConsents } from './consent.ts';

const scope = (code: string) => ({
  scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code }] },
});
const denied = { provision: { type: 'deny' } };
const of = (id: string) => ({ patient: { reference: `Patient/${id}` } });

type Line = { readonly id: string; readonly decision: string; readonly since: string };
const active = (clinic: Clinic) => clinic.values('cli~consents~').flatMap(({ lines }) => lines as Line[]);
const inForce = (clinic: Clinic) => active(clinic).at(-1)?.decision;

describe('active consents of a patient', () => {
  it('are on a list, with exact keys', async () => {
    const clinic = new Clinic();
    const consent = await clinic.post(aConsent());
    expect(consent).toMatchObject({ status: 'applied', undeclared: [] });
    expect(active(clinic)).toEqual([
      {
        id: idOf(consent),
        scope: expect.stringContaining(':research'),
        decision: 'permit',
        since: '2026-01-05T09:00:00Z',
      },
    ]);
  });

  it.each(['draft', 'proposed', 'rejected', 'inactive'])('do not include one that is %s', async (status) => {
    const clinic = new Clinic();
    expect(await clinic.post(aConsent({ status }))).toMatchObject({ status: 'applied', undeclared: [] });
    expect(active(clinic)).toEqual([]);
  });

  it.each([
    ['withdrawn', (clinic: Clinic) => clinic.put('later', aConsent({ status: 'inactive', ...denied }))],
    ['entered in error', (clinic: Clinic) => clinic.put('later', aConsent({ status: 'entered-in-error', ...denied }))],
    ['deleted', (clinic: Clinic) => clinic.delete('Consent/later')],
  ])('put the earlier decision in force again when the later one is %s', async (_how, withdraw) => {
    const clinic = new Clinic();
    await clinic.put('earlier', aConsent());
    await clinic.put('later', aConsent(denied));
    expect(inForce(clinic)).toBe('deny');
    expect(await withdraw(clinic)).toMatchObject({ status: 'applied' });
    expect(inForce(clinic)).toBe('permit');
  });

  it('keep their order when one is sent again, but not when it is changed', async () => {
    const clinic = new Clinic();
    await clinic.put('one', aConsent());
    await clinic.put('other', aConsent(denied));
    await clinic.put('one', aConsent({ language: 'de' }));
    expect(inForce(clinic)).toBe('deny');
    await clinic.put('other', aConsent());
    await clinic.put('one', aConsent(denied));
    expect(active(clinic).map(({ decision }) => decision)).toEqual(['permit', 'deny']);
  });

  it('have their scope, also when it is corrected', async () => {
    const clinic = new Clinic();
    await clinic.put('c', aConsent());
    expect(await clinic.put('c', aConsent(scope('treatment')))).toMatchObject({ status: 'applied', undeclared: [] });
    expect(active(clinic)).toMatchObject([{ scope: expect.stringContaining(':treatment') }]);
  });

  it('move when a consent was recorded for the wrong patient', async () => {
    const clinic = new Clinic();
    await clinic.put('c', aConsent());
    await clinic.put('c', aConsent(of('p2')));
    expect(clinic.keys('cli~consents~')).toEqual([activeConsents.key(pseudonymOf(clinic, 'p2'))]);
  });

  it('of a merged patient join the survivor’s, ordered by time of decision', async () => {
    const clinic = new Clinic();
    const put = (id: string, resource: { readonly resourceType: string }, time: string) =>
      clinic.result(resource, { time, request: { method: 'PUT', url: `Consent/${id}` } });
    await put('late', aConsent({ ...of('p2'), ...denied }), '2026-01-05T11:00:00Z');
    await put('early', aConsent(), '2026-01-05T10:00:00.5Z');
    const link = [{ type: 'replaced-by', other: { reference: 'Patient/p2' } }];
    expect(await clinic.put('p1', aPatient({ identifier: undefined, link }))).toMatchObject({ undeclared: [] });
    expect(active(clinic).map(({ decision }) => decision)).toEqual(['permit', 'deny']);
    expect(clinic.keys('cli~consents~')).toEqual([activeConsents.key(pseudonymOf(clinic, 'p2'))]);
  });
});

it.each([
  ['inactive', 'active'],
  ['rejected', 'active'],
  ['entered-in-error', 'active'],
  ['active', 'draft'],
])('a consent that is %s does not become %s', async (before, after) => {
  const clinic = new Clinic();
  await clinic.put('c', aConsent({ status: before }));
  expect(await clinic.put('c', aConsent({ status: after }))).toMatchObject({ code: 'STATUS_TRANSITION' });
});
