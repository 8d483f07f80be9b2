import { afterEach, describe, expect, it } from '@jest/globals';
import { clinicalContract } from '@medrex/clinical';
import { anObservation, aPatient } from '@medrex/clinical/testing';
import { intakeHeaders, topics } from '@medrex/contracts';
import { InMemoryStatusStore } from '@medrex/contracts/in-memory';
import { eventually } from '@medrex/contracts/testing';
import { eventStream } from './testing/event-stream.ts';
import { Harness } from './testing/harness.ts';

/** Planted where real input has identifiers; none may appear in any output. */
const planted = [
  'MRN-PLANTED-1',
  'Plantedfamily',
  'Plantedgiven',
  '1931-12-07',
  '999-55-0101',
  'Planted Street 5',
  'planted free text',
];
const leaks = (text: string) => planted.filter((one) => text.includes(one));

const patient = aPatient({
  identifier: [
    { system: 'urn:hospital:mrn', value: 'MRN-PLANTED-1' },
    { system: 'http://hl7.org/fhir/sid/us-ssn', value: '999-55-0101' },
  ],
  name: [{ family: 'Plantedfamily', given: ['Plantedgiven'], text: 'Plantedgiven Plantedfamily' }],
  birthDate: '1931-12-07',
  address: [{ line: ['Planted Street 5'] }],
});
const observation = (over: object) =>
  anObservation({
    subject: { identifier: { system: 'urn:hospital:mrn', value: 'MRN-PLANTED-1' } },
    note: [{ text: 'planted free text' }],
    ...over,
  });

/** A status store that records all its input. */
class RecordingStatusStore extends InMemoryStatusStore {
  readonly rows: unknown[] = [];

  override accepted(...given: Parameters<InMemoryStatusStore['accepted']>): Promise<void> {
    this.rows.push(given);
    return super.accepted(...given);
  }

  override settled(...given: Parameters<InMemoryStatusStore['settled']>): Promise<void> {
    this.rows.push(given);
    return super.settled(...given);
  }
}

let ingest: Harness;
afterEach(() => ingest.close());

describe('identifiers planted in messages', () => {
  it('appear in no operation, status row, receipt, event, span, metric, log line or problem', async () => {
    const statuses = new RecordingStatusStore();
    ingest = await Harness.start({ statuses, env: { INGEST_OFFLOAD_THREADS: '0', MEDREX_TRACE_RATIO: '1' } });
    const stop = await ingest.applyAll([clinicalContract]);
    const stream = await eventStream(`${ingest.url}/v1/outcomes`);
    const answers: string[] = [];
    const post = async (path: string, body: string, headers: Record<string, string> = {}): Promise<void> => {
      const response = await ingest.post(path, body, headers);
      answers.push(JSON.stringify([...response.headers]), path.startsWith('/fhir') ? '' : await response.text());
    };
    await post('/v1/transactions', JSON.stringify(patient), { 'ce-id': 'm-1', 'ce-source': 's' });
    await post('/v1/transactions', JSON.stringify(observation({})), { 'ce-id': 'm-2', 'ce-source': 's' });
    await post('/fhir/Patient', JSON.stringify(patient));
    // One message for each kind of refusal, with the identifiers at the place of the error.
    await post('/v1/transactions', `{"resourceType":"Patient","name":[{"family":"Plantedfamily"}], MRN-PLANTED-1`);
    await post('/v1/transactions', JSON.stringify({ ...patient, birthDate: 'on 1931-12-07', gender: 'Plantedgiven' }));
    await post(
      '/v1/transactions',
      JSON.stringify(observation({ status: 'Plantedfamily', valueQuantity: 'planted free text' })),
    );
    await post('/v1/transactions', JSON.stringify(patient), { 'ce-id': 'm-2', 'ce-source': 's' });
    await post('/v1/transactions', JSON.stringify(patient), { 'ce-medrexclass': 'Plantedfamily' });
    await post(
      '/v1/batches',
      [JSON.stringify({ id: 'm-3', resource: patient }), `{"Plantedfamily": MRN-PLANTED-1`].join('\n'),
      { 'content-type': 'application/x-ndjson' },
    );
    await post('/v1/batches', '{}', { 'content-type': 'text/Plantedfamily' });
    const headers = intakeHeaders({ id: 'm-4', source: 's', contentType: 'application/fhir+json' });
    const records = [
      JSON.stringify(patient),
      `{"family":"Plantedfamily"`,
      JSON.stringify({ ...patient, gender: 'Plantedgiven' }),
    ];
    await ingest.log.append(
      topics.intake,
      0,
      records.map((text) => ({ value: Buffer.from(text), headers })),
    );
    await eventually(async () => (await ingest.log.committed('ingest', topics.intake, 0)) === 3);
    await eventually(async () => (await ingest.metric('medrex_ingest_live_operations')) === 0);
    const [, event] = await stream.take(2);
    const operations = await ingest.operations();
    const metrics = await (await fetch(`${ingest.url}/metrics`)).text();
    const spans = ingest.telemetry.tracing.finished();
    expect(operations.length).toBeGreaterThan(2);
    expect(spans.length).toBeGreaterThan(2);
    expect(
      leaks(
        operations
          .map(
            ({ operationBytes, routing }) => Buffer.from(operationBytes).toString('latin1') + JSON.stringify(routing),
          )
          .join(),
      ),
    ).toEqual([]);
    expect(leaks(JSON.stringify(statuses.rows))).toEqual([]);
    expect(leaks(JSON.stringify(await ingest.receipts()))).toEqual([]);
    expect(leaks(JSON.stringify(event))).toEqual([]);
    expect(leaks(JSON.stringify(spans))).toEqual([]);
    expect(leaks(metrics)).toEqual([]);
    expect(leaks(ingest.lines.join('\n'))).toEqual([]);
    expect(leaks(answers.join('\n'))).toEqual([]);
    stream.close();
    await stop();
  });

  it("are in the bodies, sealed under the patient's key", async () => {
    ingest = await Harness.start({ env: { INGEST_OFFLOAD_THREADS: '0' } });
    await ingest.post('/v1/transactions', JSON.stringify(patient));
    const [one] = await ingest.operations();
    expect(one?.operation.bodies).toHaveLength(1);
    const text = Buffer.from(one?.operation.bodies[0] ?? []).toString('latin1');
    expect(text).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
    expect(leaks(Buffer.from(text, 'base64').toString('latin1'))).toEqual([]);
  });
});
