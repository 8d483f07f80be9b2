import { describe, expect, it } from '@jest/globals';
import {
  aBundle,
  aCondition,
  anObservation,
  aPost,
  aPractitioner,
  aPut,
  Clinic,
  idOf,
  toldOf,
  urn,
} from '../testing/index.ts';

const reading = (value: number) => anObservation({ valueQuantity: { value, unit: '/min' } });

describe('a record', () => {
  it('is version 1 under a minted id when it is posted, and nothing but its patient is read for it', async () => {
    const clinic = new Clinic();
    const { operations, results } = await clinic.send(anObservation(), {
      request: { method: 'POST', url: 'Observation' },
    });
    expect(results[0]).toMatchObject({ status: 'applied', undeclared: [], detail: [{ did: 'created', version: 1 }] });
    expect(operations[0]!.keys.map(({ mode }) => mode)).toEqual(['read', 'write', 'append']);
  });

  it('keeps every version when it is put again', async () => {
    const clinic = new Clinic();
    await clinic.put('x', reading(80));
    const second = await clinic.put('x', reading(82));
    expect(second).toMatchObject({ status: 'applied', undeclared: [], detail: [{ did: 'updated', version: 2 }] });
    const recorded = clinic
      .values('cli~vit~')
      .map(({ version, facts }) => [version, (facts as { value: { value: number } }).value.value]);
    expect(recorded.sort()).toEqual([
      [1, 80],
      [2, 82],
    ]);
  });

  it('is named by the id that the sender chose and by the one that it was told', async () => {
    const clinic = new Clinic();
    const told = idOf(await clinic.put('x', aCondition()));
    expect(told).not.toContain('x');
    expect(toldOf(await clinic.put(told, aCondition()))).toEqual({
      reference: `Condition/${told}`,
      did: 'updated',
      version: 2,
    });
    expect(toldOf(await clinic.put('x', aCondition()))).toMatchObject({ did: 'updated', version: 3 });
  });

  it('is named after a POST by the id that the sender was told, in references, PUT and DELETE', async () => {
    const clinic = new Clinic();
    const id = idOf(await clinic.post(aCondition()));
    expect(toldOf(await clinic.put(id, aCondition()))).toMatchObject({ did: 'updated', version: 2 });
    expect(toldOf(await clinic.delete(`Condition/${id}`))).toMatchObject({ did: 'deleted', version: 3 });
  });

  it('does not take an id for a told one because it looks like one', async () => {
    const clinic = new Clinic();
    const chosen = 'ab'.repeat(24);
    const told = idOf(await clinic.put(chosen, aCondition()));
    expect(told).not.toBe(chosen);
    expect(toldOf(await clinic.put(told, aCondition()))).toMatchObject({ did: 'updated' });
  });

  it('is rejected with STALE_VERSION when If-Match names another version, and stays as it was', async () => {
    const clinic = new Clinic();
    await clinic.put('x', reading(80));
    await clinic.put('x', reading(81), 'W/"1"');
    const before = new Map(clinic.state);
    const stale = await clinic.put('x', reading(82), 'W/"1"');
    expect(stale).toMatchObject({
      status: 'rejected',
      code: 'STALE_VERSION',
      detail: { expected: 1, current: 2, expression: 'Observation' },
    });
    expect(clinic.keys('cli~')).toEqual([...before.keys()].filter((key) => key.startsWith('cli~')).sort());
  });

  it('is rejected with STALE_VERSION when If-Match is asked of what is not there', async () => {
    expect(await new Clinic().put('x', reading(80), '3')).toMatchObject({
      code: 'STALE_VERSION',
      detail: { expected: 3, current: null },
    });
  });

  it('leaves a tombstone when it is deleted, and lives again with the next version', async () => {
    const clinic = new Clinic();
    await clinic.put('x', aCondition());
    expect(toldOf(await clinic.delete('Condition/x'))).toMatchObject({ did: 'deleted', version: 2 });
    expect(clinic.values('cli~res~Condition')).toMatchObject([{ isDeleted: true, version: 2 }]);
    expect(toldOf(await clinic.delete('Condition/x'))).toMatchObject({ did: 'nothing', version: 2 });
    expect(toldOf(await clinic.put('x', aCondition()))).toMatchObject({ did: 'created', version: 3 });
    expect(
      clinic
        .values('cli~ver~Condition')
        .map(({ version }) => version)
        .sort(),
    ).toEqual([1, 2, 3]);
  });

  it('is not deleted over a stale If-Match', async () => {
    const clinic = new Clinic();
    await clinic.put('x', aCondition());
    expect(await clinic.delete('Condition/x', 'W/"7"')).toMatchObject({ status: 'rejected', code: 'STALE_VERSION' });
  });

  it('is created and never changed under an If-Match of version 0', async () => {
    const clinic = new Clinic();
    expect(await clinic.put('x', aCondition(), 'W/"0"')).toMatchObject({ status: 'applied' });
    expect(await clinic.put('x', aCondition(), 'W/"0"')).toMatchObject({ code: 'STALE_VERSION' });
    await clinic.delete('Condition/x');
    expect(await clinic.put('x', aCondition(), 'W/"0"')).toMatchObject({ status: 'applied' });
  });

  it('needs nothing to be there when it is deleted', async () => {
    expect(toldOf(await new Clinic().delete('Condition/never'))).toMatchObject({ did: 'nothing' });
  });
});

describe('identifiers', () => {
  const npi = 'identifier=http://hl7.org/fhir/sid/us-npi|9999999999';

  it('make one resource of fifty conditional creates; the later ones are told the first', async () => {
    const clinic = new Clinic();
    const results = [];
    for (let racer = 0; racer < 50; racer++) results.push(await clinic.post(aPractitioner(), { ifNoneExist: npi }));
    expect(results.every(({ status, undeclared }) => status === 'applied' && undeclared.length === 0)).toBe(true);
    expect(new Set(results.map((result) => idOf(result))).size).toBe(1);
    expect(results.map((result) => toldOf(result)['did'])).toEqual([
      'created',
      ...Array.from({ length: 49 }, () => 'existing'),
    ]);
    expect(clinic.keys('cli~res~Practitioner')).toHaveLength(1);
  });

  it('find what was posted without a condition', async () => {
    const clinic = new Clinic();
    const first = idOf(await clinic.post(aPractitioner()));
    const second = await clinic.post(aPractitioner({ identifier: undefined }), { ifNoneExist: npi });
    expect(toldOf(second)).toMatchObject({ did: 'existing', reference: `Practitioner/${first}` });
  });

  it('are given up by an update without them and by a delete', async () => {
    const clinic = new Clinic();
    await clinic.put('p', aPractitioner());
    await clinic.put('p', aPractitioner({ identifier: undefined }));
    expect(clinic.keys('sys~idn~')).toEqual([]);
    await clinic.put('p', aPractitioner());
    await clinic.delete('Practitioner/p');
    expect(clinic.keys('sys~idn~')).toEqual([]);
    expect(toldOf(await clinic.post(aPractitioner(), { ifNoneExist: npi }))).toMatchObject({ did: 'created' });
  });

  it('stay with the first resource that had them', async () => {
    const clinic = new Clinic();
    const first = idOf(await clinic.put('a', aPractitioner()));
    await clinic.put('b', aPractitioner());
    await clinic.delete('Practitioner/b');
    expect(toldOf(await clinic.post(aPractitioner(), { ifNoneExist: npi }))).toMatchObject({
      reference: `Practitioner/${first}`,
    });
  });

  it('choose what a conditional update changes, and create it when nothing has them', async () => {
    const clinic = new Clinic();
    const request = { method: 'PUT', url: `Practitioner?${npi}` } as const;
    const first = await clinic.result(aPractitioner(), { request });
    expect(toldOf(first)).toMatchObject({ did: 'created', version: 1 });
    expect(toldOf(await clinic.result(aPractitioner(), { request }))).toEqual({
      reference: `Practitioner/${idOf(first)}`,
      did: 'updated',
      version: 2,
    });
    const gone = await clinic.delete(`Practitioner?${npi}`);
    expect(toldOf(gone)).toMatchObject({ reference: `Practitioner/${idOf(first)}`, did: 'deleted', version: 3 });
  });
});

describe('conditional references', () => {
  const performed = (value: string) =>
    anObservation({ performer: [{ reference: `Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|${value}` }] });

  it('are found among what was recorded', async () => {
    const clinic = new Clinic();
    await clinic.post(aPractitioner());
    expect(await clinic.post(performed('9999999999'))).toMatchObject({ status: 'applied', undeclared: [] });
  });

  it('reject and name the entry when nothing matches', async () => {
    const clinic = new Clinic();
    const bundle = aBundle('transaction', [aPost(aCondition()), aPost(performed('none'))]);
    expect(await clinic.result(bundle)).toMatchObject({
      status: 'rejected',
      code: 'NO_MATCH',
      detail: { entry: 1, expression: 'Bundle.entry[1].resource.performer[0]' },
    });
    expect(clinic.keys('cli~')).toEqual([]);
  });

  it('find what the same transaction creates, wherever it stands in it', async () => {
    const bundle = aBundle('transaction', [aPost(performed('9999999999')), aPost(aPractitioner())]);
    expect(await new Clinic().result(bundle)).toMatchObject({ status: 'applied', undeclared: [] });
  });

  it('to a patient need the patient to have been recorded', async () => {
    const clinic = new Clinic();
    const mrn = { reference: 'Patient?identifier=urn:hospital:mrn|MRN-1' };
    expect(await clinic.post(anObservation({ subject: mrn }))).toMatchObject({
      code: 'NO_MATCH',
      detail: { expression: 'Observation.subject' },
    });
    await clinic.post({
      resourceType: 'Patient',
      identifier: [{ system: 'urn:hospital:mrn', value: 'MRN-1' }],
    } as never);
    expect(await clinic.post(anObservation({ subject: mrn }))).toMatchObject({ status: 'applied' });
  });
});

describe('references to an entry with a condition', () => {
  const npi = 'identifier=http://hl7.org/fhir/sid/us-npi|9999999999';
  const ward = (url: string) => ({
    resourceType: 'Encounter',
    status: 'in-progress',
    class: { code: 'IMP' },
    serviceProvider: { reference: url },
  });
  const bundle = (request: object) => {
    const organization = {
      resourceType: 'Organization',
      name: 'Ward',
      identifier: [{ system: 'http://hl7.org/fhir/sid/us-npi', value: '9999999999' }],
    };
    const hub = { fullUrl: urn(1), resource: organization, request };
    return aBundle('transaction', [aPost(ward(urn(1))), hub]);
  };
  const wardOfLast = (clinic: Clinic) =>
    clinic.values('cli~ver~Encounter').map(({ facts }) => (facts as { ward: string }).ward);

  it.each([
    ['a conditional create', { method: 'POST', url: 'Organization', ifNoneExist: npi }],
    ['a conditional update', { method: 'PUT', url: `Organization?${npi}` }],
  ])('mean the resource that %s finds, or the one that it makes', async (_what, request) => {
    const clinic = new Clinic();
    const first = await clinic.result(bundle(request));
    const second = await clinic.result(bundle(request));
    expect([first.status, second.status]).toEqual(['applied', 'applied']);
    expect(idOf(second, 1)).toBe(idOf(first, 1));
    expect(new Set(wardOfLast(clinic))).toEqual(new Set([idOf(first, 1)]));
  });
});

describe('a transaction', () => {
  it('takes effect wholly, and answers each entry at its place', async () => {
    const clinic = new Clinic();
    const { operations, results } = await clinic.send(
      aBundle('transaction', [aPut('u', aCondition()), aPost(anObservation()), aPost(aPractitioner())]),
    );
    expect(operations).toHaveLength(1);
    expect((results[0]!.detail as { reference: string }[]).map(({ reference }) => reference.split('/')[0])).toEqual([
      'Condition',
      'Observation',
      'Practitioner',
    ]);
  });

  it('takes no effect at all when one entry is rejected, and names it', async () => {
    const clinic = new Clinic();
    await clinic.put('x', aCondition());
    const before = clinic.keys('cli~');
    const result = await clinic.result(
      aBundle('transaction', [aPost(anObservation()), aPut('x', aCondition(), { ifMatch: 'W/"9"' })]),
    );
    expect(result).toMatchObject({
      status: 'rejected',
      code: 'STALE_VERSION',
      detail: { entry: 1, expression: 'Bundle.entry[1].resource' },
    });
    expect(clinic.keys('cli~')).toEqual(before);
  });
});
