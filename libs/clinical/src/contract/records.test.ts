import { describe, expect, it } from '@jest/globals';
import {
  aBundle,
  aCondition,
  anObservation,
  aPatient,
  aPost,
  aPractitioner,
  aPut,
  Clinic,
  idOf,
  entryResultOf,
  urn,
} from '../testing/index.ts';
import { holdersMax } from './identifier-line.ts';

const reading = (value: number) => anObservation({ valueQuantity: { value, unit: '/min' } });

describe('a record', () => {
  it('is version 1 under a minted id when it is posted, and only its patient is read for it', async () => {
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

  it('can be referred to by the id that the sender chose and by the returned one', async () => {
    const clinic = new Clinic();
    const returnedId = idOf(await clinic.put('x', aCondition()));
    expect(returnedId).not.toContain('x');
    expect(entryResultOf(await clinic.put(returnedId, aCondition()))).toEqual({
      reference: `Condition/${returnedId}`,
      did: 'updated',
      version: 2,
    });
    expect(entryResultOf(await clinic.put('x', aCondition()))).toMatchObject({ did: 'updated', version: 3 });
  });

  it('can be referred to after a POST by the returned id, in references, PUT and DELETE', async () => {
    const clinic = new Clinic();
    const id = idOf(await clinic.post(aCondition()));
    expect(entryResultOf(await clinic.put(id, aCondition()))).toMatchObject({ did: 'updated', version: 2 });
    expect(entryResultOf(await clinic.delete(`Condition/${id}`))).toMatchObject({ did: 'deleted', version: 3 });
  });

  it('does not accept an id as minted only because it looks like one', async () => {
    const clinic = new Clinic();
    const chosen = 'ab'.repeat(24);
    const returnedId = idOf(await clinic.put(chosen, aCondition()));
    expect(returnedId).not.toBe(chosen);
    expect(entryResultOf(await clinic.put(returnedId, aCondition()))).toMatchObject({ did: 'updated' });
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

  it('is rejected with STALE_VERSION when it does not exist and If-Match names a version', async () => {
    expect(await new Clinic().put('x', reading(80), '3')).toMatchObject({
      code: 'STALE_VERSION',
      detail: { expected: 3, current: null },
    });
  });

  it('leaves a tombstone when it is deleted, and exists again with the next version', async () => {
    const clinic = new Clinic();
    await clinic.put('x', aCondition());
    expect(entryResultOf(await clinic.delete('Condition/x'))).toMatchObject({ did: 'deleted', version: 2 });
    expect(clinic.values('cli~res~Condition')).toMatchObject([{ isDeleted: true, version: 2 }]);
    expect(entryResultOf(await clinic.delete('Condition/x'))).toMatchObject({ did: 'nothing', version: 2 });
    expect(entryResultOf(await clinic.put('x', aCondition()))).toMatchObject({ did: 'created', version: 3 });
    expect(
      clinic
        .values('cli~ver~Condition')
        .map(({ version }) => version)
        .sort(),
    ).toEqual([1, 2, 3]);
  });

  it('is not deleted under a stale If-Match', async () => {
    const clinic = new Clinic();
    await clinic.put('x', aCondition());
    expect(await clinic.delete('Condition/x', 'W/"7"')).toMatchObject({ status: 'rejected', code: 'STALE_VERSION' });
  });

  it('is created but never changed under an If-Match of version 0', async () => {
    const clinic = new Clinic();
    expect(await clinic.put('x', aCondition(), 'W/"0"')).toMatchObject({ status: 'applied' });
    expect(await clinic.put('x', aCondition(), 'W/"0"')).toMatchObject({ code: 'STALE_VERSION' });
    await clinic.delete('Condition/x');
    expect(await clinic.put('x', aCondition(), 'W/"0"')).toMatchObject({ status: 'applied' });
  });

  it('need not exist to be deleted', async () => {
    expect(entryResultOf(await new Clinic().delete('Condition/never'))).toMatchObject({ did: 'nothing' });
  });
});

describe('identifiers', () => {
  const npi = 'identifier=http://hl7.org/fhir/sid/us-npi|9999999999';

  it('make fifty conditional creates one resource; the later ones return the first', async () => {
    const clinic = new Clinic();
    const results = [];
    for (let racer = 0; racer < 50; racer++) results.push(await clinic.post(aPractitioner(), { ifNoneExist: npi }));
    expect(new Set(results.map((result) => idOf(result))).size).toBe(1);
    expect(results.map((result) => [entryResultOf(result)['did'], entryResultOf(result)['version']])).toEqual([
      ['created', 1],
      ...Array.from({ length: 49 }, () => ['existing', 1]),
    ]);
    const heads = clinic.keys('cli~res~Practitioner');
    expect(heads).toHaveLength(1);
    // Only the state tells which head holds the version.
    const found = heads.map((key) => ({ key, mode: 'read' }));
    expect(results.map(({ undeclared }) => undeclared)).toEqual([[], ...Array.from({ length: 49 }, () => found)]);
  });

  it('find a resource that was posted without a condition', async () => {
    const clinic = new Clinic();
    const first = idOf(await clinic.post(aPractitioner()));
    const second = await clinic.post(aPractitioner({ identifier: undefined }), { ifNoneExist: npi });
    expect(entryResultOf(second)).toMatchObject({ did: 'existing', reference: `Practitioner/${first}` });
  });

  it('are removed by an update without them and by a delete', async () => {
    const clinic = new Clinic();
    await clinic.put('p', aPractitioner());
    await clinic.put('p', aPractitioner({ identifier: undefined }));
    expect(clinic.keys('sys~idn~')).toEqual([]);
    await clinic.put('p', aPractitioner());
    await clinic.delete('Practitioner/p');
    expect(clinic.keys('sys~idn~')).toEqual([]);
    expect(entryResultOf(await clinic.post(aPractitioner(), { ifNoneExist: npi }))).toMatchObject({ did: 'created' });
  });

  it('lead to the one resource that has them now, whichever had them first', async () => {
    const clinic = new Clinic();
    await clinic.put('a', aPractitioner());
    const second = idOf(await clinic.put('b', aPractitioner()));
    await clinic.delete('Practitioner/a');
    const request = { method: 'PUT', url: `Practitioner?${npi}` } as const;
    expect(entryResultOf(await clinic.result(aPractitioner(), { request }))).toEqual({
      reference: `Practitioner/${second}`,
      did: 'updated',
      version: 2,
    });
    expect(clinic.keys('cli~res~Practitioner')).toHaveLength(2);
  });

  it.each([
    ['create', aPractitioner(), { method: 'POST', url: 'Practitioner', ifNoneExist: npi }],
    ['update', aPractitioner(), { method: 'PUT', url: `Practitioner?${npi}` }],
    ['delete', undefined, { method: 'DELETE', url: `Practitioner?${npi}` }],
  ] as const)('that several resources have reject a conditional %s', async (_what, resource, request) => {
    const clinic = new Clinic();
    await clinic.put('a', aPractitioner());
    await clinic.post(aPractitioner());
    const before = clinic.keys('cli~');
    expect(await clinic.result(resource, { request })).toMatchObject({
      status: 'rejected',
      code: 'MULTIPLE_MATCHES',
      detail: { expression: 'Practitioner', matches: 2 },
    });
    expect(clinic.keys('cli~')).toEqual(before);
    await clinic.put('a', aPractitioner({ identifier: undefined }));
    expect(await clinic.result(resource, { request })).toMatchObject({ status: 'applied' });
  });

  it('are declared as read and written, except by conditional creates, which read them together', async () => {
    const clinic = new Clinic();
    const lines = async (
      resource: object | undefined,
      request: { method: 'POST' | 'PUT' | 'DELETE'; url: string; ifNoneExist?: string },
    ) => {
      const { operations, results } = await clinic.send(resource, { request });
      const modes = operations[0]!.keys.filter(({ key }) => key.startsWith('sys~idn~')).map(({ mode }) => mode);
      return [modes, results[0]!.undeclared.filter(({ key }) => key.startsWith('sys~idn~')).map(({ mode }) => mode)];
    };
    const doctor = aPractitioner();
    const create = { method: 'POST', url: 'Practitioner' } as const;
    const put = (id: string) => ({ method: 'PUT', url: `Practitioner/${id}` }) as const;
    expect(await lines(doctor, create)).toEqual([['readWrite'], []]);
    expect(await lines(doctor, { ...create, ifNoneExist: npi })).toEqual([['ensure'], []]);
    expect(await lines(doctor, put('x'))).toEqual([['readWrite'], []]);
    // A create under one identifier must also change the line of another one.
    const mine = 'identifier=urn:hospital:staff|S-1';
    expect(await lines(doctor, { ...create, ifNoneExist: mine })).toEqual([['ensure', 'ensure'], ['readWrite']]);
    // Only the state tells which identifiers are removed.
    expect(await lines({ ...doctor, identifier: undefined }, put('x'))).toEqual([[], ['readWrite']]);
    expect(await lines(undefined, { method: 'DELETE', url: `Practitioner?${mine}` })).toEqual([
      ['readWrite'],
      ['readWrite'],
    ]);
  });

  it('list their first resources and count the others', async () => {
    const clinic = new Clinic();
    const line = () => clinic.values('sys~idn~')[0];
    const ids: string[] = [];
    for (let number = 0; number < holdersMax + 2; number++)
      ids.push(idOf(await clinic.put(`p${number}`, aPractitioner())));
    expect(line()).toEqual({ type: 'Practitioner', ids: ids.slice(0, holdersMax), more: 2 });
    // Deletes one that is only counted, then one that is listed. The last one becomes listed when it is put again.
    await clinic.delete(`Practitioner/p${holdersMax}`);
    await clinic.put(`p${holdersMax + 1}`, aPractitioner());
    expect(line()).toEqual({ type: 'Practitioner', ids: ids.slice(0, holdersMax), more: 1 });
    for (let number = 0; number < holdersMax; number++) await clinic.delete(`Practitioner/p${number}`);
    expect(await clinic.post(aPractitioner(), { ifNoneExist: npi })).toMatchObject({
      code: 'MULTIPLE_MATCHES',
      detail: { matches: 1 },
    });
    await clinic.put(`p${holdersMax + 1}`, aPractitioner());
    expect(line()).toEqual({ type: 'Practitioner', ids: ids.slice(-1) });
    expect(entryResultOf(await clinic.post(aPractitioner(), { ifNoneExist: npi }))).toMatchObject({ did: 'existing' });
  });

  it('choose what a conditional update changes, and create it when nothing has them', async () => {
    const clinic = new Clinic();
    const request = { method: 'PUT', url: `Practitioner?${npi}` } as const;
    const first = await clinic.result(aPractitioner(), { request });
    expect(entryResultOf(first)).toMatchObject({ did: 'created', version: 1 });
    expect(entryResultOf(await clinic.result(aPractitioner(), { request }))).toEqual({
      reference: `Practitioner/${idOf(first)}`,
      did: 'updated',
      version: 2,
    });
    const gone = await clinic.delete(`Practitioner?${npi}`);
    expect(entryResultOf(gone)).toMatchObject({ reference: `Practitioner/${idOf(first)}`, did: 'deleted', version: 3 });
  });
});

describe('conditional references', () => {
  const performed = (value: string) =>
    anObservation({ performer: [{ reference: `Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|${value}` }] });

  it('are found among recorded resources', async () => {
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

  it('reject and name the entry when several match', async () => {
    const clinic = new Clinic();
    for (const id of ['a', 'b']) await clinic.put(id, aPractitioner());
    const bundle = aBundle('transaction', [aPost(aCondition()), aPost(performed('9999999999'))]);
    expect(await clinic.result(bundle)).toMatchObject({
      status: 'rejected',
      code: 'MULTIPLE_MATCHES',
      detail: { entry: 1, expression: 'Bundle.entry[1].resource.performer[0]', matches: 2 },
    });
    expect(clinic.keys('cli~cond')).toEqual([]);
  });

  it('find a resource that the same transaction creates, at any position', async () => {
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

  it('to a patient who was merged refer to the survivor, whose line lists both', async () => {
    const clinic = new Clinic();
    const person = (value: string, over: object = {}) =>
      aPatient({ identifier: [{ system: 'urn:hospital:mrn', value }], ...over });
    await clinic.put('a', person('MRN-1'));
    await clinic.put('b', person('MRN-2'));
    await clinic.put('a', person('MRN-1', { link: [{ type: 'replaced-by', other: { reference: 'Patient/b' } }] }));
    await clinic.put('a', person('MRN-1'));
    expect(clinic.values('sys~idn~').map(({ ids }) => (ids as readonly string[]).length)).toEqual(
      expect.arrayContaining([1, 2]),
    );
    const mrn = { reference: 'Patient?identifier=urn:hospital:mrn|MRN-1' };
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
  ])('refer to the resource that %s finds, or the one that it creates', async (_what, request) => {
    const clinic = new Clinic();
    const first = await clinic.result(bundle(request));
    const second = await clinic.result(bundle(request));
    expect([first.status, second.status]).toEqual(['applied', 'applied']);
    expect(idOf(second, 1)).toBe(idOf(first, 1));
    expect(new Set(wardOfLast(clinic))).toEqual(new Set([idOf(first, 1)]));
  });
});

describe('a transaction', () => {
  it('takes effect completely, with a result for each entry in order', async () => {
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
