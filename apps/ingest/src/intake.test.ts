import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dedupeWindowMs, intakeHeaders, topics, type IntakeEvent, type NewRecord } from '@medrex/contracts';
import { InMemoryEventLog } from '@medrex/contracts/in-memory';
import { eventually, FaultyEventLog, realClock } from '@medrex/contracts/testing';
import { randomBytes } from 'node:crypto';
import { assetIntake } from './testing/asset-intake.ts';
import { Harness } from './testing/harness.ts';
import { UnreliableVault } from './testing/unreliable-vault.ts';

const action = (asset: string, more: object = {}) =>
  Buffer.from(JSON.stringify({ do: 'label', asset, label: 'x', ...more }));
const named = (id: string, more: Partial<IntakeEvent> = {}) =>
  intakeHeaders({ id, source: 'urn:ehr:a', contentType: 'application/json', ...more });
const record = (id: string, asset = id): NewRecord => ({ value: action(asset), headers: named(id) });

let ingest: Harness;
const append = (records: readonly NewRecord[], topic: string = topics.intake) => ingest.log.append(topic, 0, records);
const committed = (topic: string = topics.intake) => ingest.log.committed('ingest', topic, 0);
const assets = async () => (await ingest.operations()).map(({ operation }) => operation.facts['asset']);

beforeEach(async () => {
  ingest = await Harness.start({ contracts: [assetIntake] });
});
afterEach(() => ingest.close());

describe('the intake topics', () => {
  it('accept CloudEvents of both modes and plain bodies, in order, each with a receipt', async () => {
    const event = {
      specversion: '1.0',
      id: 'm-2',
      source: 'urn:ehr:a',
      type: 't',
      data: { do: 'label', asset: 'a2', label: 'x' },
    };
    await append([
      record('m-1', 'a1'),
      {
        value: Buffer.from(JSON.stringify(event)),
        headers: new Map([['content-type', Buffer.from('application/cloudevents+json')]]),
      },
      { value: action('a3') },
    ]);
    await eventually(async () => (await committed()) === 3);
    expect(await assets()).toEqual(['a1', 'a2', 'a3']);
    const receipts = await ingest.receipts();
    expect(
      receipts.map(({ id, state, code, isIdMinted, intake }) => [id, state, code, isIdMinted, intake?.offset]),
    ).toEqual([
      ['m-1', 'accepted', 'ACCEPTED', false, 0],
      ['m-2', 'accepted', 'ACCEPTED', false, 1],
      [expect.stringMatching(/^[0-9a-f]{32}$/), 'accepted', 'ACCEPTED', true, 2],
    ]);
    expect(receipts[2]?.source).toBe(topics.intake);
  });

  it('answer a refused message with a receipt of code and place, never its bytes, and go on', async () => {
    await append([
      { value: Buffer.from('{"name":"Mallory"') },
      { value: Buffer.from([0xff, 0xfe]) },
      { value: Buffer.alloc(0) },
      { value: action('a'), headers: new Map([['ce_id', Buffer.from('half an event')]]) },
      { value: Buffer.from('{"do":"burst","asset":"Mallory"}'), headers: named('m-4') },
      { value: Buffer.from('{"do":"unknown"}'), headers: named('m-5') },
      { value: Buffer.from('<xml/>'), headers: named('m-6', { contentType: 'application/fhir+xml' }) },
      record('m-7', 'good'),
    ]);
    await eventually(async () => (await committed()) === 8);
    const receipts = await ingest.receipts();
    expect(receipts.map(({ state, code, intake }) => [intake?.offset, state, code])).toEqual([
      [0, 'refused', 'BODY_NOT_JSON'],
      [1, 'refused', 'BODY_NOT_UTF8'],
      [2, 'refused', 'BODY_EMPTY'],
      [3, 'refused', 'ENVELOPE_INVALID'],
      [4, 'refused', 'TRANSLATION_FAILED'],
      [5, 'refused', 'UNKNOWN_ACTION'],
      [6, 'refused', 'CONTENT_TYPE_UNSUPPORTED'],
      [7, 'accepted', 'ACCEPTED'],
    ]);
    expect(JSON.stringify(receipts)).not.toContain('Mallory');
    expect(await assets()).toEqual(['good']);
  });

  it('recognise a redelivery, with or without an id', async () => {
    await append([record('m-1'), { value: action('plain') }]);
    await eventually(async () => (await committed()) === 2);
    await ingest.close();
    await ingest.log.commit('ingest', topics.intake, 0, 0);
    const { log, statuses, vault } = ingest;
    ingest = await Harness.start({ contracts: [assetIntake], log, statuses, vault });
    await eventually(async () => (await ingest.receipts()).length === 4);
    const receipts = await ingest.receipts();
    expect(receipts.slice(2).map(({ code }) => code)).toEqual(['REPEAT', 'REPEAT']);
    expect(receipts.map(({ items }) => items[0]?.opId).slice(2)).toEqual(
      receipts.map(({ items }) => items[0]?.opId).slice(0, 2),
    );
    expect(await ingest.operations()).toHaveLength(2);
  });

  it('accept the same plain body twice as two messages, with different receipts', async () => {
    await append([{ value: action('twin') }, { value: action('twin') }]);
    await eventually(async () => (await committed()) === 2);
    const receipts = await ingest.receipts();
    expect(new Set(receipts.map(({ id }) => id)).size).toBe(2);
    expect(receipts.every(({ isIdMinted }) => isIdMinted)).toBe(true);
    expect(await assets()).toEqual(['twin', 'twin']);
  });

  it('share names with HTTP: the same message through both is one message', async () => {
    const response = await ingest.post('/v1/transactions', action('a1'), { 'ce-id': 'm-1', 'ce-source': 'urn:ehr:a' });
    expect(response.status).toBe(202);
    await append([record('m-1', 'a1'), record('m-1', 'other')]);
    await eventually(async () => (await committed()) === 2);
    expect((await ingest.receipts()).map(({ code }) => code)).toEqual(['REPEAT', 'ID_REUSED']);
  });

  it('treat messages of the urgent topic as orders', async () => {
    await append([record('m-1')], topics.intakeUrgent);
    await append([{ value: action('a2'), headers: named('m-2', { class: 'clinical' }) }], topics.intakeUrgent);
    await eventually(async () => (await committed(topics.intakeUrgent)) === 2);
    expect((await ingest.operations()).map(({ routing }) => routing.class)).toEqual(['cpoe', 'clinical']);
  });

  it('refuse messages older than the dedupe window, by their own time or by the time of the record', async () => {
    await append([
      {
        value: action('old'),
        headers: named('m-1', { time: new Date(Date.now() - dedupeWindowMs - 1_000).toISOString() }),
      },
      record('m-2'),
    ]);
    await eventually(async () => (await committed()) === 2);
    expect((await ingest.receipts()).map(({ code }) => code)).toEqual(['TOO_OLD', 'ACCEPTED']);
    await append([record('m-3')]);
    await ingest.close();
    const { log, statuses, vault } = ingest;
    await log.commit('ingest', topics.intake, 0, 2);
    ingest = await Harness.start({
      contracts: [assetIntake],
      log,
      statuses,
      vault,
      nowMs: () => Date.now() + dedupeWindowMs + 60_000,
    });
    await eventually(async () => (await ingest.receipts()).at(-1)?.code === 'TOO_OLD');
    expect((await ingest.receipts()).at(-1)).toMatchObject({ id: 'm-3' });
  });

  it('wait while the vault is unavailable, keep their order, and go on when it is back', async () => {
    const vault = new UnreliableVault({ random: randomBytes });
    await ingest.close();
    ingest = await Harness.start({ contracts: [assetIntake], vault });
    vault.isUnavailable = true;
    await append([
      record('m-1', 'before'),
      { value: action('patient', { patient: 'mrn-1' }), headers: named('m-2') },
      record('m-3', 'behind'),
    ]);
    await eventually(
      async () => (await ingest.metric(`medrex_ingest_intake_retries_total{topic="${topics.intake}"}`)) > 0,
    );
    expect(await assets()).toEqual(['before']);
    expect(await committed()).toBeUndefined();
    const response = await ingest.post('/v1/transactions', action('patient', { patient: 'mrn-2' }));
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).not.toBeNull();
    expect(await response.json()).toMatchObject({ code: 'VAULT_UNAVAILABLE' });
    vault.isUnavailable = false;
    await eventually(async () => (await committed()) === 3);
    expect(await assets()).toEqual(['before', 'patient', 'behind']);
  });

  it('commit nothing before the receipts are durable', async () => {
    const inner = new InMemoryEventLog({ clock: realClock });
    let isDown = true;
    const log = new FaultyEventLog(inner, { seed: 1 });
    const append = log.append.bind(log);
    log.append = (topic, partition, records) =>
      isDown && topic === topics.receipts ? Promise.reject(new Error('down')) : append(topic, partition, records);
    await ingest.close();
    ingest = await Harness.start({ contracts: [assetIntake], log });
    await inner.append(topics.intake, 0, [record('m-1', 'a1')]);
    await eventually(async () => (await ingest.metric('medrex_ingest_read_failures_total')) > 1);
    expect(await committed()).toBeUndefined();
    isDown = false;
    await eventually(async () => (await committed()) === 1);
    expect(await assets()).toEqual(['a1']);
    expect((await ingest.receipts()).at(-1)).toMatchObject({ id: 'm-1' });
  });

  it('are not read when switched off', async () => {
    await ingest.close();
    ingest = await Harness.start({ contracts: [assetIntake], env: { INGEST_INTAKE: 'false' } });
    await append([record('m-1')]);
    expect((await ingest.post('/v1/transactions', action('a2'))).status).toBe(202);
    expect(await assets()).toEqual(['a2']);
  });
});
