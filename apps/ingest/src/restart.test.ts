import { afterEach, describe, expect, it } from '@jest/globals';
import { operationsPerRecord, topics } from '@medrex/contracts';
import { InMemoryEventLog, InMemoryStatusStore } from '@medrex/contracts/in-memory';
import { eventually, FaultyEventLog, realClock } from '@medrex/contracts/testing';
import { assetIntake } from './testing/asset-intake.ts';
import { Harness, type Json } from './testing/harness.ts';

const contracts = [assetIntake];
const action = (asset: string) => JSON.stringify({ do: 'label', asset, label: 'x' });
const named = (id: string) => ({ 'ce-id': id, 'ce-source': 'urn:ehr:a' });
let ingest: Harness;
afterEach(() => ingest.close());

async function send(id: string): Promise<Json> {
  const response = await ingest.post('/v1/transactions', action(id), named(id));
  expect(response.status).toBe(202);
  return (await response.json()) as Json;
}

/** A status store that loses acceptances, as if the process had died before writing them. */
class ForgetfulStatusStore extends InMemoryStatusStore {
  isForgetful = true;

  override async accepted(...given: Parameters<InMemoryStatusStore['accepted']>): Promise<void> {
    if (!this.isForgetful) await super.accepted(...given);
  }
}

describe('a restart', () => {
  it('keeps pending and settled statuses, and recognises repeats', async () => {
    ingest = await Harness.start({ contracts });
    const first = await send('m-1');
    const second = await send('m-2');
    await ingest.settle((await ingest.operations()).slice(0, 1));
    await ingest.settled(String(first['transactionId']));
    ingest = await ingest.restart({ contracts });
    expect((await ingest.get(String(first['statusUrl']))).body).toMatchObject({ state: 'applied' });
    expect((await ingest.get(String(second['statusUrl']))).body).toMatchObject({ state: 'pending' });
    const again = await ingest.post('/v1/transactions', action('m-2'), named('m-2'));
    expect(again.status).toBe(200);
    expect(await again.json()).toEqual(second);
    expect((await ingest.post('/v1/transactions', action('other'), named('m-2'))).status).toBe(409);
    expect(await ingest.operations()).toHaveLength(2);
    expect(await ingest.metric('medrex_ingest_live_operations')).toBe(1);
  });

  it('does not take a message without an id for one of the earlier process', async () => {
    ingest = await Harness.start({ contracts });
    const first = (await (await ingest.post('/v1/transactions', action('a'))).json()) as Json;
    ingest = await ingest.restart({ contracts });
    const response = await ingest.post('/v1/transactions', action('a'));
    expect(response.status).toBe(202);
    expect(((await response.json()) as Json)['transactionId']).not.toBe(first['transactionId']);
  });

  it('records operations from the log that were acknowledged but not recorded', async () => {
    const statuses = new ForgetfulStatusStore();
    ingest = await Harness.start({ contracts, statuses });
    const receipt = await send('m-1');
    statuses.isForgetful = false;
    ingest = await ingest.restart({ contracts });
    const { status, body } = await ingest.get(String(receipt['statusUrl']));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      state: 'pending',
      digest: receipt['digest'],
      seq: receipt['seq'],
      acceptedAt: receipt['acceptedAt'],
    });
    const again = await ingest.post('/v1/transactions', action('m-1'), named('m-1'));
    expect([again.status, await again.json()]).toEqual([200, receipt]);
  });

  it('reads the log from the low-water mark on, not from its beginning', async () => {
    ingest = await Harness.start({ contracts });
    for (const id of ['m-1', 'm-2', 'm-3']) await send(id);
    const operations = await ingest.operations();
    await ingest.settle(operations.slice(0, 2));
    await ingest.progressTo(operations[2]);
    ingest = await ingest.restart({ contracts, statuses: new InMemoryStatusStore() });
    await eventually(async () => (await ingest.metric('medrex_ingest_outcomes_total{status="applied"}')) === 2);
    expect(await ingest.metric('medrex_ingest_live_operations')).toBe(1);
  });

  it('resumes the projection where it stopped, and projects nothing twice', async () => {
    ingest = await Harness.start({ contracts });
    await send('m-1');
    await ingest.settle(await ingest.operations());
    await eventually(async () => (await ingest.receipts()).length === 1);
    ingest = await ingest.restart({ contracts });
    await send('m-2');
    await ingest.settle((await ingest.operations()).slice(1));
    await eventually(async () => (await ingest.receipts()).length === 2);
    expect((await ingest.receipts()).map(({ id }) => id)).toEqual(['m-1', 'm-2']);
  });

  it('after a crash between append and answer, answers a repeat with the receipt of the stored operation', async () => {
    const inner = new InMemoryEventLog({ clock: realClock });
    let crash = (): void => undefined;
    const crashed = new Promise<void>((resolve) => (crash = resolve));
    const log = new FaultyEventLog(inner, {
      seed: 1,
      crashes: [{ topic: topics.operations, append: 1, when: 'before-ack', kill: () => crash() }],
    });
    // The process dies at the append: nothing that it does afterwards reaches the log.
    const append = log.append.bind(log);
    let isDead = false;
    log.append = (...given) => (isDead ? new Promise(() => undefined) : append(...given));
    ingest = await Harness.start({ contracts, log });
    const lost = ingest.post('/v1/transactions', action('m-1'), named('m-1')).then(({ status }) => status);
    await crashed;
    isDead = true;
    await ingest.close();
    expect(await lost).toBe(503);
    const { statuses, vault } = ingest;
    ingest = await Harness.start({ contracts, log: inner, statuses, vault });
    const again = await ingest.post('/v1/transactions', action('m-1'), named('m-1'));
    expect(again.status).toBe(200);
    expect(await ingest.operations()).toHaveLength(1);
  });
});

describe('a recreated topic', () => {
  it('halts ingest before any 202', async () => {
    ingest = await Harness.start({ contracts });
    await ingest.progress({ lowWaterMark: 7 * operationsPerRecord });
    await eventually(async () => {
      const { status } = await ingest.post('/v1/transactions', action('m-1'), named('m-1'));
      return status === 503;
    });
    expect(await ingest.get('/readyz')).toMatchObject({
      status: 503,
      body: { reasons: ['operations log was recreated'] },
    });
    const response = await ingest.post('/v1/transactions', action('m-2'), named('m-2'));
    expect(await response.json()).toMatchObject({ status: 503, code: 'LOG_MADE_ANEW' });
    expect(await ingest.metric('medrex_ingest_halted')).toBe(1);
  });

  it('is accepted under a new generation', async () => {
    const log = new InMemoryEventLog({ clock: realClock });
    ingest = await Harness.start({ contracts, log });
    await ingest.progress({ generation: 1, lowWaterMark: 7 * operationsPerRecord });
    await ingest.progress({ generation: 2, lowWaterMark: 0 });
    ingest = await ingest.restart({ contracts });
    expect((await ingest.post('/v1/transactions', action('m-1'), named('m-1'))).status).toBe(202);
  });
});

describe('a stop', () => {
  it('finishes requests in flight, answers waiting ones, and accepts no more', async () => {
    ingest = await Harness.start({ contracts });
    const waiting = ingest.post('/v1/transactions', action('m-1'), { ...named('m-1'), prefer: 'wait=60' });
    await eventually(async () => (await ingest.metric('medrex_ingest_waiting_operations')) === 1);
    await ingest.close();
    expect((await waiting).status).toBe(202);
    await expect(ingest.post('/v1/transactions', action('m-2'), named('m-2'))).rejects.toThrow();
    ingest = await ingest.restart({ contracts });
    expect(await ingest.operations()).toHaveLength(1);
  });
});

describe('the operations log', () => {
  it('that hangs makes requests time out with 503; the message is found stored later', async () => {
    const inner = new InMemoryEventLog({ clock: realClock });
    const log = new FaultyEventLog(inner, { seed: 1 });
    const append = log.append.bind(log);
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    log.append = async (topic, partition, records) => {
      if (topic === topics.operations) await opened;
      return append(topic, partition, records);
    };
    ingest = await Harness.start({ contracts, log, env: { INGEST_APPEND_WAIT_MS: '50' } });
    const late = await ingest.post('/v1/transactions', action('m-1'), named('m-1'));
    expect(late.status).toBe(503);
    expect(late.headers.get('retry-after')).not.toBeNull();
    expect(await late.json()).toMatchObject({ code: 'LOG_UNAVAILABLE' });
    open();
    await eventually(async () => (await ingest.operations()).length === 1);
    expect((await ingest.post('/v1/transactions', action('m-1'), named('m-1'))).status).toBe(200);
  });
});
