import { anObservation, aPatient, oneOfEach } from '@medrex/clinical/testing';
import { intakeHeaders, topics, type IntakeEvent, type NewRecord } from '@medrex/contracts';
import { EmbeddedEventLog } from '@medrex/embedded';
import { connect } from 'node:net';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { planted, plantedId, withPlanted } from './planted.ts';
import type { Stack } from './stack.ts';

type Resource = Readonly<Record<string, unknown>>;
type Headers = Readonly<Record<string, string>>;

/** A request and its answer, as an access log would record them. */
export interface Exchange {
  readonly what: string;
  readonly status: number;
  readonly text: string;
  readonly headers: string;
}

/** Headers with identifiers, other than the name of the message. */
const talkative: Headers = {
  'user-agent': planted.family,
  referer: `http://ehr/${planted.recordNumber}`,
  cookie: `patient=${planted.recordNumber}`,
  authorization: `Bearer ${planted.socialSecurity}`,
  'x-patient-name': planted.family,
  'ce-subject': planted.recordNumber,
  'ce-type': planted.family,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: `ehr=${planted.family}`,
  baggage: `patient=${planted.recordNumber}`,
};

/** Sends messages with planted identifiers by every transport, and keeps all answers. */
export class PlantedTraffic {
  readonly exchanges: Exchange[] = [];
  /** Operations that were accepted over HTTP by POST /v1/... */
  readonly accepted: string[] = [];
  readonly #stack: Stack;
  #sent = 0;

  constructor(stack: Stack) {
    this.#stack = stack;
  }

  /** One resource of every type, each under an id with an identifier in it. @throws when one of them is not applied */
  async everyTypeOverFhir(): Promise<void> {
    for (const [id, resource] of samples(1)) {
      const path = `/fhir/${String(resource['resourceType'])}/${id}`;
      const answer = await this.ask('PUT', path, resource, { 'ce-id': this.#id(), 'ce-source': 'ehr', ...talkative });
      if (answer.status >= 300) throw new Error(`${path} was not applied: ${answer.status} ${answer.text}`);
    }
  }

  /** The same resources as a transaction Bundle and a batch Bundle, large enough for a worker thread, and as lines. */
  async everyTypeInBundlesAndLines(): Promise<void> {
    const named = () => ({ 'ce-id': this.#id(), 'ce-source': 'ehr' });
    await this.#take('/fhir', bundleOf('transaction', samples(2)), named());
    await this.#take('/v1/transactions', bundleOf('collection', samples(3)), named());
    await this.#take('/v1/batches', bundleOf('batch', samples(4)), named());
    const lines = samples(5).map(([, resource]) => JSON.stringify({ id: this.#id(), source: 'ehr', body: resource }));
    await this.#take('/v1/batches', lines.join('\n'), { 'content-type': 'application/x-ndjson' });
  }

  /** Events in both modes, plain bodies and unreadable records, on both intake topics. */
  async intakeTopics(): Promise<void> {
    const log = new EmbeddedEventLog({ root: join(this.#stack.folder, 'log') });
    const events = samples(6).map(([id, body]) =>
      this.#event(body, { request: { method: 'PUT', url: `${String(body['resourceType'])}/${id}` } }),
    );
    const patient = withPlanted(aPatient());
    const records: readonly NewRecord[] = [
      ...events,
      ...events.slice(0, 3),
      { value: Buffer.from(JSON.stringify(structured(this.#id(), patient))) },
      { value: Buffer.from(JSON.stringify(patient)) },
      ...brokenBodies().map((text) => ({ value: Buffer.from(text) })),
      ...brokenBodies().map((text) => this.#event(text)),
      { value: Buffer.from(JSON.stringify({ ...structured(this.#id(), patient), time: planted.birthDate })) },
      { value: Buffer.from(`{"specversion":"1.0","id":"${planted.family}`) },
      { value: Buffer.from(JSON.stringify({ specversion: '1.0', id: 7, source: planted.family, type: '' })) },
      this.#event(patient, { contract: planted.family }),
      this.#event(patient, { request: { method: 'PUT', url: `${planted.family}/${planted.recordNumber}` } }),
      this.#event(patient, { request: { method: 'POST', url: 'Patient', ifNoneExist: planted.recordNumber } }),
      this.#event(patient, { contentType: `text/${planted.family}` }),
    ];
    for (const topic of [topics.intake, topics.intakeUrgent]) {
      await log.append(topic, 0, records);
      await eventually(`ingest has taken ${topic}`, async () => {
        const { end } = await log.bounds(topic, 0);
        return (await log.committed('ingest', topic, 0)) === end;
      });
    }
    await log.close();
  }

  /**
   * Messages with identifiers in (source, id): accepted, repeated, refused, dead. Their answers and receipts contain that name, so only
   * other places are searched.
   */
  async namedByIdentifiers(): Promise<void> {
    const { family, recordNumber, birthDate } = planted;
    const observation = withPlanted(anObservation());
    const source = `urn:${family}`;
    const named = (end: string) => ({ 'ce-id': `${recordNumber}/${birthDate}/${end}`, 'ce-source': source });
    const past = new Date(Date.now() - 1_000).toISOString();
    const asked = this.exchanges.length;
    for (const [body, headers] of [
      [observation, named('a')],
      [observation, named('a')],
      [withPlanted(aPatient()), named('a')],
      [{ ...observation, status: family }, named('b')],
      [`{"${family}`, named('c')],
      [observation, { ...named('d'), 'ce-medrexdeadline': past, prefer: 'wait=10' }],
      [observation, { ...named('e'), 'ce-medrexclass': family }],
    ] as const)
      await this.ask('POST', '/v1/transactions', body, { ...headers, ...talkative });
    const lines = ['f', 'g', 'g'].map((end) => ({ id: `${recordNumber} ${end}`, source, body: observation }));
    const text = lines.map((line) => JSON.stringify(line)).join('\n');
    await this.ask('POST', '/v1/batches', text, { 'content-type': 'application/x-ndjson' });
    this.exchanges.length = asked;
    const log = new EmbeddedEventLog({ root: join(this.#stack.folder, 'log') });
    const records = [observation, observation, { resourceType: family }].map((body, place) => ({
      value: Buffer.from(JSON.stringify(body)),
      headers: intakeHeaders({ contentType: 'application/fhir+json', id: `${recordNumber}:${place}`, source }),
    }));
    await log.append(topics.intake, 0, records);
    await log.close();
  }

  /** Repeats, other bodies under a used name, and a dead operation that is resent. Resolves with the id of the dead operation. */
  async duplicatesAndDead(): Promise<string> {
    const observation = withPlanted(anObservation());
    const name = { 'ce-id': this.#id(), 'ce-source': 'ehr' };
    for (const body of [observation, observation, withPlanted(aPatient())])
      await this.ask('POST', '/v1/transactions', body, { ...name, ...talkative });
    const past = new Date(Date.now() - 1_000).toISOString();
    const late = { 'ce-id': this.#id(), 'ce-source': 'ehr', 'ce-medrexdeadline': past, prefer: 'wait=10' };
    const answer = await this.ask('POST', '/v1/transactions', observation, late);
    const { transactionId, code } = JSON.parse(answer.text) as {
      readonly transactionId: string;
      readonly code: string;
    };
    if (code !== 'EXPIRED') throw new Error(`the operation did not end dead: ${answer.text}`);
    for (const path of ['/v1/dead-letters', `/v1/dead-letters/${transactionId}`]) await this.ask('GET', path);
    await this.ask('POST', `/v1/dead-letters/${transactionId}/resend`);
    return transactionId;
  }

  /** Requests for every kind of refusal, with identifiers at the place of the error. */
  async wrongRequests(): Promise<void> {
    const patient = withPlanted(aPatient());
    for (const body of brokenBodies()) {
      for (const path of ['/v1/transactions', '/fhir/Patient', '/fhir', '/v1/batches']) await this.#refused(path, body);
      await this.#refused('/v1/batches', `${body}\n${body}`, { 'content-type': 'application/x-ndjson' });
    }
    const { family, recordNumber, freeText } = planted;
    const wrongHeaders: readonly Headers[] = [
      { 'content-type': `text/${family}` },
      { 'content-type': 'application/cloudevents+json' },
      { 'content-encoding': family },
      { 'ce-medrexclass': family },
      { 'ce-medrexcontract': family },
      { 'ce-medrexdeadline': planted.birthDate },
      { 'ce-time': freeText },
      { 'if-match': recordNumber },
      { 'if-none-exist': `name=${family}` },
      { prefer: `wait=${family}` },
    ];
    for (const headers of wrongHeaders) await this.#refused('/fhir/Patient', patient, { ...talkative, ...headers });
    const urls = [
      '/nothing',
      '/docs',
      '/fhir',
      '/fhir/Patient',
      '/v1/transactions',
      '/v1/dead-letters',
      '/v1/outcomes',
    ];
    for (const base of urls.flatMap((url) => [`${url}/${family}`, `${url}?limit=${family}&name=${recordNumber}`]))
      for (const method of ['GET', 'DELETE', 'PATCH', 'HEAD']) await this.ask(method, base, undefined, talkative);
    await this.ask('GET', `/v1/transactions?source=${family}&id=${recordNumber}`);
    await this.ask('GET', '/v1/outcomes', undefined, { 'last-event-id': family });
    await this.ask('POST', `/v1/dead-letters/${family}/resend`);
    await this.ask('PUT', `/fhir/Patient?identifier=urn:hospital:mrn|${recordNumber}&name=${family}`, patient);
    await this.ask('PUT', `/fhir/${family}/${recordNumber}`, patient);
    await this.ask('DELETE', `/fhir/Observation/${plantedId('nothing')}`, undefined, { 'if-match': 'W/"7"' });
    await this.#raw(`GET /${family} HTTP/9.9\r\n\r\n`);
    await this.#raw(`${family} / HTTP/1.1\r\nhost: ${recordNumber}\r\n\r\n`);
    await this.#raw(`GET / HTTP/1.1\r\nhost: a\r\nx: ${family.repeat(4_000)}\r\n\r\n`);
  }

  /** Documentation, metrics and health pages of every service. */
  async pages(): Promise<void> {
    for (const path of ['/docs', '/openapi.json', '/healthz', '/readyz', '/metrics', '/fhir/metadata'])
      await this.ask('GET', path);
    for (const service of ['orderer-dag', 'dependency-analyzer'] as const) {
      const base = new URL(this.#stack.url(service, 'metrics')).origin;
      for (const path of ['/metrics', '/healthz', '/readyz', `/${planted.family}`]) await this.ask('GET', base + path);
      await this.ask('POST', `${base}/model/transactions`, `{"chaincode":"${planted.family}"`);
      const args = [Buffer.from(planted.recordNumber).toString('base64')];
      for (const fn of ['executeBatch', 'get', 'readRecord'])
        await this.ask('POST', `${base}/model/evaluate`, { chaincode: 'medrex', fn, args });
    }
  }

  async ask(method: string, path: string, body?: unknown, headers: Headers = {}): Promise<Exchange> {
    const url = path.startsWith('http') ? path : this.#stack.url('ingest', 'api') + path;
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(url, {
      method,
      headers: { ...(text !== undefined && { 'content-type': 'application/fhir+json' }), ...headers },
      ...(text !== undefined && { body: text }),
      signal: AbortSignal.timeout(30_000),
    }).catch((cause: unknown) => {
      throw new Error(`${method} ${path} got no answer`, { cause });
    });
    const isStream = response.headers.get('content-type') === 'text/event-stream' && response.ok;
    if (isStream) await response.body?.cancel();
    const exchange = {
      what: `${method} ${path}`,
      status: response.status,
      text: isStream ? '' : await response.text(),
      headers: JSON.stringify([...response.headers]),
    };
    this.exchanges.push(exchange);
    return exchange;
  }

  async #take(path: string, body: unknown, headers: Headers): Promise<void> {
    const { status, text } = await this.ask('POST', path, body, headers);
    if (status >= 300 || / "status":4/.test(text)) throw new Error(`${path} was not taken: ${status} ${text}`);
  }

  async #refused(path: string, body: unknown, headers: Headers = {}): Promise<void> {
    await this.ask('POST', path, body, { 'ce-id': this.#id(), 'ce-source': 'ehr', ...headers });
  }

  /** Sends a malformed HTTP request. */
  async #raw(text: string): Promise<void> {
    const { hostname, port } = new URL(this.#stack.url('ingest', 'api'));
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.end(text));
      let got = '';
      socket.on('data', (part) => (got += part.toString()));
      socket.on('close', () => resolve(got));
      socket.on('error', () => resolve(got));
    });
    this.exchanges.push({ what: 'a raw request', status: 400, text: answer, headers: '' });
  }

  #event(body: Resource | string, more: Partial<IntakeEvent> = {}): NewRecord {
    const value = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const event = { contentType: 'application/fhir+json', ...more, id: this.#id(), source: 'ehr' };
    const headers = intakeHeaders(event);
    headers.set('ce_subject', Buffer.from(planted.recordNumber));
    headers.set('ce_patientname', Buffer.from(planted.family));
    return { key: planted.recordNumber, value, headers };
  }

  #id(): string {
    this.#sent += 1;
    return `m-${this.#sent}`;
  }
}

/** One resource of every type with planted identifiers. @param round distinguishes the resources */
function samples(round: number): readonly (readonly [string, Resource])[] {
  const start = `2026-01-0${round}T08:00:00Z`;
  const places = { slot: `slot-${round}`, start, bed: `bed-${round}`, staff: `staff-${round}` };
  return oneOfEach(places).map(([id, resource]) => {
    const ownId = plantedId(id, round);
    return [ownId, { ...withPlanted(resource, round), id: ownId }];
  });
}

function bundleOf(type: string, entries: readonly (readonly [string, Resource])[]): Resource {
  const entry = entries.map(([id, resource]) => {
    const url = `${String(resource['resourceType'])}/${id}`;
    return {
      fullUrl: `http://ehr.example/fhir/${url}`,
      resource,
      ...(type !== 'collection' && { request: { method: 'PUT', url } }),
    };
  });
  return { resourceType: 'Bundle', type, entry };
}

function structured(id: string, data: Resource): Resource {
  return { specversion: '1.0', id, source: 'ehr', type: planted.family, subject: planted.recordNumber, data };
}

/** Invalid bodies with identifiers at the place of the error. */
function brokenBodies(): readonly string[] {
  const { family, recordNumber, birthDate, freeText, socialSecurity } = planted;
  const patient = withPlanted(aPatient());
  const observation = withPlanted(anObservation());
  const resources: readonly object[] = [
    { ...patient, gender: family },
    { ...patient, birthDate: `on ${birthDate}` },
    { ...patient, [family]: recordNumber },
    { ...patient, name: [{ [family]: family }] },
    { ...patient, resourceType: family },
    { ...patient, identifier: [{ system: 'urn:hospital:mrn', value: [socialSecurity] }] },
    { ...patient, active: freeText },
    { ...observation, status: family },
    { ...observation, valueQuantity: freeText },
    { ...observation, subject: { reference: `${family}/${recordNumber}` } },
    { ...observation, subject: { reference: `Patient?name=${family}` } },
    { ...observation, subject: { reference: `Practitioner/${recordNumber}` } },
    { ...observation, effectiveDateTime: freeText },
    { ...observation, code: { coding: [{ system: family, code: [recordNumber] }] } },
    { resourceType: 'Bundle', type: family, entry: [] },
    { resourceType: 'Bundle', type: 'transaction', entry: [{ fullUrl: family, resource: patient }] },
    { resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: family, url: recordNumber } }] },
    { resourceType: 'Bundle', type: 'batch', entry: [{ resource: { ...patient, gender: family } }] },
  ];
  return [
    `{"resourceType":"Patient","name":[{"family":"${family}"}], ${recordNumber}`,
    `"${family}`,
    family,
    `<Patient>${family}</Patient>`,
    JSON.stringify(family),
    JSON.stringify([family, patient]),
    ...resources.map((resource) => JSON.stringify(resource)),
  ];
}
