import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { topics } from '@medrex/contracts';
import { eventually } from '@medrex/contracts/testing';
import { assetIntake } from './testing/asset-intake.ts';
import { eventStream } from './testing/event-stream.ts';
import { Harness, type Json } from './testing/harness.ts';

const action = (asset: string) => JSON.stringify({ do: 'label', asset, label: 'x' });
let ingest: Harness;

async function send(id: string, source = 'urn:ehr:a'): Promise<string> {
  const response = await ingest.post('/v1/transactions', action(id), { 'ce-id': id, 'ce-source': source });
  return String(((await response.json()) as Json)['transactionId']);
}

/** Settles the operations from an index on, each in its own Fabric transaction. */
async function settleNext(from: number): Promise<void> {
  for (const one of (await ingest.operations()).slice(from)) await ingest.settle([one]);
}

beforeEach(async () => {
  ingest = await Harness.start({ contracts: [assetIntake] });
});
afterEach(() => ingest.close());

describe('GET /v1/outcomes', () => {
  it('streams outcomes with the name of their message', async () => {
    const stream = await eventStream(`${ingest.url}/v1/outcomes`);
    const opId = await send('m-1');
    await settleNext(0);
    const [event] = await stream.take(1);
    expect(event?.data).toMatchObject({
      transactionId: opId,
      state: 'applied',
      code: 'OK',
      source: 'urn:ehr:a',
      id: 'm-1',
    });
    expect(await ingest.metric('medrex_ingest_listeners')).toBe(1);
    stream.close();
    await eventually(async () => (await ingest.metric('medrex_ingest_listeners')) === 0);
  });

  it('filters outcomes by source or by transaction', async () => {
    const bySource = await eventStream(`${ingest.url}/v1/outcomes?source=urn:ehr:b`);
    await send('m-1', 'urn:ehr:a');
    const second = await send('m-2', 'urn:ehr:b');
    const third = await send('m-3', 'urn:ehr:b');
    const byId = await eventStream(`${ingest.url}/v1/outcomes?opIds=${third},${'0'.repeat(32)}`);
    await settleNext(0);
    expect((await bySource.take(2)).map(({ data }) => data['transactionId'])).toEqual([second, third]);
    expect((await byId.take(1)).map(({ data }) => data['transactionId'])).toEqual([third]);
    bySource.close();
    byId.close();
  });

  it('resumes behind the Last-Event-ID without a gap or a repeat while outcomes arrive', async () => {
    const first = await eventStream(`${ingest.url}/v1/outcomes`);
    await send('m-0');
    await settleNext(0);
    const [seen] = await first.take(1);
    first.close();
    for (let at = 1; at < 150; at += 1) await send(`m-${at}`);
    await settleNext(1);
    await eventually(async () => (await ingest.metric('medrex_ingest_outcomes_total{status="applied"}')) === 150);
    const again = await eventStream(`${ingest.url}/v1/outcomes`, { 'last-event-id': seen?.id ?? '' });
    await send('m-150');
    await settleNext(150);
    const ids = (await again.take(150)).map(({ data }) => data['id']);
    expect(ids).toEqual(Array.from({ length: 150 }, (_, at) => `m-${at + 1}`));
    again.close();
  });

  it('reports a gap when missed outcomes are no longer kept', async () => {
    await send('m-1');
    await send('m-2');
    await settleNext(0);
    await eventually(async () => (await ingest.metric('medrex_ingest_outcomes_total{status="applied"}')) === 2);
    await ingest.log.truncateBefore(topics.outcomes, 0, 1);
    const stream = await eventStream(`${ingest.url}/v1/outcomes`, { 'last-event-id': '0.0' });
    const kept = await ingest.log.bounds(topics.outcomes, 0);
    expect(kept.start).toBe(1);
    const [event] = await stream.take(1);
    expect(event?.event).toBe('gap');
    stream.close();
  });

  it('streams new outcomes when the Last-Event-ID is of a log that was recreated', async () => {
    const stream = await eventStream(`${ingest.url}/v1/outcomes`, { 'last-event-id': '4711.3' });
    await send('m-1');
    await settleNext(0);
    const events = await stream.take(2);
    expect(events.map(({ event }) => event)).toEqual(['gap', 'outcome']);
    stream.close();
  });

  it('answers HEAD with headers only', async () => {
    const response = await fetch(`${ingest.url}/v1/outcomes`, { method: 'HEAD', signal: AbortSignal.timeout(5_000) });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    expect(await ingest.metric('medrex_ingest_listeners')).toBe(0);
  });

  it('refuses a foreign Last-Event-ID, and listeners above the limit', async () => {
    expect(await ingest.get('/v1/outcomes', { 'last-event-id': 'yesterday' })).toMatchObject({ status: 400 });
    const small = await Harness.start({ contracts: [assetIntake], env: { INGEST_LISTENERS_MAX: '1' } });
    const stream = await eventStream(`${small.url}/v1/outcomes`);
    expect(await small.get('/v1/outcomes')).toMatchObject({ status: 503, body: { code: 'TOO_MANY_LISTENERS' } });
    stream.close();
    await small.close();
  });
});

describe('receipts of outcomes', () => {
  it('are written once per message, when its last operation is terminal, with every item', async () => {
    const body = JSON.stringify({ actions: ['a', 'b', 'c'].map((asset) => ({ do: 'label', asset, label: 'x' })) });
    await ingest.post('/v1/transactions', body, { 'ce-id': 'm-1', 'ce-source': 's' });
    const operations = await ingest.operations();
    await ingest.settle(operations.slice(0, 2));
    await eventually(async () => (await ingest.metric('medrex_ingest_outcomes_total{status="applied"}')) === 2);
    expect(await ingest.receipts()).toEqual([]);
    await ingest.settle(operations.slice(2), () => ({ status: 'rejected', code: 'NO', message: 'not so' }));
    const receipts = await eventually(async () =>
      (await ingest.receipts()).length > 0 ? ingest.receipts() : undefined,
    );
    expect(receipts).toHaveLength(1);
    expect(receipts[0]).toMatchObject({ source: 's', id: 'm-1', state: 'settled', code: 'NO' });
    expect(receipts[0]?.items.map(({ item, state, code }) => [item, state, code])).toEqual([
      [0, 'applied', 'OK'],
      [1, 'applied', 'OK'],
      [2, 'rejected', 'NO'],
    ]);
  });

  it('are the same when an outcome is reported twice, which is counted once', async () => {
    await send('m-1');
    const operations = await ingest.operations();
    await ingest.settle(operations);
    await ingest.settle(operations);
    await eventually(async () => (await ingest.receipts()).length === 2);
    const [one, other] = await ingest.receipts();
    expect({ ...other, atMs: 0 }).toEqual({ ...one, atMs: 0 });
    expect(await ingest.metric('medrex_ingest_live_operations')).toBe(0);
  });

  it('are written for operations that ended while ingest was down', async () => {
    const body = JSON.stringify({ actions: ['a', 'b'].map((asset) => ({ do: 'label', asset, label: 'x' })) });
    await ingest.post('/v1/transactions', body, { 'ce-id': 'm-1', 'ce-source': 's' });
    await send('m-2');
    const operations = await ingest.operations();
    await ingest.settle(operations.slice(0, 1));
    await eventually(async () => (await ingest.metric('medrex_ingest_outcomes_total{status="applied"}')) === 1);
    await ingest.close();
    await ingest.settle(operations.slice(1));
    await ingest.progressTo(undefined);
    const { log, statuses, vault } = ingest;
    ingest = await Harness.start({ contracts: [assetIntake], log, statuses, vault });
    await eventually(async () => (await ingest.receipts()).length === 2);
    const receipts = await ingest.receipts();
    expect(receipts.map(({ id, state, items }) => [id, state, items.length]).sort()).toEqual([
      ['m-1', 'settled', 2],
      ['m-2', 'settled', 1],
    ]);
  });
});
