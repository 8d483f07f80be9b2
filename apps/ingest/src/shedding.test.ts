import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dedupeWindowMs, intakeHeaders, topics } from '@medrex/contracts';
import { eventually } from '@medrex/contracts/testing';
import { assetIntake } from './testing/asset-intake.ts';
import { Harness, type Json } from './testing/harness.ts';

const action = (asset: string) => JSON.stringify({ do: 'label', asset, label: 'x' });
const line = (id: string, operationClass: string) =>
  JSON.stringify({ id, source: 's', class: operationClass, body: { do: 'label', asset: id, label: 'x' } });
const classes = ['cpoe', 'clinical', 'scheduling', 'financial', 'audit'];
const env = { INGEST_LIVE_MAX: '10', INGEST_ROOM_WAIT_MS: '300' };
let ingest: Harness;

beforeEach(async () => {
  ingest = await Harness.start({ contracts: [assetIntake], env });
});
afterEach(() => ingest.close());

async function fill(operations: number): Promise<void> {
  const lines = Array.from({ length: operations }, (_, at) => line(`fill-${at}`, 'cpoe'));
  const response = await ingest.post('/v1/batches', lines.join('\n'), { 'content-type': 'application/x-ndjson' });
  expect(response.status).toBe(202);
}

const send = (id: string, operationClass: string) =>
  ingest.post('/v1/transactions', action(id), { 'idempotency-key': id, 'ce-medrexclass': operationClass });

describe('shedding', () => {
  it('sheds the lowest class first, with the class, the limits and Retry-After', async () => {
    await fill(7);
    const answers: Response[] = [];
    for (const one of classes.toReversed()) answers.push(await send(`x-${one}`, one));
    expect(answers.map(({ status }) => status)).toEqual([429, 429, 202, 202, 202]);
    const shed = answers[0] as Response;
    expect(Number(shed.headers.get('retry-after'))).toBeGreaterThan(0);
    const problem = (await shed.json()) as Json;
    expect(problem).toMatchObject({
      code: 'SHED',
      class: 'audit',
      limits: { cpoe: 10, clinical: 9, scheduling: 8, financial: 7, audit: 6 },
    });
    expect(await ingest.metric('medrex_ingest_refused_total{code="SHED"}')).toBe(2);
  });

  it('accepts a shed message when it is sent again and there is room', async () => {
    await fill(9);
    expect((await send('late', 'audit')).status).toBe(429);
    await ingest.settle(await ingest.operations());
    await eventually(async () => (await ingest.metric('medrex_ingest_live_operations')) === 0);
    expect((await send('late', 'audit')).status).toBe(202);
  });

  it('never sheds orders: at the live limit they wait until an operation ends', async () => {
    await fill(10);
    const order = send('order', 'cpoe');
    await eventually(async () => (await send('probe', 'clinical')).status === 429);
    await ingest.settle((await ingest.operations()).slice(0, 1));
    expect((await order).status).toBe(202);
  });

  it('answers an order that waited in vain with 503, not 429', async () => {
    await fill(10);
    const response = await send('order', 'cpoe');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).not.toBeNull();
    expect(await response.json()).toMatchObject({ code: 'NO_ROOM' });
  });

  it('limits the wait of all orders of a batch together', async () => {
    await fill(10);
    const lines = Array.from({ length: 200 }, (_, at) => line(`order-${at}`, 'cpoe'));
    const startedMs = performance.now();
    const response = await ingest.post('/v1/batches', lines.join('\n'), { 'content-type': 'application/x-ndjson' });
    const tookMs = performance.now() - startedMs;
    const { items } = (await response.json()) as { readonly items: readonly Json[] };
    expect(items.map(({ status }) => status)).toEqual(lines.map(() => 503));
    expect(tookMs).toBeGreaterThan(250);
    expect(tookMs).toBeLessThan(30_000); // waiting one after another would take a minute
  });

  it('accepts the lines of a batch for which there is room, and answers the others with 429', async () => {
    await fill(5);
    const lines = [line('1', 'audit'), line('2', 'audit'), line('3', 'clinical'), line('4', 'audit')];
    const response = await ingest.post('/v1/batches', lines.join('\n'), { 'content-type': 'application/x-ndjson' });
    expect(response.status).toBe(207);
    expect(response.headers.get('retry-after')).not.toBeNull();
    const { items } = (await response.json()) as { readonly items: readonly Json[] };
    expect(items.map(({ status }) => status)).toEqual([202, 429, 202, 429]);
  });

  it('advises smaller batches when there is little room', async () => {
    await fill(5);
    const response = await ingest.post('/v1/batches', line('1', 'audit'), { 'content-type': 'application/x-ndjson' });
    expect(response.headers.get('medrex-advised-lines')).toBe('1');
  });

  it('uses the live count of orderer-dag when other instances fill the pipeline', async () => {
    await ingest.progress({ live: 9 });
    await eventually(async () => (await send('mine', 'clinical')).status === 429);
  });

  it('pauses the partition of a class without room without loss, while the urgent topic goes on', async () => {
    await fill(9);
    const headers = (id: string, operationClass: 'audit' | 'cpoe') =>
      intakeHeaders({ id, source: 's', class: operationClass, contentType: 'application/json' });
    await ingest.log.append(topics.intake, 0, [
      { value: Buffer.from(action('slow')), headers: headers('slow', 'audit') },
    ]);
    await ingest.log.append(topics.intakeUrgent, 0, [
      { value: Buffer.from(action('fast')), headers: headers('fast', 'cpoe') },
    ]);
    const assets = async () => (await ingest.operations()).map(({ operation }) => operation.facts['asset']);
    await eventually(async () => (await assets()).includes('fast'));
    expect(await assets()).not.toContain('slow');
    const waiting = (): Promise<number> => ingest.metric('medrex_ingest_waiting_for_room{class="audit"}');
    expect(await waiting()).toBe(1);
    expect(await ingest.metric('medrex_ingest_waiting_for_room{class="cpoe"}')).toBe(0);
    expect(await ingest.log.committed('ingest', topics.intake, 0)).toBeUndefined();
    await ingest.settle(await ingest.operations());
    await eventually(async () => (await assets()).includes('slow'));
    await eventually(async () => (await ingest.log.committed('ingest', topics.intake, 0)) === 1);
    expect(await waiting()).toBe(0);
  });

  it('reports by receipt when a partition pauses for lack of room, and when it resumes', async () => {
    let aheadMs = 0;
    const { log, statuses, vault } = ingest;
    await ingest.close();
    const env = { INGEST_LIVE_MAX: '10' };
    const nowMs = (): number => Date.now() + aheadMs;
    ingest = await Harness.start({ contracts: [assetIntake], env, log, statuses, vault, nowMs });
    await fill(9);
    const headers = intakeHeaders({ id: 'slow', source: 's', class: 'audit', contentType: 'application/json' });
    await ingest.log.append(topics.intake, 0, [{ value: Buffer.from(action('slow')), headers }]);
    const receiptOf = (state: string) =>
      eventually(async () => (await ingest.receipts()).find((receipt) => receipt.state === state));
    const intake = { topic: topics.intake, partition: 0, offset: 0 };
    const delayed = await receiptOf('delayed');
    expect(delayed).toMatchObject({ source: topics.intake, code: 'WAITING_FOR_ROOM', intake, items: [] });
    expect(delayed.delay).toMatchObject({ class: 'audit', expectedS: expect.any(Number) });
    await ingest.settle(await ingest.operations());
    await eventually(async () => (await ingest.log.committed('ingest', topics.intake, 0)) === 1);
    aheadMs += 60_000;
    const { sinceMs } = delayed.delay ?? {};
    expect(await receiptOf('resumed')).toMatchObject({ id: delayed.id, code: 'OK', intake, delay: { sinceMs } });
  });

  it('checks the age of a message again after it waited for room', async () => {
    let leapMs = 0;
    ingest = await ingest.restart({ contracts: [assetIntake], env, nowMs: () => Date.now() + leapMs });
    await fill(9);
    const headers = (id: string, timeMs: number) =>
      intakeHeaders({
        id,
        source: 's',
        class: 'audit',
        contentType: 'application/json',
        time: new Date(timeMs).toISOString(),
      });
    const now = Date.now();
    await ingest.log.append(topics.intake, 0, [
      { value: Buffer.from(action('old')), headers: headers('old', now - dedupeWindowMs + 60_000) },
      { value: Buffer.from(action('young')), headers: headers('young', now) },
    ]);
    await eventually(async () => (await ingest.metric('medrex_ingest_messages_total{entrance="intake"}')) === 2);
    leapMs = 120_000;
    await ingest.settle(await ingest.operations());
    await eventually(async () => (await ingest.log.committed('ingest', topics.intake, 0)) === 2);
    expect((await ingest.receipts()).map(({ id, code }) => [id, code]).slice(-2)).toEqual([
      ['old', 'TOO_OLD'],
      ['young', 'ACCEPTED'],
    ]);
  });

  it('accepts a run of an intake topic that exceeds the live limit part by part', async () => {
    const stop = await ingest.settleAll();
    const headers = (id: string) => intakeHeaders({ id, source: 's', class: 'audit', contentType: 'application/json' });
    const records = Array.from({ length: 60 }, (_, at) => ({
      value: Buffer.from(action(`a${at}`)),
      headers: headers(`m-${at}`),
    }));
    await ingest.log.append(topics.intake, 0, records);
    await eventually(async () => (await ingest.log.committed('ingest', topics.intake, 0)) === 60);
    expect((await ingest.operations()).map(({ operation }) => operation.facts['asset'])).toEqual(
      records.map((_, at) => `a${at}`),
    );
    await stop();
  });

  it('sheds no item of a message from an intake topic', async () => {
    await fill(5);
    const stop = await ingest.settleAll();
    const value = Buffer.from(
      JSON.stringify({
        actions: Array.from({ length: 12 }, (_, at) => ({ do: 'label', asset: `d${at}`, label: 'x' })),
      }),
    );
    await ingest.log.append(topics.intake, 0, [
      { value, headers: intakeHeaders({ id: 'many', source: 's', class: 'audit', contentType: 'application/json' }) },
    ]);
    const receipt = await eventually(async () =>
      (await ingest.receipts()).find(({ id, state }) => id === 'many' && state === 'accepted'),
    );
    expect(receipt.items.map(({ state }) => state)).toEqual(new Array(12).fill('pending'));
    await stop();
  });

  it('sheds no order of a message with more orders than there is room for', async () => {
    await fill(9);
    const actions = Array.from({ length: 3 }, (_, at) => ({ do: 'label', asset: `d${at}`, label: 'x' }));
    const orders = { 'idempotency-key': 'many', 'ce-medrexclass': 'cpoe' };
    const response = await ingest.post('/v1/transactions', JSON.stringify({ actions }), orders);
    expect(response.status).toBe(202);
    expect(await ingest.operations()).toHaveLength(12);
  });

  it('accepts a batch with more orders than there is room for, as its earlier ones end', async () => {
    const stop = await ingest.settleAll();
    const lines = Array.from({ length: 25 }, (_, at) => line(`o-${at}`, 'cpoe'));
    const response = await ingest.post('/v1/batches', lines.join('\n'), { 'content-type': 'application/x-ndjson' });
    expect(await response.json()).toMatchObject({ accepted: 25, refused: 0 });
    await stop();
  });
});
