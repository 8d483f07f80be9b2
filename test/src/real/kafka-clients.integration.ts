import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { anObservation } from '@medrex/clinical/testing';
import { topics, type Receipt } from '@medrex/contracts';
import { describeReal } from '@medrex/contracts/testing';
import { partitionOf } from '@medrex/keys';
import { eventually } from '../harness/eventually.ts';
import { isThere, kafkaJars } from '../harness/kafka-jars.ts';
import { KafkaStack } from '../harness/kafka-stack.ts';

const run = promisify(execFile);

const itWithKcat = isThere('kcat', '-V') ? it : it.skip;
const itWithJava = kafkaJars !== undefined ? it : it.skip;
const key = '4711';

describeReal('KAFKA', 'Kafka clients of hospitals', (where) => {
  let kafka: KafkaStack;
  let receipts: readonly Receipt[];
  beforeAll(async () => {
    kafka = await KafkaStack.on(where);
    await kafka.stack.start();
    receipts = await kafka.receipts();
  }, 150_000);
  afterAll(async () => kafka.remove(), 60_000);

  const settled = (find: (receipt: Receipt) => boolean): Promise<Receipt> =>
    eventually('it is settled', () => receipts.find((one) => one.state === 'settled' && find(one)), 90_000);
  const named = (name: string) => settled(({ id }) => id === name);
  const kcat = (args: readonly string[], value: string, urgent = false): void => {
    const topic = kafka.prefix + (urgent ? topics.intakeUrgent : topics.intake);
    const command = ['-P', '-b', where, '-t', topic, '-k', key, ...args];
    const { status, stderr } = spawnSync('kcat', command, { input: value, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  };

  itWithKcat('kcat: a binary CloudEvent', async () => {
    const event = ['specversion=1.0', 'id=binary', 'source=urn:ehr:kcat', 'type=org.hl7.fhir.resource'];
    const headers = event.flatMap((one) => ['-H', `ce_${one}`]);
    kcat([...headers, '-H', 'content-type=application/fhir+json'], aReading(1));
    expect(await named('binary')).toMatchObject({ source: 'urn:ehr:kcat', isIdMinted: false, code: 'OK' });
  });

  itWithKcat('kcat: a structured CloudEvent on the urgent topic', async () => {
    const event = { specversion: '1.0', id: 'structured', source: 'urn:ehr:kcat', type: 'org.hl7.fhir.resource' };
    const data = JSON.parse(aReading(2)) as unknown;
    kcat(['-H', 'content-type=application/cloudevents+json'], JSON.stringify({ ...event, data }), true);
    expect(await named('structured')).toMatchObject({ code: 'OK', intake: { topic: topics.intakeUrgent } });
  });

  itWithKcat('kcat: plain FHIR, whose id is derived from its offset', async () => {
    kcat([], aReading(3));
    expect(await settled(({ isIdMinted }) => isIdMinted)).toMatchObject({
      code: 'OK',
      intake: { topic: topics.intake },
    });
  });

  itWithKcat('kcat: reads the receipts', async () => {
    await named('binary');
    const { stdout } = await run('kcat', ['-C', '-b', where, '-t', kafka.prefix + topics.receipts, '-e', '-q']);
    const read = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Receipt);
    // The two receipts have different writers in ingest, so their order is undefined.
    const states = read.filter(({ id }) => id === 'binary').map(({ state }) => state);
    expect(states.sort()).toEqual(['accepted', 'settled']);
  });

  itWithJava('Java: sends a binary CloudEvent with a key, and reads its receipts', async () => {
    const program = join(import.meta.dirname, 'HospitalClient.java');
    const names = [kafka.prefix + topics.intake, kafka.prefix + topics.receipts, 'reading-java', key];
    const { stdout } = await run('java', ['-cp', `${kafkaJars ?? ''}/*`, program, where, ...names, aReading(4)]);
    const [partition, receipt = ''] = stdout.trim().split('\n');
    expect(partition).toBe(`partition ${partitionOf(key, 12)}`);
    expect(JSON.parse(receipt)).toMatchObject({ source: 'urn:ehr:java', state: 'settled', code: 'OK' });
  });
});

function aReading(minute: number): string {
  const subject = { identifier: { system: 'urn:hospital:mrn', value: key } };
  return JSON.stringify(anObservation({ subject, effectiveDateTime: `2026-11-05T08:0${minute}:00Z` }));
}
