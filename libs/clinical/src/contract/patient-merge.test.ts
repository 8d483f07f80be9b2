import { describe, expect, it } from '@jest/globals';
import { linkKey } from '@medrex/keys';
import { patientIdSystem } from '../intake/patient-identifiers.ts';
import { aBundle, anAllergy, anObservation, aPatient, aPost, Clinic, entryResultOf, urn } from '../testing/index.ts';
import { writeJson } from './state-json.ts';

const person = (id: string, over: object = {}) =>
  aPatient({ identifier: [{ system: 'urn:hospital:mrn', value: id }], ...over });
const pseudonym = (clinic: Clinic, id: string) => clinic.context.pseudonymOf([{ system: patientIdSystem, value: id }])!;
const replacedBy = (id: string) => ({
  active: false,
  link: [{ type: 'replaced-by', other: { reference: `Patient/${id}` } }],
});
const replaces = (id: string) => ({ link: [{ type: 'replaces', other: { reference: `Patient/${id}` } }] });

async function twoPeople(): Promise<Clinic> {
  const clinic = new Clinic();
  await clinic.put('a', person('a'));
  await clinic.put('b', person('b'));
  return clinic;
}

describe('a merge of patients', () => {
  it.each([
    ['the one that is replaced', 'a', replacedBy('b')],
    ['the one that stays', 'b', replaces('a')],
  ])('requested by %s makes messages about the first patient apply to the second', async (_who, id, link) => {
    const clinic = await twoPeople();
    const [a, b] = [pseudonym(clinic, 'a'), pseudonym(clinic, 'b')];
    const merged = await clinic.put(id, person(id, link));
    expect(merged).toMatchObject({ status: 'applied', undeclared: [], detail: [{ merged: [{ from: a, into: b }] }] });
    const late = await clinic.post(anObservation({ subject: { reference: 'Patient/a' } }));
    expect(late.status).toBe('applied');
    expect(clinic.keys('cli~vit~')).toMatchObject([expect.stringContaining(b)]);
    // The message did not declare the keys of the survivor.
    expect(late.undeclared.map(({ key }) => key)).toEqual([linkKey(b), ...clinic.keys('cli~vit~')]);
  });

  it('declares both links as read and written', async () => {
    const clinic = await twoPeople();
    const { operations } = await clinic.translate(person('a', replacedBy('b')), {
      request: { method: 'PUT', url: 'Patient/a' },
    });
    const links = operations[0]!.keys.filter(({ key }) => key.startsWith('sys~link~'));
    expect(links.map(({ mode }) => mode)).toEqual(['readWrite', 'readWrite']);
  });

  const mrn = (value: string) => ({ system: 'urn:hospital:mrn', value });
  it.each([
    ['its id', 'PUT', { reference: 'Patient/a' }],
    ['its identifier', 'PUT', { identifier: mrn('a') }],
    ['its search', 'PUT', { reference: 'Patient?identifier=urn:hospital:mrn|a' }],
    ['its identifier', 'POST', { identifier: mrn('a') }],
  ] as const)('into itself, named by %s, is refused (%s)', async (_how, method, other) => {
    const clinic = await twoPeople();
    const url = method === 'PUT' ? 'Patient/a' : 'Patient';
    const link = [
      { type: 'seealso', other: { reference: 'Patient/b' } },
      { type: 'replaced-by', other },
    ];
    const { operations, refusals } = await clinic.translate(person('a', { link }), { request: { method, url } });
    expect(operations).toEqual([]);
    expect(refusals).toMatchObject([
      { code: 'INVALID_RESOURCE', issues: [{ code: 'business-rule', expression: 'Patient.link[1].other' }] },
    ]);
  });

  it('into itself is refused in a Bundle, by the full URL of its own entry', async () => {
    const entry = {
      ...aPost(person('a', { link: [{ type: 'replaced-by', other: { reference: urn(1) } }] })),
      fullUrl: urn(1),
    };
    const { refusals } = await new Clinic().translate(aBundle('transaction', [entry]));
    expect(refusals).toMatchObject([{ issues: [{ expression: 'Bundle.entry[0].resource.link[0].other' }] }]);
  });

  it('sent again changes nothing', async () => {
    const clinic = await twoPeople();
    await clinic.put('a', person('a', replacedBy('b')));
    const again = await clinic.put('a', person('a', replacedBy('b')));
    expect(entryResultOf(again)).toMatchObject({ did: 'existing' });
    expect(await clinic.put('b', person('b', replaces('a')))).toMatchObject({
      status: 'applied',
      detail: [{ merged: [] }],
    });
  });

  it('into a patient who was merged before is rejected', async () => {
    const clinic = await twoPeople();
    await clinic.put('c', person('c'));
    await clinic.put('a', person('a', replacedBy('b')));
    expect(await clinic.put('c', person('c', replacedBy('a')))).toMatchObject({
      code: 'PATIENT_MERGED',
      detail: { expression: 'Patient.link' },
    });
    expect(await clinic.put('a', person('a', replacedBy('c')))).toMatchObject({ code: 'PATIENT_MERGED' });
  });

  it('moves the allergies to the survivor, so that the next order is checked against all of them', async () => {
    const clinic = await twoPeople();
    await clinic.post(anAllergy({ patient: { reference: 'Patient/a' } }));
    await clinic.put('a', person('a', replacedBy('b')));
    const order = {
      resourceType: 'MedicationRequest',
      status: 'active',
      intent: 'order',
      medicationCodeableConcept: { coding: [{ system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: '7984' }] },
      subject: { reference: 'Patient/b' },
    };
    expect(await clinic.post(order)).toMatchObject({ status: 'rejected', code: 'ALLERGY' });
  });

  it('applies a demographic change of the first patient to the second', async () => {
    const clinic = await twoPeople();
    await clinic.put('a', person('a', replacedBy('b')));
    expect(entryResultOf(await clinic.put('a', person('a', { gender: 'other' })))).toMatchObject({
      did: 'updated',
      version: 2,
    });
    expect(clinic.values(`cli~res~Patient~${pseudonym(clinic, 'b')}`)).toMatchObject([{ version: 2 }]);
  });

  it.each([
    [8, 'applied'],
    [9, 'rejected'],
  ])('is followed over %i hops: %s', async (hops, status) => {
    const clinic = new Clinic();
    await clinic.translate(anObservation());
    const first = pseudonym(clinic, 'p1');
    const chain = [first, ...Array.from({ length: hops }, (_, index) => `survivor-${index}`)];
    const state = {
      get: async () => undefined,
      put: (key: never, value: Uint8Array) => void clinic.state.set(key, value),
      delete: () => undefined,
    };
    chain.slice(0, -1).forEach((from, index) => writeJson(state, linkKey(from), { into: chain[index + 1] }));
    const result = await clinic.post(anObservation());
    expect(result).toMatchObject(status === 'applied' ? { status } : { status, code: 'LINK_CHAIN_TOO_LONG' });
  });
});
