import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { decodeRefusedMessage, intakeHeaders, topics, type IntakeContract, type NewRecord } from '@medrex/contracts';
import { InMemoryEventLog } from '@medrex/contracts/in-memory';
import { eventually, FaultyEventLog, realClock } from '@medrex/contracts/testing';
import { assetIntake } from './testing/asset-intake.ts';
import { Harness, readAll, type Json } from './testing/harness.ts';

const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const named = (id: string) => intakeHeaders({ id, source: 'urn:ehr:a', contentType: 'application/json' });
/** An action unknown to the contract. */
const unknownAction = (id: string, name = 'Mallory'): NewRecord => ({
  key: name,
  value: Buffer.from(`{"do":"unknown","asset":"${name}"}`),
  headers: new Map([...named(id), ['traceparent', Buffer.from(parent)]]),
});
/** A later version of the contract that accepts the action. */
const granting: IntakeContract = {
  ...assetIntake,
  translate: ({ body, ...message }, context) => {
    const granted = JSON.parse(JSON.stringify(body).replaceAll('"unknown"', '"deposit","amount":1')) as never;
    return assetIntake.translate({ ...message, body: granted }, context);
  },
};

let ingest: Harness;
const append = (records: readonly NewRecord[], topic: string = topics.intake) => ingest.log.append(topic, 0, records);
const taken = (count: number, topic: string = topics.intake) =>
  eventually(async () => (await ingest.log.committed('ingest', topic, 0)) === count);
const letters = async () => (await ingest.get('/v1/dead-letters')).body['deadLetters'] as readonly Json[];
const resend = (id: unknown) => ingest.post(`/v1/dead-letters/${String(id)}/resend`, '');
const json = async (response: Response) => (await response.json()) as Json;

beforeEach(async () => {
  ingest = await Harness.start({ contracts: [assetIntake] });
});
afterEach(() => ingest.close());

it('stores a refused message in the .dlq topic with its place and reason, and its content sealed', async () => {
  await append([{ value: Buffer.from('{"name":"Mallory"') }, unknownAction('m-1')]);
  await append([unknownAction('m-2')], topics.intakeUrgent);
  await taken(2);
  await taken(1, topics.intakeUrgent);
  const kept = [
    ...(await readAll(ingest.log, topics.intakeDlq)),
    ...(await readAll(ingest.log, topics.intakeUrgentDlq)),
  ];
  expect(kept.map(decodeRefusedMessage)).toMatchObject([
    { intake: { topic: topics.intake, partition: 0, offset: 0 }, code: 'BODY_NOT_JSON' },
    { intake: { topic: topics.intake, offset: 1 }, code: 'UNKNOWN_ACTION', traceparent: parent },
    { intake: { topic: topics.intakeUrgent, offset: 0 }, code: 'UNKNOWN_ACTION' },
  ]);
  const bytes = kept.flatMap(({ value, headers }) => [...headers.values(), value]);
  expect(Buffer.concat(bytes).toString('latin1')).not.toContain('Mallory');
});

it('lists it with the dead operations, shows its issues, and still lists it after a restart', async () => {
  await append([unknownAction('m-1')]);
  await taken(1);
  const [letter] = await letters();
  const id = String(letter?.['id']);
  expect(letter).toEqual({
    id,
    kind: 'message',
    code: 'UNKNOWN_ACTION',
    message: 'The contract refused the message.',
    bytes: expect.any(Number),
    intake: { topic: topics.intake, partition: 0, offset: 0 },
    settledAt: expect.stringMatching(/Z$/),
    resendUrl: `/v1/dead-letters/${id}/resend`,
  });
  const shown = { ...letter, issues: [expect.objectContaining({ diagnostics: 'There is no such action.' })] };
  expect(await ingest.get(`/v1/dead-letters/${id}`)).toEqual({ status: 200, body: shown });
  expect(await ingest.metric('medrex_ingest_refused_messages')).toBe(1);
  ingest = await ingest.restart({ contracts: [assetIntake] });
  expect(await letters()).toEqual([letter]);
});

it('accepts it unchanged and once when it is resent, and sends the receipt', async () => {
  await append([unknownAction('m-1')], topics.intakeUrgent);
  await taken(1, topics.intakeUrgent);
  const [letter] = await letters();
  const refused = await resend(letter?.['id']);
  expect([refused.status, (await json(refused))['code']]).toEqual([422, 'UNKNOWN_ACTION']);
  ingest = await ingest.restart({ contracts: [granting] });
  const answers = [await resend(letter?.['id']), await resend(letter?.['id'])];
  expect(answers.map(({ status }) => status)).toEqual([202, 200]);
  const operations = await ingest.operations();
  expect(operations).toMatchObject([{ routing: { class: 'cpoe' }, operation: { facts: { asset: 'Mallory' } } }]);
  const receipt = { ...(await json(answers[0] as Response)) };
  expect(receipt).toMatchObject({ transactionId: operations[0]?.operation.opId, source: 'urn:ehr:a', id: 'm-1' });
  const intake = { topic: topics.intakeUrgent, partition: 0, offset: 0 };
  expect((await ingest.receipts()).map(({ id, state, code, intake: place }) => [id, state, code, place])).toEqual([
    ['m-1', 'refused', 'UNKNOWN_ACTION', intake],
    ['m-1', 'accepted', 'ACCEPTED', intake],
    ['m-1', 'accepted', 'REPEAT', intake],
  ]);
  expect(await letters()).toHaveLength(1);
});

it('stores a partly refused message; when it is resent, the rest is accepted too', async () => {
  const actions = [
    { do: 'deposit', account: 'ann', amount: 1 },
    { do: 'unknown', account: 'ben' },
  ];
  await append([{ value: Buffer.from(JSON.stringify({ actions })), headers: named('m-1') }]);
  await taken(1);
  const [letter] = await letters();
  expect(letter).toMatchObject({ kind: 'message', code: 'UNKNOWN_ACTION' });
  ingest = await ingest.restart({ contracts: [granting] });
  const response = await resend(letter?.['id']);
  const items = (await json(response))['items'] as readonly Json[];
  expect([response.status, items.map(({ status }) => status)]).toEqual([202, [200, 202]]);
  const accounts = (await ingest.operations()).map(({ operation }) => operation.facts['account']);
  expect(accounts).toEqual(['ann', 'ben']);
});

it('commits no offset before the refused message is durable', async () => {
  const inner = new InMemoryEventLog({ clock: realClock });
  const log = new FaultyEventLog(inner, { seed: 1 });
  const appendTo = log.append.bind(log);
  let isDown = true;
  log.append = (topic, partition, records) =>
    isDown && topic === topics.intakeDlq ? Promise.reject(new Error('down')) : appendTo(topic, partition, records);
  await ingest.close();
  ingest = await Harness.start({ contracts: [assetIntake], log });
  await inner.append(topics.intake, 0, [unknownAction('m-1')]);
  await eventually(async () => (await ingest.metric('medrex_ingest_read_failures_total')) > 1);
  expect(await ingest.log.committed('ingest', topics.intake, 0)).toBeUndefined();
  isDown = false;
  await taken(1);
  expect(await letters()).toHaveLength(1);
});
