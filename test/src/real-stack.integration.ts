import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anObservation } from '@medrex/clinical/testing';
import { intakeHeaders, topics } from '@medrex/contracts';
import { describeReal } from '@medrex/contracts/testing';
import { connectionOf, kafkaConfig, KafkaEventLog } from '@medrex/kafka';
import { eventually } from './harness/eventually.ts';
import { MedrexOnStack, stackEnvironment } from './harness/medrex-on-stack.ts';
import { expectOneTrace, wholeTrace } from './harness/operation-trace.ts';
import { OtlpReceiver } from './harness/otlp-receiver.ts';

const source = 'urn:ehr:traced';
const reading = (value: number) =>
  anObservation({
    subject: { identifier: { system: 'urn:hospital:mrn', value: `T-${randomUUID()}` } },
    valueQuantity: { value, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
  });

/** The trace context of a sender. */
function aTrace() {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-01` };
}

describeReal('KAFKA', 'medrex start --stack real', (brokers) => {
  describeReal('FABRIC', 'on real peers', () => {
    describeReal('POSTGRES', 'with PostgreSQL', () => {
      // A command needs a stack of npm run stack; addresses set by hand are not enough.
      if (stackEnvironment() !== undefined) describe('one trace', () => oneTrace(brokers));
      else
        describe.skip('one trace (left out: no stack of npm run stack is up)', () => it('needs it', () => undefined));
    });
  });
});

function oneTrace(brokers: string): void {
  let receiver: OtlpReceiver;
  let medrex: MedrexOnStack;
  const log = new KafkaEventLog({
    connection: connectionOf(kafkaConfig.parse({ MEDREX_KAFKA_BROKERS: brokers }), 'medrex-test'),
    prefix: '',
  });
  beforeAll(async () => {
    receiver = await OtlpReceiver.start();
    medrex = await MedrexOnStack.start({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_TRACES_SAMPLER: 'always_on',
    });
  }, 120_000);
  afterAll(async () => {
    await log.close();
    expect(await medrex.stop()).toBe(0);
    await receiver.close();
  }, 60_000);

  it('from an EHR over HTTP through the block of a real peer and back', async () => {
    const { traceId, spanId, traceparent } = aTrace();
    const headers = { 'content-type': 'application/fhir+json', traceparent };
    const url = `${medrex.urls['ingest']?.['fhir']}/Observation`;
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(reading(71)) });
    expect(answer.status).toBe(201);
    expectOneTrace(await wholeTrace(receiver, traceId), spanId);
  });

  it('from an EHR over Kafka', async () => {
    const { traceId, spanId, traceparent } = aTrace();
    const headers = new Map(intakeHeaders({ source, id: randomUUID(), contentType: 'application/fhir+json' }));
    headers.set('traceparent', Buffer.from(traceparent));
    const value = Buffer.from(JSON.stringify(reading(72)));
    await log.append(topics.intake, 3, [{ key: 'T-1', value, headers }]);
    expectOneTrace(await wholeTrace(receiver, traceId), spanId);
  });

  it('from an EHR with the trace context inside the event', async () => {
    const { traceId, spanId, traceparent } = aTrace();
    const event = { specversion: '1.0', id: randomUUID(), source, type: 'org.hl7.fhir.resource', traceparent };
    const value = Buffer.from(JSON.stringify({ ...event, data: reading(73) }));
    const headers = new Map([['content-type', Buffer.from('application/cloudevents+json')]]);
    await log.append(topics.intake, 3, [{ key: 'T-1', value, headers }]);
    expectOneTrace(await wholeTrace(receiver, traceId), spanId);
  });

  it('with links from the Fabric transaction that carries many operations', async () => {
    const before = receiver.spans.length;
    const lines = Array.from({ length: 20 }, (_, at) => JSON.stringify(reading(60 + at))).join('\n');
    const url = `${medrex.urls['ingest']?.['api']}/v1/batches`;
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines,
    });
    expect(answer.status).toBe(202);
    const isLinked = eventually(
      'each operation is linked from a fusion',
      () => {
        const spans = receiver.spans.slice(before);
        const carried = spans.filter(({ name }) => name === 'orderer-dag carry');
        const fused = spans.filter(({ name }) => name === 'orderer-dag fuse');
        const linked = new Set(fused.flatMap(({ links, traceId }) => [traceId, ...links]));
        return carried.length === 20 && carried.every((span) => linked.has(span.traceId));
      },
      30_000,
    );
    expect(await isLinked).toBe(true);
  });
}
