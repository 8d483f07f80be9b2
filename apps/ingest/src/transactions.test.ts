import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { connect } from 'node:net';
import { assetIntake } from './testing/asset-intake.ts';
import { Harness, type Json } from './testing/harness.ts';

const action = (asset: string) => JSON.stringify({ do: 'create', asset, owner: 'ann', value: 1 });
const actions = (...assets: readonly string[]) =>
  JSON.stringify({
    actions: assets.map((asset) => ({ do: asset === 'bad' ? 'unknown' : 'label', asset, label: 'x' })),
  });
const named = (id: string) => ({ 'idempotency-key': id, 'ce-source': 'urn:ehr:a' });
const json = async (response: Response) => (await response.json()) as Json;
let ingest: Harness;

beforeEach(async () => {
  ingest = await Harness.start({ contracts: [assetIntake] });
});
afterEach(() => ingest.close());

describe('POST /v1/transactions', () => {
  it('answers 202 with a status URL and a receipt of digest and seq', async () => {
    const response = await ingest.post('/v1/transactions', action('a1'), named('m-1'));
    expect(response.status).toBe(202);
    const receipt = await json(response);
    const [accepted] = await ingest.operations();
    expect(receipt).toMatchObject({
      transactionId: accepted?.operation.opId,
      digest: accepted?.operation.sourceHash,
      seq: accepted?.seq,
      source: 'urn:ehr:a',
      id: 'm-1',
      isIdDerived: false,
    });
    expect(response.headers.get('location')).toBe(`/v1/transactions/${String(receipt['transactionId'])}`);
    expect(receipt['statusUrl']).toBe(response.headers.get('location'));
  });

  it('answers a repeat with 200 and the same receipt, and appends nothing', async () => {
    const first = await ingest.post('/v1/transactions', action('a1'), named('m-1'));
    const again = await ingest.post('/v1/transactions', action('a1'), named('m-1'));
    expect([first.status, again.status]).toEqual([202, 200]);
    expect(await again.text()).toBe(await first.text());
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(await ingest.operations()).toHaveLength(1);
  });

  it('answers another body under the same name with 409, naming the first digest', async () => {
    const first = await json(await ingest.post('/v1/transactions', action('a1'), named('m-1')));
    const other = await ingest.post('/v1/transactions', action('a2'), named('m-1'));
    expect(other.status).toBe(409);
    expect(other.headers.get('content-type')).toContain('application/problem+json');
    expect(await json(other)).toMatchObject({
      code: 'ID_REUSED',
      firstDigest: first['digest'],
      firstTransactionId: first['transactionId'],
    });
    expect(await ingest.operations()).toHaveLength(1);
  });

  it('distinguishes equal ids of different sources', async () => {
    const one = await ingest.post('/v1/transactions', action('a1'), { 'idempotency-key': 'm', 'ce-source': 'a' });
    const other = await ingest.post('/v1/transactions', action('a2'), { 'idempotency-key': 'm', 'ce-source': 'b' });
    expect([one.status, other.status]).toEqual([202, 202]);
  });

  it('makes one operation and one receipt of concurrent repeats', async () => {
    const sent = Array.from({ length: 20 }, () => ingest.post('/v1/transactions', action('a1'), named('m-1')));
    const answers = await Promise.all(sent);
    const texts = new Set(await Promise.all(answers.map((one) => one.text())));
    expect(texts.size).toBe(1);
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(19);
    expect(await ingest.operations()).toHaveLength(1);
  });

  it('accepts one of several concurrent bodies under one name; the others get 409', async () => {
    const sent = ['a1', 'a2', 'a3', 'a4'].map((asset) => ingest.post('/v1/transactions', action(asset), named('m-1')));
    const statuses = (await Promise.all(sent)).map(({ status }) => status).sort();
    expect(statuses).toEqual([202, 409, 409, 409]);
    expect(await ingest.operations()).toHaveLength(1);
  });

  it('accepts a new body under a name whose first body was refused', async () => {
    expect((await ingest.post('/v1/transactions', '{"do":"unknown"}', named('m-1'))).status).toBe(422);
    expect((await ingest.post('/v1/transactions', action('a1'), named('m-1'))).status).toBe(202);
  });

  it('accepts a message without an id, says so, and accepts it again as another message', async () => {
    const first = await json(await ingest.post('/v1/transactions', action('a1')));
    const again = await ingest.post('/v1/transactions', action('a1'));
    expect(first).toMatchObject({ isIdDerived: true, advice: expect.stringContaining('Idempotency-Key') });
    expect(again.status).toBe(202);
    expect((await json(again))['transactionId']).not.toBe(first['transactionId']);
  });

  it('answers a message sent again under its derived id with the first receipt', async () => {
    const first = await json(await ingest.post('/v1/transactions', action('a1')));
    const headers = { 'ce-source': String(first['source']), 'ce-id': String(first['id']) };
    const again = await ingest.post('/v1/transactions', action('a1'), headers);
    expect(again.status).toBe(200);
    expect((await json(again))['transactionId']).toBe(first['transactionId']);
  });

  it('makes an operation of each item of a message, with its own result', async () => {
    const response = await ingest.post('/v1/transactions', actions('a1', 'bad', 'a3'), named('m-1'));
    expect(response.status).toBe(207);
    const { items } = (await json(response)) as { items: readonly Json[] };
    expect(items.map(({ item, status }) => [item, status])).toEqual([
      [0, 202],
      [1, 422],
      [2, 202],
    ]);
    expect(items[1]).toMatchObject({
      problem: { code: 'UNKNOWN_ACTION', issues: [{ expression: '$.actions[1].do' }] },
    });
    const message = await ingest.get(response.headers.get('location') ?? '');
    expect(message.body['transactions']).toHaveLength(2);
  });

  it('answers a repeat of several items with the same receipt from memory', async () => {
    const first = await ingest.post('/v1/transactions', actions('a1', 'a2', 'a3'), named('m-1'));
    const again = await ingest.post('/v1/transactions', actions('a1', 'a2', 'a3'), named('m-1'));
    expect([first.status, again.status]).toEqual([202, 200]);
    const ids = ({ items }: Json) => (items as readonly Json[]).map(({ transactionId }) => transactionId);
    expect(ids(await json(again))).toEqual(ids(await json(first)));
    expect(await ingest.operations()).toHaveLength(3);
  });

  it('waits for the outcome for the time in Prefer: wait', async () => {
    const stop = await ingest.settleAll(() => ({ detail: { owner: 'ann' } }));
    const response = await ingest.post('/v1/transactions', action('a1'), { ...named('m-1'), prefer: 'wait=5' });
    expect(response.status).toBe(200);
    expect(await json(response)).toMatchObject({ state: 'applied', code: 'OK', detail: { owner: 'ann' } });
    await stop();
    const late = await ingest.post('/v1/transactions', action('a2'), { ...named('m-2'), prefer: 'wait=0' });
    expect(late.status).toBe(202);
  });
});

describe('a refusal', () => {
  it.each([
    ['text that is not JSON', '{"do":', {}, 400, 'BODY_NOT_JSON'],
    ['an empty body', '', {}, 400, 'BODY_EMPTY'],
    ['XML', '<a/>', { 'content-type': 'application/fhir+xml' }, 415, 'CONTENT_TYPE_UNSUPPORTED'],
    ['NDJSON at the wrong address', '{}', { 'content-type': 'application/x-ndjson' }, 415, 'CONTENT_TYPE_UNSUPPORTED'],
    ['a compressed body', 'x', { 'content-encoding': 'gzip' }, 415, 'ENCODING_UNSUPPORTED'],
    ['an unknown contract', '{}', { 'ce-medrexcontract': 'other' }, 422, 'CONTRACT_UNKNOWN'],
    ['an action unknown to the contract', '{"do":"unknown"}', {}, 422, 'UNKNOWN_ACTION'],
    ['a message without operations', '{"actions":[]}', {}, 422, 'NOTHING_TO_DO'],
    ['an unknown class', action('a'), { 'ce-medrexclass': 'vip' }, 400, 'ENVELOPE_INVALID'],
    [
      'an event that is not an object',
      '[]',
      { 'content-type': 'application/cloudevents+json' },
      400,
      'ENVELOPE_INVALID',
    ],
    ['a message on which the contract throws', '{"do":"burst","asset":"secret-7"}', {}, 500, 'TRANSLATION_FAILED'],
    ['a body nested too deeply', '['.repeat(200_000) + ']'.repeat(200_000), {}, 422, 'UNKNOWN_ACTION'],
  ])('%s: is answered with a problem and a remedy', async (_case, body, headers, status, code) => {
    const response = await ingest.post('/v1/transactions', body, headers);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    const problem = await json(response);
    expect(problem).toMatchObject({ code, status, type: `urn:medrex:problem:${code}` });
    expect(String(problem['remedy'])).not.toBe('');
    expect(JSON.stringify(problem)).not.toContain('secret-7');
    expect(await ingest.operations()).toHaveLength(0);
  });

  it('is the answer to bytes that are not UTF-8', async () => {
    const response = await ingest.post('/v1/transactions', Buffer.from([0x22, 0xff, 0xfe, 0x22]));
    expect(await json(response)).toMatchObject({ status: 400, code: 'BODY_NOT_UTF8' });
  });

  it('is the answer to a request above the limit, and names the limit', async () => {
    const small = await Harness.start({ contracts: [assetIntake], env: { INGEST_REQUEST_BYTES_MAX: '1000' } });
    const response = await small.post('/v1/transactions', JSON.stringify({ do: 'label', asset: 'x'.repeat(2_000) }));
    expect(response.status).toBe(413);
    expect(await json(response)).toMatchObject({ code: 'REQUEST_TOO_LARGE', limitBytes: 1_000 });
    await small.close();
  });

  it('is the answer to an operation above the limit, and names the limit', async () => {
    const small = await Harness.start({ contracts: [assetIntake], env: { INGEST_OPERATION_BYTES_MAX: '1000' } });
    const body = JSON.stringify({ do: 'label', asset: 'a', label: 'x'.repeat(2_000) });
    expect(await json(await small.post('/v1/transactions', body))).toMatchObject({
      status: 413,
      code: 'OPERATION_TOO_LARGE',
      limitBytes: 1_000,
    });
    await small.close();
  });

  it('is the answer to a message from before the dedupe window, but not to one without a time', async () => {
    const old = new Date(Date.now() - 8 * 86_400_000).toISOString();
    const response = await ingest.post('/v1/transactions', action('a1'), { ...named('m-1'), 'ce-time': old });
    expect(await json(response)).toMatchObject({ status: 422, code: 'TOO_OLD', windowSeconds: 604_800 });
    expect((await ingest.post('/v1/transactions', action('a1'), named('m-1'))).status).toBe(202);
  });

  it('is the answer to unknown addresses and methods', async () => {
    expect(await ingest.get('/v1/nothing')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    const response = await fetch(`${ingest.url}/v1/batches`);
    expect(response.status).toBe(405);
  });

  it('is not counted for a sender who disconnects in the middle', async () => {
    const { hostname, port } = new URL(ingest.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      'POST /v1/transactions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"do":"create",',
    );
    await eventually(() => socket.readyState === 'open');
    socket.destroy();
    expect((await ingest.post('/v1/transactions', action('a1'))).status).toBe(202);
    expect(await ingest.operations()).toHaveLength(1);
  });
});

describe('GET /v1/transactions', () => {
  it('distinguishes unknown, pending and settled', async () => {
    expect(await ingest.get(`/v1/transactions/${'0'.repeat(32)}`)).toMatchObject({
      status: 404,
      body: { code: 'TRANSACTION_UNKNOWN' },
    });
    const { transactionId } = await json(await ingest.post('/v1/transactions', action('a1'), named('m-1')));
    const pending = await ingest.get(`/v1/transactions/${String(transactionId)}`);
    expect(pending).toMatchObject({ status: 200, body: { state: 'pending' } });
    expect(pending.body).not.toHaveProperty('code');
    await ingest.settle(await ingest.operations(), () => ({
      status: 'rejected',
      code: 'NO_SUCH_OWNER',
      message: 'there is no such owner',
    }));
    expect(await ingest.settled(String(transactionId))).toMatchObject({
      state: 'rejected',
      code: 'NO_SUCH_OWNER',
      fabric: { transactionId: 'tx-1', block: 1 },
    });
  });

  it('finds the operations of a message by its name', async () => {
    const query = new URLSearchParams({ source: 'urn:ehr:a', id: 'm 1/ä' }).toString();
    // Header values are percent-encoded, as CloudEvents requires.
    await ingest.post('/v1/transactions', actions('a1', 'a2'), { 'ce-source': 'urn:ehr:a', 'ce-id': 'm%201%2F%C3%A4' });
    const { status, body } = await ingest.get(`/v1/transactions?${query}`);
    expect(status).toBe(200);
    expect(body['transactions']).toHaveLength(2);
    expect(await ingest.get('/v1/transactions?source=urn:ehr:a&id=other')).toMatchObject({ status: 404 });
    expect(await ingest.get('/v1/transactions?source=urn:ehr:a')).toMatchObject({ status: 400 });
  });
});
