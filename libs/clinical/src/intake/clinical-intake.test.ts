import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CodedError } from '@medrex/coded-error';
import {
  aBundle,
  aCondition,
  anObservation,
  aPatient,
  aPost,
  aPractitioner,
  aPut,
  Clinic,
  IntakeStandIn,
  entryResultOf,
  urn,
} from '../testing/index.ts';
import { operationOutcome } from './operation-outcome.ts';
import { clinicalRefusals } from './problem.ts';

const codes = (sent: { readonly refusals: readonly { readonly code: string; readonly status: number }[] }) =>
  sent.refusals.map(({ code, status }) => [code, status]);
const post = (url: string) => ({ request: { method: 'POST', url } as const });

describe('a single resource', () => {
  it('without a request is put under its id, and created when it has none', async () => {
    const clinic = new Clinic();
    const { results: created } = await clinic.send(anObservation());
    const { results: put } = await clinic.send(anObservation({ id: 'x' }));
    const { results: again } = await clinic.send(anObservation({ id: 'x' }));
    expect([created, put, again].map(([result]) => (result!.detail as { did: string }[])[0]!.did)).toEqual([
      'created',
      'created',
      'updated',
    ]);
  });

  it('is refused with the FHIRPath of a reference to what it does not contain', async () => {
    const resource = anObservation({ performer: [{ reference: 'Practitioner/x' }, { reference: '#x' }] });
    const { refusals: single } = await new Clinic().translate(resource);
    expect(single).toMatchObject([
      { status: 422, issues: [{ code: 'invariant', expression: 'Observation.performer[1]' }] },
    ]);
    const { refusals: inBundle } = await new Clinic().translate(aBundle('transaction', [aPost(resource)]));
    expect(inBundle).toMatchObject([{ issues: [{ expression: 'Bundle.entry[0].resource.performer[1]' }] }]);
  });

  it.each([
    ['XML', anObservation(), { contentType: 'application/fhir+xml' }, 'UNSUPPORTED_MEDIA_TYPE', 415],
    [
      'another version of FHIR',
      anObservation(),
      { contentType: 'application/fhir+json; fhirVersion=5.0' },
      'UNSUPPORTED_MEDIA_TYPE',
      415,
    ],
    ['a text', 'Jane Doe', {}, 'INVALID_BODY', 400],
    ['a list', [anObservation()], {}, 'INVALID_BODY', 400],
    ['nothing', undefined, {}, 'INVALID_BODY', 400],
    ['a resource that is not R4', anObservation({ status: 'x' }), {}, 'INVALID_RESOURCE', 422],
    ['another type than the URL names', anObservation(), post('Condition'), 'INVALID_REQUEST', 400],
    ['an unknown type in the URL', anObservation(), post('Nurse'), 'INVALID_REQUEST', 400],
    ['POST with an id', anObservation(), post('Observation/x'), 'INVALID_REQUEST', 400],
    ['PUT without an id', anObservation(), { request: { method: 'PUT', url: 'Observation' } }, 'INVALID_REQUEST', 400],
    [
      'PUT under another id',
      anObservation({ id: 'y' }),
      { request: { method: 'PUT', url: 'Observation/x' } },
      'INVALID_REQUEST',
      400,
    ],
    [
      'an If-Match that is no version',
      anObservation(),
      { request: { method: 'PUT', url: 'Observation/x', ifMatch: 'W/"abc"' } },
      'INVALID_REQUEST',
      400,
    ],
    [
      'a condition other than an identifier',
      anObservation(),
      { request: { method: 'POST', url: 'Observation', ifNoneExist: 'code=x' } },
      'UNSUPPORTED',
      422,
    ],
    ['a reference that is none', anObservation({ subject: { reference: 'bed 7' } }), {}, 'INVALID_RESOURCE', 422],
    ['a urn outside a Bundle', anObservation({ subject: { reference: urn(1) } }), {}, 'INVALID_RESOURCE', 422],
    [
      'a conditional reference by name',
      anObservation({ subject: { reference: 'Patient?name=Doe' } }),
      {},
      'INVALID_RESOURCE',
      422,
    ],
  ] as const)('is refused for %s', async (_what, body, message, code, status) => {
    const sent = await new Clinic().send(body, message);
    expect(codes(sent)).toEqual([[code, status]]);
    expect(sent.operations).toEqual([]);
  });

  it('larger than the limit is refused with the limit named', async () => {
    const sent = await new Clinic({ bytesMax: 1000 }).send(anObservation({ note: [{ text: 'x'.repeat(1000) }] }));
    expect(sent.refusals).toMatchObject([
      { code: 'TOO_LARGE', status: 413, issues: [{ diagnostics: expect.stringContaining('1000 bytes') }] },
    ]);
  });

  it('of the same message is translated to the same bytes', async () => {
    const message = { id: 'once' };
    const context = new IntakeStandIn();
    const [first, second] = [new Clinic({ context }), new Clinic({ context })];
    const bundle = aBundle('transaction', [
      aPost(aPatient(), { fullUrl: urn(1) }),
      aPost(anObservation({ subject: { reference: urn(1) } })),
    ]);
    expect((await first.translate(bundle, message)).operations).toEqual(
      (await second.translate(bundle, message)).operations,
    );
  });
});

describe('priority classes', () => {
  const order = {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    subject: { reference: 'Patient/p1' },
  };

  it.each([
    [[aCondition()], 'clinical'],
    [[{ resourceType: 'Invoice', status: 'issued' }, aCondition()], 'clinical'],
    [[aCondition(), order], 'cpoe'],
    [[{ resourceType: 'Invoice', status: 'issued' }], 'financial'],
  ])('of a Bundle is the most urgent of its entries', async (resources, expected) => {
    const { classes } = await new Clinic().translate(
      aBundle(
        'transaction',
        resources.map((resource) => aPost(resource)),
      ),
    );
    expect(classes).toEqual([expected]);
  });

  it('may be set by the message', async () => {
    expect((await new Clinic().translate(anObservation(), { class: 'audit' })).classes).toEqual(['audit']);
  });
});

describe('patients', () => {
  const system = 'urn:medrex:fhir:Patient';

  it('are identified by the configured systems first, then by the ids that references use', async () => {
    const clinic = new Clinic({ patientSystems: ['urn:b', 'urn:a'] });
    const identifier = [
      { system: 'urn:a', value: '1' },
      { system: 'urn:other', value: '2' },
      { system: 'urn:b', value: '3' },
    ];
    await clinic.put('x', aPatient({ identifier }));
    expect(clinic.context.asked).toEqual([
      [
        { system: 'urn:b', value: '3' },
        { system: 'urn:a', value: '1' },
        { system, value: 'x' },
        { system, value: expect.stringMatching(/^[0-9a-f]{48}$/) },
      ],
    ]);
  });

  it('are identified by medical record numbers first without a configuration', async () => {
    const clinic = new Clinic();
    const type = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] };
    await clinic.post(
      aPatient({
        identifier: [
          { system: 'urn:ssn', value: '1' },
          { system: 'urn:mrn', value: '2', type },
          { value: 'no system' },
        ],
      }),
    );
    expect(clinic.context.asked[0]!.map(({ value }) => value).slice(0, 2)).toEqual(['2', '1']);
  });

  it('are one patient however a message refers to them', async () => {
    const clinic = new Clinic();
    const returned = (await clinic.post(aPatient({ id: 'own', identifier: [{ system: 'urn:mrn', value: '7' }] })))
      .detail as { reference: string }[];
    const subjects = [
      { reference: returned[0]!.reference },
      { reference: 'Patient/own' },
      { reference: 'Patient?identifier=urn:mrn|7' },
      { identifier: { system: 'urn:mrn', value: '7' } },
      { type: 'Patient', identifier: { system: 'urn:mrn', value: '7' } },
    ];
    for (const subject of subjects)
      expect(await clinic.post(anObservation({ subject }))).toMatchObject({ status: 'applied' });
    expect(new Set(clinic.keys('cli~vit~').map((key) => key.split('~')[3])).size).toBe(1);
    expect(clinic.keys('cli~vit~')).toHaveLength(subjects.length);
  });

  it('get one id, whoever posts them', async () => {
    const clinic = new Clinic();
    const identifier = [{ system: 'urn:mrn', value: '7' }];
    const ifNoneExist = { ifNoneExist: 'identifier=urn:mrn|7' };
    const bundle = aBundle('transaction', [aPost(aPatient({ identifier }), { fullUrl: urn(1) })]);
    const returned = [
      entryResultOf(await clinic.post(aPatient({ identifier }), ifNoneExist)),
      entryResultOf(await clinic.post(aPatient({ identifier }), ifNoneExist)),
      entryResultOf(await clinic.post(aPatient({ identifier }))),
      entryResultOf(await clinic.result(bundle)),
      entryResultOf(
        await clinic.result(aPatient(), { request: { method: 'PUT', url: 'Patient?identifier=urn:mrn|7' } }),
      ),
    ];
    expect(new Set(returned.map(({ reference }) => reference)).size).toBe(1);
    await clinic.post(anObservation({ subject: { reference: returned[0]!['reference'] } }));
    expect(clinic.keys('cli~vit~').map((key) => key.split('~')[3])).toEqual([clinic.context.pseudonymOf(identifier)]);
  });

  it('with many identifiers are known by the returned id, too', async () => {
    const clinic = new Clinic();
    const identifier = Array.from({ length: 40 }, (_, value) => ({ system: 'urn:mrn', value: String(value) }));
    const { reference } = entryResultOf(await clinic.post(aPatient({ identifier })));
    const asked = clinic.context.asked.at(-1)!.slice(0, 32);
    expect(asked.map(({ value }) => `Patient/${value}`)).toContain(reference);
  });

  it('are kept apart when two Bundles number their entries alike', async () => {
    const clinic = new Clinic();
    const bundle = aBundle('transaction', [aPost({ resourceType: 'Patient', gender: 'male' }, { fullUrl: urn(1) })]);
    expect([
      entryResultOf(await clinic.result(bundle))['did'],
      entryResultOf(await clinic.result(bundle))['did'],
    ]).toEqual(['created', 'created']);
    expect(clinic.keys('cli~res~Patient')).toHaveLength(2);
  });

  it('who exist are updated by another POST, and left as they are by a conditional one', async () => {
    const clinic = new Clinic();
    const mrn = [{ system: 'urn:mrn', value: '7' }];
    await clinic.post(aPatient({ identifier: mrn }));
    expect(await clinic.post(aPatient({ identifier: mrn }))).toMatchObject({
      detail: [{ did: 'updated', version: 2 }],
    });
    const kept = await clinic.post(aPatient({ identifier: mrn }), { ifNoneExist: 'identifier=urn:mrn|7' });
    expect(kept).toMatchObject({ undeclared: [], detail: [{ did: 'existing', version: 2 }] });
    expect(clinic.keys('cli~res~Patient')).toHaveLength(1);
  });

  it('who are being erased are refused, item by item', async () => {
    const erasing = new CodedError(
      { code: 'PATIENT_ERASING', retryable: false, meaning: '', remedy: '' },
      'being erased',
    );
    let asked = 0;
    const context = new IntakeStandIn(() => {
      asked += 1;
      if (asked === 1) throw erasing;
    });
    const batch = aBundle('batch', [
      aPost(anObservation()),
      aPost(anObservation({ subject: { reference: 'Patient/p2' } })),
    ]);
    const sent = await new Clinic({ context }).send(batch);
    expect(sent.refusals).toMatchObject([{ item: 0, code: 'PATIENT_ERASING', status: 409 }]);
    expect(sent.results).toMatchObject([{ status: 'applied' }]);
  });

  it('cannot be looked up while the vault is unavailable: the error is thrown', async () => {
    const context = new IntakeStandIn(() => {
      throw new CodedError({ code: 'VAULT_UNAVAILABLE', retryable: true, meaning: '', remedy: '' }, 'no vault');
    });
    await expect(new Clinic({ context }).send(anObservation())).rejects.toMatchObject({ code: 'VAULT_UNAVAILABLE' });
  });
});

describe('what leaves ingest', () => {
  it('contains none of the identifiers and texts in the message', async () => {
    const clinic = new Clinic();
    const planted = [
      'Zebulon',
      'MRN-424242',
      'Elm Street 9',
      '555-0199',
      'free text about it',
      '1961-07-23',
      'bed-zebulon',
      'enc-zebulon',
      'chosen-zebulon',
      'npi-777',
      'code of zebulon',
    ];
    const [name, mrn, street, phone, text, birth, bed, encounterId, chosen, npi, code] = planted;
    const bundle = aBundle('transaction', [
      aPut(
        chosen!,
        aPatient({
          identifier: [{ system: 'urn:mrn', value: mrn }],
          name: [{ family: name }],
          address: [{ line: [street] }],
          telecom: [{ value: phone }],
          birthDate: birth,
          text: { status: 'additional', div: `<div>${name}</div>` },
        }),
      ),
      aPost(
        anObservation({
          subject: { reference: `Patient/${chosen}`, display: name },
          encounter: { reference: `Encounter/${encounterId}` },
          note: [{ text }],
          code: { text, coding: [{ system: `urn:${name}`, code, display: name }] },
          performer: [{ reference: `Practitioner?identifier=urn:npi|${npi}` }],
        }),
      ),
      aPut(encounterId!, {
        resourceType: 'Encounter',
        status: 'in-progress',
        class: { code: 'IMP' },
        subject: { identifier: { system: 'urn:mrn', value: mrn } },
        location: [{ location: { reference: `Location/${bed}`, display: name }, status: 'active' }],
      }),
      aPost(aPractitioner({ identifier: [{ system: 'urn:npi', value: npi }] })),
    ]);
    const sent = await clinic.send(bundle);
    expect(sent.results).toMatchObject([{ status: 'applied' }]);
    const keptApart = sent.operations.map(({ opId, keys, facts }) => ({ opId, keys, facts }));
    // The stand-in only encodes bodies, so they are left out of the search of the state.
    const states = [...clinic.state].map(
      ([key, value]) =>
        key +
        Buffer.from(value)
          .toString()
          .replace(/"body":"[^"]*"/, ''),
    );
    const outside = JSON.stringify([keptApart, states, sent.results]).toLowerCase();
    for (const one of planted) expect(outside).not.toContain(one.toLowerCase());
    const bodies = sent.operations[0]!.bodies.map((body) =>
      Buffer.from(Buffer.from(body).toString(), 'base64').toString(),
    );
    expect(bodies.join()).toContain(name);
  });

  it('does not quote them in refusals either', async () => {
    const hostile = 'Zebulon-MRN-424242';
    const bodies = [
      hostile,
      { resourceType: hostile },
      aPatient({ [hostile]: hostile, gender: hostile }),
      anObservation({ subject: { reference: hostile } }),
      anObservation({ subject: { reference: `Patient?name=${hostile}` } }),
      aBundle(hostile, []),
      aBundle('batch', [
        { fullUrl: `urn:${hostile}`, resource: aPatient() },
        { request: { method: hostile, url: hostile } },
      ]),
      aBundle('transaction', [
        aPost(aPatient(), { fullUrl: `urn:${hostile}` }),
        aPost(aPatient(), { fullUrl: `urn:${hostile}` }),
      ]),
    ];
    for (const body of bodies) {
      const { refusals } = await new Clinic().send(body);
      expect(refusals.length).toBeGreaterThan(0);
      expect(JSON.stringify(refusals)).not.toContain('Zebulon');
    }
  });
});

describe('hostile messages', () => {
  const bodyArbitrary = fc.oneof(
    fc.jsonValue({ maxDepth: 5 }),
    fc.record({
      resourceType: fc.constantFrom('Bundle', 'Observation', 'Patient', 'Encounter'),
      type: fc.constantFrom('transaction', 'batch', 'history', 'x'),
      entry: fc.jsonValue({ maxDepth: 5 }),
    }),
    fc
      .dictionary(
        fc.constantFrom(
          'status',
          'code',
          'subject',
          'identifier',
          'link',
          'location',
          'extension',
          '__proto__',
          'constructor',
        ),
        fc.jsonValue({ maxDepth: 4 }),
      )
      .map((over) => ({ ...anObservation(), ...over })),
    fc
      .dictionary(fc.constantFrom('identifier', 'link', 'name', 'contained', 'id'), fc.jsonValue({ maxDepth: 4 }))
      .map((over) => ({ ...aPatient(), ...over })),
  );
  const requestArbitrary = fc.option(
    fc.record(
      {
        method: fc.constantFrom('POST', 'PUT', 'DELETE'),
        url: fc.oneof(fc.string(), fc.constantFrom('Observation/x', 'Patient?identifier=a|b', 'Observation')),
        ifMatch: fc.string(),
        ifNoneExist: fc.string(),
      },
      { requiredKeys: ['method', 'url'] },
    ),
    { nil: undefined },
  );

  it('become operations or refusals, and what is accepted can be applied', async () => {
    await fc.assert(
      fc.asyncProperty(bodyArbitrary, requestArbitrary, async (body, request) => {
        const clinic = new Clinic();
        const { operations, refusals, results } = await clinic.send(body, request === undefined ? {} : { request });
        expect(operations.length + refusals.length).toBeGreaterThan(0);
        for (const { status } of results) expect(['applied', 'rejected']).toContain(status);
        for (const { code, status } of refusals)
          expect(clinicalRefusals).toHaveProperty(code, expect.objectContaining({ status }));
      }),
      { numRuns: 400 },
    );
  });
});

it('refusals become one OperationOutcome', async () => {
  const { refusals } = await new Clinic().send(anObservation({ status: 'x' }));
  expect(operationOutcome(refusals[0]!.issues)).toEqual({
    resourceType: 'OperationOutcome',
    issue: [
      {
        severity: 'error',
        code: 'code-invalid',
        diagnostics: expect.stringContaining('registered, preliminary'),
        expression: ['Observation.status'],
      },
    ],
  });
});
