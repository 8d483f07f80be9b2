import { afterEach, expect, it } from '@jest/globals';
import { anObservation } from '@medrex/clinical/testing';
import {
  decodeRefusedMessage,
  intakeHeaders,
  outcomesCodec,
  topics,
  type LogRecord,
  type NewRecord,
  type OperationClass,
  type Receipt,
} from '@medrex/contracts';
import { describeReal } from '@medrex/contracts/testing';
import { partitionOf } from '@medrex/keys';
import { eventually } from './harness/eventually.ts';
import { KafkaStack } from './harness/kafka-stack.ts';

const source = 'urn:ehr:kafka';
const patients = 24;
const perPatient = 10;

describeReal('KAFKA', 'the pipeline on Kafka', (where) => {
  let kafka: KafkaStack;
  afterEach(() => kafka.remove());

  it('settles every message once, with ingest, analyzer and orderer-dag killed meanwhile', async () => {
    kafka = await KafkaStack.on(where);
    await kafka.stack.start();
    const receipts = await kafka.receipts();
    const ids: string[] = [];
    for (let round = 0; round < perPatient; round++) {
      ids.push(...(await publishRound(kafka, round)));
      if (round === 3) await restart(kafka, 'ingest');
      if (round === 5) await restart(kafka, 'dependency-analyzer');
      if (round === 7) await restart(kafka, 'orderer-dag');
    }
    await eventually('every message is settled', () => settled(receipts).size >= ids.length, 60_000);
    expect([...settled(receipts).keys()].sort()).toEqual([...ids].sort());
    expect(new Set(settled(receipts).values())).toEqual(new Set(['OK']));
    const outcomes = await readOutcomes(kafka);
    expect([...outcomes.values()].map((texts) => texts.size)).toEqual(ids.map(() => 1));
  }, 170_000);

  it('refuses an unreadable record without quoting it, and continues behind it', async () => {
    kafka = await KafkaStack.on(where);
    await kafka.stack.start();
    const receipts = await kafka.receipts();
    // A name rather than a number, which could occur in a digest by chance.
    const patient = 'Rosalind';
    await kafka.log.append(topics.intake, 0, [{ value: Buffer.from(`${patient} is no JSON {`) }, reading('p-1', 0)]);
    // Receipts of two sources may be in two partitions, so their order is undefined.
    const states = (): readonly string[] => receipts.map(({ state }) => state);
    await eventually('both are answered', () => states().includes('settled') && states().includes('refused'), 30_000);
    expect(receipts.filter(({ state }) => state === 'refused')).toMatchObject([
      { intake: { partition: 0, offset: 0 } },
    ]);
    expect(JSON.stringify(receipts)).not.toContain(patient);
    const [kept, ...more] = await recordsOf(kafka, topics.intakeDlq);
    expect(more).toEqual([]);
    expect(decodeRefusedMessage(kept as LogRecord)).toMatchObject({
      code: 'BODY_NOT_JSON',
      intake: { topic: topics.intake, partition: 0, offset: 0 },
    });
    expect(Buffer.from(kept?.value ?? []).toString('latin1')).not.toContain(patient);
    const { body } = await kafka.stack.client.get('/v1/dead-letters');
    expect(body).toMatchObject({ deadLetters: [{ kind: 'message', code: 'BODY_NOT_JSON' }] });
  }, 120_000);

  it('reports by receipts which partitions are paused for lack of room, the lowest class first, and loses nothing', async () => {
    kafka = await KafkaStack.on(where, { INGEST_LIVE_MAX: '10' });
    await kafka.stack.start();
    const receipts = await kafka.receipts();
    const of = (partition: number, state: Receipt['state']) =>
      receipts.filter((one) => one.state === state && one.intake?.partition === partition);
    const publish = (partition: number, operationClass: OperationClass) =>
      kafka.log.append(
        topics.intake,
        partition,
        Array.from({ length: 20 }, (_, round) => reading(`p-${partition}`, round, operationClass)),
      );
    kafka.stack.service('orderer-dag').pause();
    await publish(0, 'audit');
    await eventually('audit stands still', () => of(0, 'delayed').length > 0, 30_000);
    expect(of(0, 'delayed')[0]).toMatchObject({ source: topics.intake, delay: { class: 'audit' } });
    const urgent = () => kafka.log.append(topics.intakeUrgent, 2, [reading('p-2', 0, 'cpoe')]);
    await publish(1, 'clinical');
    await eventually('clinical stands still', () => of(1, 'delayed').length > 0, 30_000);
    await urgent();
    await eventually('the order is taken', () => of(2, 'accepted').length === 1, 30_000);
    kafka.stack.service('orderer-dag').continue();
    await eventually('all is settled', () => settled(receipts).size === 41, 60_000);
    await eventually('both go on', () => of(0, 'resumed').length + of(1, 'resumed').length === 2, 30_000);
    expect([of(0, 'delayed').length, of(1, 'delayed').length].every((count) => count <= 3)).toBe(true);
  }, 170_000);
});

/** Publishes a reading of each patient, keyed by patient, half of them urgent. Returns the ids. */
async function publishRound(kafka: KafkaStack, round: number): Promise<readonly string[]> {
  const names = Array.from({ length: patients }, (_, number) => `p-${number}`);
  await Promise.all(
    names.map((patient, number) => {
      const topic = number % 2 === 0 ? topics.intake : topics.intakeUrgent;
      return kafka.log.append(topic, partitionOf(patient, 12), [reading(patient, round)]);
    }),
  );
  return names.map((patient) => idOf(patient, round));
}

const idOf = (patient: string, round: number): string => `${patient}/${round}`;

function reading(patient: string, round: number, operationClass?: OperationClass): NewRecord {
  const effectiveDateTime = `2026-11-05T08:${String(round).padStart(2, '0')}:00Z`;
  const subject = { identifier: { system: 'urn:hospital:mrn', value: `MRN-${patient}` } };
  const value = Buffer.from(JSON.stringify(anObservation({ subject, effectiveDateTime })));
  const named = { source, id: idOf(patient, round), contentType: 'application/json' };
  const headers = intakeHeaders({ ...named, ...(operationClass !== undefined && { class: operationClass }) });
  return { key: patient, value, headers };
}

async function restart(kafka: KafkaStack, name: 'ingest' | 'dependency-analyzer' | 'orderer-dag'): Promise<void> {
  await kafka.stack.kill([name]);
  await kafka.stack.start([name]);
}

/** Codes of the settled messages, by id. */
function settled(receipts: readonly Receipt[]): ReadonlyMap<string, string> {
  return new Map(receipts.flatMap(({ id, state, code }) => (state === 'settled' ? [[id, code] as const] : [])));
}

/** The distinct outcomes of each operation in the outcomes topic. */
async function readOutcomes(kafka: KafkaStack): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const found = new Map<string, Set<string>>();
  for (const { value } of await recordsOf(kafka, topics.outcomes)) {
    for (const { opId, status, txId } of outcomesCodec.parse(value).outcomes) {
      found.set(opId, (found.get(opId) ?? new Set()).add(`${status} ${txId}`));
    }
  }
  return found;
}

/** The records of the first partition of a topic. */
async function recordsOf({ log }: KafkaStack, topic: string): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  const { end } = await log.bounds(topic, 0);
  const place = { topic, partitions: [0], from: { at: 'start' } } as const;
  const subscription = await log.subscribe({ group: 'test', ...place }, async (run) => {
    records.push(...run.records);
  });
  await eventually(`${topic} is read`, () => (records.at(-1)?.offset ?? -1) + 1 >= end);
  await subscription.close();
  return records;
}
