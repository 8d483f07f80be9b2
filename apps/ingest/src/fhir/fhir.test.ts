import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clinicalContract } from '@medrex/clinical';
import { aBundle, anObservation, anOrder, aPatient, aPost, aPractitioner, aPut, urn } from '@medrex/clinical/testing';
import { Harness, type Json } from '../testing/harness.ts';

let ingest: Harness;
let stop: () => Promise<void>;
let sent = 0;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

async function fhir(
  method: string,
  path: string,
  resource?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const body =
    resource === undefined ? {} : { body: typeof resource === 'string' ? resource : JSON.stringify(resource) };
  const response = await fetch(`${ingest.url}/fhir${path}`, {
    method,
    headers: { 'content-type': 'application/fhir+json', ...headers },
    ...body,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : (JSON.parse(text) as Json) };
}

/** An identifier that no other test uses. */
function practitioner(): { readonly resource: ReturnType<typeof aPractitioner>; readonly search: string } {
  sent += 1;
  const identifier = { system: 'urn:hospital:staff', value: `S-${sent}` };
  return {
    resource: aPractitioner({ identifier: [identifier] }),
    search: `identifier=${identifier.system}|${identifier.value}`,
  };
}

const issues = ({ body }: Answer) => body['issue'] as readonly Json[];
const entries = ({ body }: Answer) =>
  (body['entry'] as readonly { readonly response: Json }[]).map(({ response }) => response);

beforeAll(async () => {
  ingest = await Harness.start({ env: { INGEST_OFFLOAD_THREADS: '0' } });
  stop = await ingest.applyAll([clinicalContract]);
});
afterAll(async () => {
  await ingest.close();
  await stop();
});

describe('a single resource', () => {
  it('is created with 201, Location, ETag, Last-Modified and the stored resource', async () => {
    const answer = await fhir('POST', '/Practitioner', practitioner().resource);
    expect(answer.status).toBe(201);
    const location = answer.headers.get('location') ?? '';
    expect(location).toMatch(new RegExp(`^${ingest.url}/fhir/Practitioner/[^/]+/_history/1$`));
    expect(answer.headers.get('etag')).toBe('W/"1"');
    expect(answer.headers.get('last-modified')).not.toBeNull();
    expect(answer.headers.get('content-type')).toContain('application/fhir+json');
    expect(answer.body).toMatchObject({
      resourceType: 'Practitioner',
      id: location.split('/').at(-3),
      meta: { versionId: '1' },
    });
  });

  it('is created by PUT, updated with If-Match, and refused with 412 for a stale If-Match', async () => {
    const put = (headers: Record<string, string> = {}) =>
      fhir('PUT', '/Practitioner/doc-1', aPractitioner({ id: 'doc-1' }), headers);
    expect(await put()).toMatchObject({ status: 201 });
    const second = await put({ 'if-match': 'W/"1"' });
    expect([second.status, second.headers.get('etag')]).toEqual([200, 'W/"2"']);
    expect(second.headers.get('location')).toBe(`${ingest.url}/fhir/Practitioner/doc-1/_history/2`);
    expect(second.body).toMatchObject({ id: 'doc-1', meta: { versionId: '2' } });
    const stale = await put({ 'if-match': 'W/"1"' });
    expect(stale.status).toBe(412);
    expect(issues(stale)[0]).toMatchObject({
      severity: 'error',
      code: 'conflict',
      details: { coding: [{ code: 'STALE_VERSION' }] },
    });
  });

  it('is deleted with 204, and again with 204', async () => {
    await fhir('PUT', '/Practitioner/doc-2', aPractitioner({ id: 'doc-2' }));
    expect((await fhir('DELETE', '/Practitioner/doc-2')).status).toBe(204);
    expect((await fhir('DELETE', '/Practitioner/doc-2')).status).toBe(204);
  });

  it('is created once by a conditional create; the second one is answered with the first resource', async () => {
    const { resource, search } = practitioner();
    const first = await fhir('POST', '/Practitioner', resource, { 'if-none-exist': search });
    const second = await fhir('POST', '/Practitioner', resource, { 'if-none-exist': search });
    expect([first.status, second.status]).toEqual([201, 200]);
    const named = ({ headers }: Answer) => [headers.get('location'), headers.get('etag')];
    expect(named(second)).toEqual(named(first));
    expect([first, second].map(({ headers }) => headers.has('last-modified'))).toEqual([true, false]);
  });

  it('is refused with 412 when several resources meet the condition, as is a conditional reference to them', async () => {
    const { resource, search } = practitioner();
    for (let one = 0; one < 2; one++) expect((await fhir('POST', '/Practitioner', resource)).status).toBe(201);
    const performer = [{ reference: `Practitioner?${search}` }];
    const answers = [
      await fhir('POST', '/Practitioner', resource, { 'if-none-exist': search }),
      await fhir('PUT', `/Practitioner?${search.replace('|', '%7C')}`, resource),
      await fhir('DELETE', `/Practitioner?${search.replace('|', '%7C')}`),
      await fhir('POST', '', aBundle('transaction', [aPost(resource), aPost(anObservation({ performer }))])),
    ];
    expect(answers.map(({ status }) => status)).toEqual([412, 412, 412, 412]);
    const issue = { code: 'multiple-matches', details: { coding: [{ code: 'MULTIPLE_MATCHES' }] } };
    expect(answers.map((answer) => issues(answer)[0])).toMatchObject([issue, issue, issue, issue]);
    expect(issues(answers[3]!)[0]).toMatchObject({ expression: ['Bundle.entry[1].resource.performer[0]'] });
  });

  it('is found by the search of a conditional update', async () => {
    const { resource, search } = practitioner();
    const path = `/Practitioner?${search.replace('|', '%7C')}`;
    expect((await fhir('PUT', path, resource)).status).toBe(201);
    expect((await fhir('PUT', path, resource)).status).toBe(200);
    expect((await fhir('DELETE', path)).status).toBe(204);
  });

  it('is refused with 422 and the FHIRPath of the invalid element', async () => {
    const answer = await fhir('POST', '/Observation', anObservation({ status: 'nonsense' }));
    expect(answer.status).toBe(422);
    expect(answer.body['resourceType']).toBe('OperationOutcome');
    expect(issues(answer)[0]).toMatchObject({ expression: [expect.stringContaining('Observation.status')] });
  });

  it('is refused with 412 when it exists and If-None-Match forbids that', async () => {
    const put = () => fhir('PUT', '/Practitioner/doc-3', aPractitioner({ id: 'doc-3' }), { 'if-none-match': '*' });
    expect([(await put()).status, (await put()).status]).toEqual([201, 412]);
  });

  it('is created once by concurrent conditional creates of a Patient', async () => {
    const patient = aPatient({ identifier: [{ system: 'urn:hospital:mrn', value: 'RACE' }] });
    const condition = { 'if-none-exist': 'identifier=urn:hospital:mrn|RACE' };
    const all = await Promise.all(Array.from({ length: 50 }, () => fhir('POST', '/Patient', patient, condition)));
    expect(all.map(({ status }) => status).sort()).toEqual([...Array.from({ length: 49 }, () => 200), 201]);
    expect(new Set(all.map(({ headers }) => headers.get('location')))).toHaveProperty('size', 1);
  });

  it.each(['?_format=json', '?_format=application/fhir%2Bjson&_pretty=true', '?_summary=false', '?'])(
    'is stored when the URL has parameters for the answer: %s',
    async (parameters) => {
      const answer = await fhir('PUT', `/Practitioner/doc-4${parameters}`, aPractitioner({ id: 'doc-4' }));
      expect([200, 201]).toContain(answer.status);
      expect(answer.headers.get('location')).toMatch(/\/fhir\/Practitioner\/doc-4\/_history\/\d+$/);
    },
  );

  it('is returned with its decimals exactly as sent', async () => {
    const text = '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50}}';
    const sent = await fetch(`${ingest.url}/fhir/Observation`, {
      method: 'POST',
      headers: { 'content-type': 'application/fhir+json' },
      body: text,
    });
    expect(await sent.text()).toContain('"valueQuantity":{"value":1.50}');
  });

  it('applied with warnings is answered with them, unless the sender prefers another answer; in a Bundle always', async () => {
    const order = anOrder({ medicationCodeableConcept: { text: 'some pill' } });
    const warning = { severity: 'warning', details: { coding: [{ code: 'MEDICINE_WITHOUT_CODE' }] } };
    const post = (prefer: string) => fhir('POST', '/MedicationRequest', order, { prefer });
    for (const prefer of ['', 'handling=lenient', 'return=OperationOutcome']) {
      const single = await post(prefer);
      expect([single.status, single.headers.get('etag')]).toEqual([201, 'W/"1"']);
      expect(issues(single)).toMatchObject([warning, { severity: 'information' }]);
    }
    expect((await post('return=representation')).body['resourceType']).toBe('MedicationRequest');
    expect((await post('return=minimal')).body).toEqual({});
    for (const prefer of ['', 'return=minimal', 'return=representation']) {
      const bundle = await fhir('POST', '', aBundle('transaction', [aPost(order)]), { prefer });
      expect(entries(bundle)).toMatchObject([{ status: '201 Created', outcome: { issue: [warning] } }]);
    }
  });

  it('is answered as Prefer says, whatever its spacing, quotes and case', async () => {
    const post = (prefer: string) => fhir('POST', '/Practitioner', practitioner().resource, { prefer });
    for (const prefer of ['return="minimal"', 'return=minimal; a=b', 'handling=strict, RETURN = minimal'])
      expect(await post(prefer)).toMatchObject({ status: 201, body: {} });
    expect((await post('return=operationoutcome')).body['resourceType']).toBe('OperationOutcome');
  });

  it('is answered as Prefer says', async () => {
    const post = (prefer: string) => fhir('POST', '/Practitioner', practitioner().resource, { prefer });
    expect(await post('return=minimal')).toMatchObject({ status: 201, body: {} });
    expect((await post('return=OperationOutcome')).body['resourceType']).toBe('OperationOutcome');
    expect((await post('return=representation')).body['resourceType']).toBe('Practitioner');
    const later = await post('respond-async');
    expect(later.status).toBe(202);
    const status = await ingest.settled(later.headers.get('content-location')?.split('/').at(-1) ?? '');
    expect(status).toMatchObject({ state: 'applied', detail: [{ did: 'created', version: 1 }] });
  });

  it('sent again with its Idempotency-Key gets the first answer and creates no second resource', async () => {
    const { resource } = practitioner();
    const first = await fhir('POST', '/Practitioner', resource, { 'idempotency-key': 'once' });
    const again = await fhir('POST', '/Practitioner', resource, { 'idempotency-key': 'once' });
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    const other = await fhir('POST', '/Practitioner', practitioner().resource, { 'idempotency-key': 'once' });
    expect(other.status).toBe(409);
    expect(issues(other)[0]).toMatchObject({ code: 'conflict', details: { coding: [{ code: 'ID_REUSED' }] } });
  });

  it('with the same bytes and key is another message when PUT to another URL', async () => {
    const resource = aPractitioner();
    const key = { 'idempotency-key': 'elsewhere' };
    expect((await fhir('PUT', '/Practitioner/one', { ...resource, id: undefined }, key)).status).toBe(201);
    expect((await fhir('PUT', '/Practitioner/two', { ...resource, id: undefined }, key)).status).toBe(409);
  });
});

describe('a Bundle', () => {
  const organization = { resourceType: 'Organization', name: 'Ward 3' };

  it('of type transaction is answered with a transaction-response, entry by entry', async () => {
    const answer = await fhir(
      'POST',
      '',
      aBundle('transaction', [aPost(practitioner().resource, { fullUrl: urn(1) }), aPut('org-1', organization)]),
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ resourceType: 'Bundle', type: 'transaction-response' });
    expect(entries(answer)).toEqual([
      expect.objectContaining({
        status: '201 Created',
        location: expect.stringMatching(/^Practitioner\/.+\/_history\/1$/),
        etag: 'W/"1"',
      }),
      expect.objectContaining({ status: '201 Created', location: 'Organization/org-1/_history/1' }),
    ]);
  });

  it('of type transaction returns the stored resources under return=representation', async () => {
    const { resource, search } = practitioner();
    await fhir('POST', '/Practitioner', resource);
    const reading = anObservation({ performer: [{ reference: urn(1) }, { reference: urn(2) }] });
    const bundle = aBundle('transaction', [
      aPost(practitioner().resource, { fullUrl: urn(1) }),
      {
        ...aPost(resource, { fullUrl: urn(2) }),
        request: { method: 'POST', url: 'Practitioner', ifNoneExist: search },
      },
      aPost(reading),
      aPut('org-9', organization),
      { request: { method: 'DELETE', url: 'Organization/org-10' } },
    ]);
    const post = async (prefer: string) => {
      const { body } = await fhir('POST', '', bundle, { prefer });
      return body['entry'] as readonly { readonly resource?: Json; readonly response: Json }[];
    };
    const [made, kept, read, put, gone] = await post('return=representation');
    const nameOf = (location: unknown) => String(location).split('/_history/')[0]!;
    expect(made!.resource).toMatchObject({
      id: nameOf(made!.response['location']).split('/')[1],
      meta: { versionId: '1' },
    });
    expect([kept!.response['status'], kept!.resource]).toEqual(['200 OK', undefined]);
    expect(kept!.response).toMatchObject({ etag: 'W/"1"' });
    expect(read!.resource).toMatchObject({
      resourceType: 'Observation',
      performer: [made, kept].map((entry) => ({ reference: nameOf(entry!.response['location']) })),
    });
    expect(put!.resource).toMatchObject({ id: 'org-9', meta: { versionId: '1' } });
    expect([gone!.response['status'], gone!.resource]).toEqual(['204 No Content', undefined]);
    for (const prefer of ['', 'return=minimal']) {
      const entry = await post(prefer);
      expect(entry.map(Object.keys)).toEqual(entry.map(() => ['response']));
      expect(entry.map(({ response }) => response['outcome'])).toEqual(entry.map(() => undefined));
    }
    expect((await post('return=OperationOutcome')).map(({ response }) => 'outcome' in response)).toEqual([
      ...[true, true, true, true, false],
    ]);
  });

  it('of type batch returns each resource at its place, decimals exactly as sent', async () => {
    const reading =
      '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50}}';
    const entry = [anObservation({ status: 'nonsense' }), '@'].map((resource) => ({
      resource,
      request: { method: 'POST', url: 'Observation' },
    }));
    const text = JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry }).replace('"@"', reading);
    const answer = await fetch(`${ingest.url}/fhir`, {
      method: 'POST',
      headers: { 'content-type': 'application/fhir+json', prefer: 'return=representation' },
      body: text,
    });
    const body = await answer.text();
    expect(body).toContain('"valueQuantity":{"value":1.50}');
    const { entry: answered } = JSON.parse(body) as { readonly entry: readonly Json[] };
    expect(answered.map((one) => 'resource' in one)).toEqual([false, true]);
  });

  it('of type transaction fails as a whole, with the status of the failed entry and its FHIRPath', async () => {
    await fhir('PUT', '/Organization/org-2', { ...organization, id: 'org-2' });
    const answer = await fhir(
      'POST',
      '',
      aBundle('transaction', [
        aPost(practitioner().resource, { fullUrl: urn(1) }),
        aPut('org-2', organization, { ifMatch: 'W/"9"' }),
      ]),
    );
    expect(answer.status).toBe(412);
    expect(issues(answer)[0]).toMatchObject({ expression: [expect.stringContaining('Bundle.entry[1]')] });
  });

  it('of type batch is answered in order, each entry separately', async () => {
    const answer = await fhir(
      'POST',
      '/',
      aBundle('batch', [
        aPost(practitioner().resource),
        aPost(anObservation({ status: 'nonsense' })),
        aPost(practitioner().resource),
      ]),
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ type: 'batch-response' });
    const [first, second, third] = entries(answer);
    expect([first?.['status'], second?.['status'], third?.['status']]).toEqual([
      '201 Created',
      '422 Unprocessable Entity',
      '201 Created',
    ]);
    expect(second).toMatchObject({
      outcome: {
        resourceType: 'OperationOutcome',
        issue: [{ expression: [expect.stringContaining('Bundle.entry[1].resource.status')] }],
      },
    });
  });

  it.each([
    ['of more entries than the limit', Array.from({ length: 10_001 }, () => aPost(organization)), 413],
    ['without entries', [], 422],
  ])('of type batch %s is refused as a whole', async (_what, entry, status) => {
    const answer = await fhir('POST', '', { resourceType: 'Bundle', type: 'batch', entry });
    expect(answer).toMatchObject({ status, body: { resourceType: 'OperationOutcome' } });
  });

  it('of type batch with a single, invalid entry is answered for that entry', async () => {
    const answer = await fhir('POST', '', aBundle('batch', [aPost(anObservation({ status: 'nonsense' }))]));
    expect(answer.status).toBe(200);
    expect(entries(answer)).toMatchObject([{ status: '422 Unprocessable Entity' }]);
  });

  it('is the only body that the root accepts', async () => {
    expect(await fhir('POST', '', practitioner().resource)).toMatchObject({
      status: 400,
      body: { resourceType: 'OperationOutcome' },
    });
  });
});

describe('the endpoint', () => {
  it('serves its capability statement', async () => {
    const { status, body } = await fhir('GET', '/metadata');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      resourceType: 'CapabilityStatement',
      status: 'active',
      fhirVersion: '4.0.1',
      kind: 'instance',
    });
    const [rest] = body['rest'] as readonly { readonly resource: readonly Json[] }[];
    expect(rest?.resource.map(({ type }) => type)).toContain('MedicationRequest');
    const of = (name: string) => rest?.resource.find(({ type }) => type === name);
    expect(of('Patient')).toMatchObject({ versioning: 'versioned', conditionalDelete: 'single' });
    expect(of('AuditEvent')).toMatchObject({ interaction: [{ code: 'create' }], conditionalDelete: 'not-supported' });
  });

  it.each([
    ['application/fhir+xml', '', 406],
    ['application/fhir+xml, application/fhir+json;q=0.5', '', 201],
    ['application/json+fhir', '', 201],
    ['text/html, */*;q=0.1', '', 201],
    ['application/fhir+json;q=0', '', 406],
    ['application/fhir+json', '?_format=xml', 406],
    ['application/fhir+xml', '?_format=json', 201],
    ['application/fhir+json; fhirVersion=5.0', '', 406],
    ['application/fhir+json; fhirVersion="3.0"', '', 406],
    ['application/fhir+json; fhirVersion=5.0, application/fhir+json; fhirVersion=4.0', '', 201],
    ['application/fhir+json', '?_format=application/fhir%2Bjson;fhirVersion=5.0', 406],
  ])('answers Accept: %s and %s with %s', async (accept, parameters, status) => {
    const answer = await fhir('POST', `/Practitioner${parameters}`, practitioner().resource, { accept });
    expect(answer.status).toBe(status);
  });

  it.each([
    ['application/fhir+json; fhirVersion=4.0', 201],
    ['application/fhir+json; charset=utf-8; fhirVersion="4.0"', 201],
    ['application/fhir+json; fhirVersion=5.0', 415],
    ['application/fhir+json;fhirVersion = "4.3"', 415],
  ])('takes Content-Type: %s with %s', async (contentType, status) => {
    const single = await fhir('POST', '/Practitioner', practitioner().resource, { 'content-type': contentType });
    const bundle = await fhir('POST', '', aBundle('batch', [aPost(practitioner().resource)]), {
      'content-type': contentType,
    });
    expect([single.status, bundle.status]).toEqual([status, status === 201 ? 200 : status]);
    expect(single.body['resourceType']).toBe(status === 201 ? 'Practitioner' : 'OperationOutcome');
  });

  it.each([
    ['GET', '/Patient/1', 'DELETE, PUT'],
    ['GET', '/Patient', 'DELETE, POST, PUT'],
    ['PUT', '', 'POST'],
    ['POST', '/Patient/$everything', 'DELETE, PUT'],
  ])('answers %s %s with the allowed methods', async (method, path, allowed) => {
    const answer = await fhir(method, path, method === 'GET' ? undefined : '{}');
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allowed]);
  });

  it.each([
    ['GET', '/Patient/1', undefined, 405],
    ['PATCH', '/Patient/1', '{}', 405],
    ['POST', '/Practitioner', '{"resourceType":', 400],
    ['POST', '/Nonsense', '{"resourceType":"Nonsense"}', 404],
    ['DELETE', '/patient/1', undefined, 404],
    ['POST', '/$process-message', '{}', 404],
    ['GET', '/Patient/1/_history', undefined, 404],
    ['PUT', `/Patient/${'a'.repeat(300)}`, '{"resourceType":"Patient"}', 400],
    ['PUT', '/Patient/%zz', '{"resourceType":"Patient"}', 400],
    ['PUT', '/Practitioner', '{"resourceType":"Practitioner"}', 400],
  ])('answers %s %s with an OperationOutcome', async (method, path, resource, status) => {
    const answer = await fhir(method, path, resource);
    expect(answer.status).toBe(status);
    expect(answer.body['resourceType']).toBe('OperationOutcome');
    expect(issues(answer)[0]).toMatchObject({ severity: 'error', diagnostics: expect.any(String) });
  });

  it('answers 202 with the status URL when the outcome takes too long', async () => {
    const answer = await fhir('POST', '/Practitioner', practitioner().resource, { prefer: 'wait=0' });
    expect([201, 202]).toContain(answer.status);
    if (answer.status === 202) expect(answer.headers.get('content-location')).toMatch(/^\/v1\/transactions\//);
  });

  it('stores patients by pseudonym: no identifier is in the operation', async () => {
    const patient = aPatient({
      identifier: [{ system: 'urn:hospital:mrn', value: 'MRN-SECRET-9' }],
      name: [{ family: 'Mallory' }],
    });
    const answer = await fhir('POST', '/Patient', patient);
    expect(answer.status).toBe(201);
    const { operation } = (await ingest.operations()).at(-1) ?? {};
    expect(JSON.stringify(operation?.facts) + JSON.stringify(operation?.keys)).not.toMatch(/MRN-SECRET-9|Mallory/);
  });
});
