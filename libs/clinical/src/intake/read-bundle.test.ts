import { describe, expect, it } from '@jest/globals';
import { parseTimeSeriesKey } from '@medrex/keys';
import {
  aBundle,
  aCondition,
  anObservation,
  aPatient,
  aPost,
  aPractitioner,
  aPut,
  Clinic,
  entryResultOf,
  urn,
} from '../testing/index.ts';

const about = (patient: string) => anObservation({ subject: { reference: patient } });
const bodyOf = (body: Uint8Array) =>
  JSON.parse(Buffer.from(Buffer.from(body).toString(), 'base64').toString()) as Record<string, unknown>;

describe('a transaction Bundle', () => {
  it('is one operation whose entries refer to each other by full URL, whatever their order', async () => {
    const clinic = new Clinic();
    const { operations, results, refusals } = await clinic.send(
      aBundle('transaction', [aPost(about(urn(1))), aPost(aPatient(), { fullUrl: urn(1) })]),
    );
    expect(refusals).toEqual([]);
    expect(operations).toHaveLength(1);
    expect(results).toMatchObject([{ status: 'applied', undeclared: [] }]);
    const subject = parseTimeSeriesKey(clinic.keys('cli~vit~')[0]!)!.subject;
    expect(clinic.keys(`cli~res~Patient~${subject}`)).toHaveLength(1);
  });

  it('is sealed with references to the ids that its entries got', async () => {
    const clinic = new Clinic();
    const bundle = aBundle('transaction', [
      aPost(aPatient(), { fullUrl: urn(1) }),
      aPost(aCondition({ subject: { reference: urn(1) }, note: [{ text: `"reference":"${urn(1)}"` }] }), {
        fullUrl: urn(2),
      }),
    ]);
    const { operations, results } = await clinic.send(bundle);
    const condition = operations[0]!.bodies.map(bodyOf).find(({ resourceType }) => resourceType === 'Condition')!;
    expect(condition['subject']).toEqual({ reference: entryResultOf(results[0]!)['reference'] });
    expect(condition['note']).toEqual([{ text: `"reference":"${urn(1)}"` }]);
  });

  it.each([
    [
      'a full URL twice',
      [aPost(aPatient(), { fullUrl: urn(1) }), aPost(aCondition(), { fullUrl: urn(1) })],
      'INVALID_BUNDLE',
      'duplicate',
      'Bundle.entry[1].fullUrl',
    ],
    [
      'a reference to no entry',
      [aPost(aPatient(), { fullUrl: urn(1) }), aPost(about(urn(2)))],
      'INVALID_RESOURCE',
      'not-found',
      'Bundle.entry[1].resource.subject',
    ],
    [
      'one resource twice',
      [aPut('x', aCondition()), aPut('x', aCondition())],
      'INVALID_BUNDLE',
      'duplicate',
      'Bundle.entry[1].resource',
    ],
    ['an entry without a request', [{ resource: aPatient() }], 'INVALID_BUNDLE', 'required', 'Bundle.entry[0].request'],
    [
      'an entry without a resource',
      [{ request: { method: 'POST', url: 'Patient' } }],
      'INVALID_REQUEST',
      'value',
      'Bundle.entry[0].resource',
    ],
    [
      'PATCH',
      [{ resource: aPatient(), request: { method: 'PATCH', url: 'Patient/x' } }],
      'UNSUPPORTED',
      'not-supported',
      'Bundle.entry[0].request.method',
    ],
    [
      'GET',
      [{ request: { method: 'GET', url: 'Patient/x' } }],
      'UNSUPPORTED',
      'not-supported',
      'Bundle.entry[0].request.method',
    ],
    [
      'a resource that is not R4',
      [aPost(aPatient()), aPost(anObservation({ status: 'x' }))],
      'INVALID_RESOURCE',
      'code-invalid',
      'Bundle.entry[1].resource.status',
    ],
    ['no entries', [], 'INVALID_BUNDLE', 'required', 'Bundle.entry'],
    ['an entry that is no object', ['x'], 'INVALID_RESOURCE', 'structure', 'Bundle.entry[0]'],
  ])('is refused as a whole for %s, naming the entry', async (_what, entries, code, issueCode, expression) => {
    const { operations, refusals } = await new Clinic().send(aBundle('transaction', entries as object[]));
    expect(operations).toEqual([]);
    expect(refusals).toMatchObject([{ item: 0, code, issues: [{ code: issueCode, expression }] }]);
  });

  it('is refused with the issues of all its entries', async () => {
    const wrong = aPost(anObservation({ status: 'x' }));
    const { refusals } = await new Clinic().send(aBundle('transaction', [wrong, aPost(aPatient()), wrong]));
    expect(refusals[0]!.issues.map(({ expression }) => expression)).toEqual([
      'Bundle.entry[0].resource.status',
      'Bundle.entry[2].resource.status',
    ]);
  });

  it('of more entries than the limit is refused with the limit named', async () => {
    const entries = Array.from({ length: 1001 }, () => aPost(aPractitioner()));
    const { refusals } = await new Clinic().send(aBundle('transaction', entries));
    expect(refusals).toMatchObject([
      { code: 'TOO_MANY_ENTRIES', status: 413, issues: [{ diagnostics: expect.stringContaining('1000 entries') }] },
    ]);
  });

  it('of more bytes than the limit is refused with the limit named', async () => {
    const large = (place: number) =>
      aPost(aPractitioner({ identifier: [{ value: String(place) }], name: [{ text: 'x'.repeat(700_000) }] }));
    const { refusals } = await new Clinic().send(aBundle('transaction', [large(1), large(2), large(3)]));
    expect(refusals).toMatchObject([
      { code: 'TOO_LARGE', status: 413, issues: [{ diagnostics: expect.stringContaining('2097152 bytes') }] },
    ]);
  });

  it('deletes before it creates and creates before it updates', async () => {
    const clinic = new Clinic();
    await clinic.put('old', aCondition());
    const entries = [
      aPut('new', aCondition()),
      aPost(anObservation()),
      { request: { method: 'DELETE', url: 'Condition/old' } },
    ];
    const { operations, results } = await clinic.send(aBundle('transaction', entries));
    const actions = (operations[0]!.facts['entries'] as unknown as { action: string }[]).map(({ action }) => action);
    expect(actions).toEqual(['delete', 'create', 'update']);
    expect(results[0]!.detail).toMatchObject([{ did: 'created' }, { did: 'created' }, { did: 'deleted' }]);
  });
});

it('a history Bundle creates resources under their ids, so that later versions find the first', async () => {
  const clinic = new Clinic();
  const first = { resource: aCondition({ id: 'x' }), request: { method: 'POST', url: 'Condition' } };
  const { results } = await clinic.send(aBundle('history', [first, aPut('x', aCondition())]));
  expect(results.map((result) => entryResultOf(result)['version'])).toEqual([1, 2]);
});

describe.each(['batch', 'collection', 'history'])('a %s Bundle', (type) => {
  it('is one operation per entry, in order, and an invalid entry refuses only itself', async () => {
    const clinic = new Clinic();
    const entries = [
      aPut('a', aCondition()),
      aPut('b', aCondition({ code: { wrong: 1 } })),
      aPut('c', anObservation()),
    ];
    const { operations, refusals, results } = await clinic.send(aBundle(type, entries));
    expect(operations.map(({ facts }) => (facts['entries'] as unknown as { type: string }[])[0]!.type)).toEqual([
      'Condition',
      'Observation',
    ]);
    expect(refusals).toMatchObject([
      { item: 1, code: 'INVALID_RESOURCE', issues: [{ expression: 'Bundle.entry[1].resource.code' }] },
    ]);
    expect(results.map(({ status }) => status)).toEqual(['applied', 'applied']);
  });
});

describe('other Bundles', () => {
  it('of type collection are put under the ids of their resources, so that references between them are valid', async () => {
    const clinic = new Clinic();
    const entries = [{ resource: aPatient({ id: 'p' }) }, { resource: about('Patient/p') }];
    const { results } = await clinic.send(aBundle('collection', entries));
    expect(results.map(({ status }) => status)).toEqual(['applied', 'applied']);
    expect(clinic.keys('cli~res~Patient')).toHaveLength(1);
    expect(clinic.keys('cli~vit~')[0]).toContain(clinic.keys('cli~res~Patient')[0]!.split('~')[3]);
  });

  it('resolve references by full URL on the server of the entry', async () => {
    const clinic = new Clinic();
    const base = 'https://ehr.example.org/fhir';
    const entries = [
      aPost(aPatient(), { fullUrl: `${base}/Patient/1` }),
      aPost(about('Patient/1'), { fullUrl: `${base}/Observation/1` }),
      aPost(about(`${base}/Patient/1`), { fullUrl: `${base}/Observation/2` }),
    ];
    await clinic.send(aBundle('transaction', entries));
    expect(new Set(clinic.keys('cli~vit~').map((key) => key.split('~')[3])).size).toBe(1);
  });

  it.each(['document', 'message', 'searchset', 'transaction-response'])(
    'of type %s are refused with what to send instead',
    async (type) => {
      const { refusals } = await new Clinic().send(aBundle(type, [{ resource: aPatient() }]));
      expect(refusals).toMatchObject([
        { code: 'UNSUPPORTED', issues: [{ expression: 'Bundle.type', diagnostics: expect.stringContaining(type) }] },
      ]);
    },
  );

  it('are recorded when they are posted to Bundle', async () => {
    const clinic = new Clinic();
    await clinic.post(aBundle('document', [{ resource: aPatient() }]));
    expect(clinic.keys('cli~res~Bundle~')).toHaveLength(1);
  });

  it('of more entries than the limit for items are refused', async () => {
    const { refusals } = await new Clinic({ itemsMax: 2 }).send(
      aBundle(
        'batch',
        [1, 2, 3].map(() => aPost(anObservation())),
      ),
    );
    expect(refusals).toMatchObject([{ code: 'TOO_MANY_ENTRIES', status: 413 }]);
  });
});
