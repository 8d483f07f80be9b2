import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { assetIntake } from './testing/asset-intake.ts';
import { Harness, type Json } from './testing/harness.ts';

const action = (asset: string) => ({ do: 'label', asset, label: 'x' });
const envelope = (id: string, asset: string, more: object = {}) =>
  JSON.stringify({ id, source: 'urn:ehr:a', ...more, body: action(asset) });
const ndjson = { 'content-type': 'application/x-ndjson' };

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
  readonly items: readonly Json[];
}

let ingest: Harness;

async function send(
  lines: string | Uint8Array | readonly string[],
  headers: Record<string, string> = {},
  to = ingest,
): Promise<Answer> {
  const body = Array.isArray(lines) ? lines.join('\n') : (lines as string | Uint8Array);
  const response = await to.post('/v1/batches', body, { ...ndjson, ...headers });
  const answer = (await response.json()) as Json;
  return {
    status: response.status,
    headers: response.headers,
    body: answer,
    items: (answer['items'] ?? []) as readonly Json[],
  };
}

const statuses = ({ items }: Answer) => items.map(({ line, status }) => [line, status]);
const assets = async () => (await ingest.operations()).map(({ operation }) => operation.facts['asset']);

beforeEach(async () => {
  ingest = await Harness.start({ contracts: [assetIntake] });
});
afterEach(() => ingest.close());

describe('POST /v1/batches', () => {
  it('accepts every line as a message, and keeps their order in the answer and in the log', async () => {
    const lines = Array.from({ length: 1_000 }, (_, at) => envelope(`m-${at}`, `a${at}`));
    const answer = await send(lines);
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ accepted: 1_000, repeated: 0, refused: 0 });
    expect(await assets()).toEqual(lines.map((_, at) => `a${at}`));
    const seqs = answer.items.map(({ seq }) => Number(seq));
    expect(seqs).toEqual([...seqs].sort((one, other) => one - other));
    expect(answer.items[7]).toMatchObject({ line: 8, status: 202, source: 'urn:ehr:a', id: 'm-7' });
  });

  it('reads envelopes, bare bodies and CloudEvents in one batch', async () => {
    const event = { specversion: '1.0', id: 'e', source: 's', type: 't', data: action('a3') };
    const answer = await send([
      envelope('m', 'a1', { class: 'cpoe', deadline: '2030-01-01T00:00:00Z' }),
      JSON.stringify(action('a2')),
      JSON.stringify(event),
    ]);
    expect(statuses(answer)).toEqual([
      [1, 202],
      [2, 202],
      [3, 202],
    ]);
    expect(answer.items[1]).toMatchObject({ isIdDerived: true });
    const [first] = await ingest.operations();
    expect(first?.routing).toMatchObject({ class: 'cpoe', deadlineMs: Date.UTC(2030, 0, 1) });
    expect(await assets()).toEqual(['a1', 'a2', 'a3']);
  });

  it('accepts the valid lines and reports the problem of each other line', async () => {
    const answer = await send([
      envelope('m-1', 'a1'),
      '{"id":"m-2","body":{"do":"label"',
      '',
      envelope('m-4', 'a4'),
      '{"id":"m-5","source":"s","body":{"do":"unknown"}}',
      '{"id":7,"body":{}}',
      'null',
      '{"id":"m-8","source":"s","class":"vip","body":{}}',
      envelope('m-9', 'a9'),
    ]);
    expect(answer.status).toBe(207);
    expect(answer.body).toMatchObject({ accepted: 3, repeated: 0, refused: 5 });
    expect(statuses(answer)).toEqual([
      [1, 202],
      [2, 400],
      [4, 202],
      [5, 422],
      [6, 400],
      [7, 422],
      [8, 400],
      [9, 202],
    ]);
    expect(answer.items[1]).toMatchObject({ problem: { code: 'BODY_NOT_JSON' } });
    expect(await assets()).toEqual(['a1', 'a4', 'a9']);
  });

  it('goes on after a line that is not UTF-8', async () => {
    const broken = Buffer.concat([
      Buffer.from(`${envelope('m-1', 'a1')}\n{"id":"`),
      Buffer.from([0xe9]),
      Buffer.from(`"}\n${envelope('m-3', 'ä3')}`),
    ]);
    const answer = await send(broken);
    expect(statuses(answer)).toEqual([
      [1, 202],
      [2, 400],
      [3, 202],
    ]);
    expect(answer.items[1]).toMatchObject({ problem: { code: 'BODY_NOT_UTF8' } });
    expect(await assets()).toEqual(['a1', 'ä3']);
  });

  it('accepts CRLF, blank lines and a missing last newline', async () => {
    expect(statuses(await send(`${envelope('m-1', 'a1')}\r\n\r\n  \n${envelope('m-2', 'a2')}`))).toEqual([
      [1, 202],
      [4, 202],
    ]);
  });

  it('skips a byte order mark', async () => {
    const event = { specversion: '1.0', id: 'e', source: 's', type: 't', data: action('a1') };
    const marked = `\ufeff${JSON.stringify(event)}\n${envelope('m-2', 'a2')}`;
    expect(statuses(await send(marked))).toEqual([
      [1, 202],
      [2, 202],
    ]);
    expect((await send(marked.slice(1))).status).toBe(200);
  });

  it('distinguishes repeats in one batch from reused names', async () => {
    const answer = await send([
      envelope('m', 'a1'),
      envelope('m', 'a1', { deadline: 4_000_000_000_000 }),
      envelope('m', 'other'),
      envelope('n', 'a2'),
    ]);
    expect(statuses(answer)).toEqual([
      [1, 202],
      [2, 200],
      [3, 409],
      [4, 202],
    ]);
    expect(answer.items[1]).toMatchObject({ transactionId: answer.items[0]?.['transactionId'] });
    expect(answer.items[2]).toMatchObject({ problem: { code: 'ID_REUSED', firstDigest: answer.items[0]?.['digest'] } });
    expect(await assets()).toEqual(['a1', 'a2']);
  });

  it('answers a repeated batch with 200 and the same receipt for each line', async () => {
    const lines = [envelope('m-1', 'a1'), envelope('m-2', 'a2')];
    const first = await send(lines);
    const again = await send(lines);
    expect(again.status).toBe(200);
    const ids = ({ items }: Answer) => items.map(({ transactionId, seq, digest }) => [transactionId, seq, digest]);
    expect(ids(again)).toEqual(ids(first));
  });

  it('derives the id of a line without one from the Idempotency-Key of the batch', async () => {
    const lines = [action('a1'), action('a1')].map((one) => JSON.stringify(one));
    const first = await send(lines, { 'idempotency-key': 'batch-7' });
    expect(first.items.map(({ id }) => id)).toEqual(['batch-7/1', 'batch-7/2']);
    expect((await send(lines, { 'idempotency-key': 'batch-7' })).status).toBe(200);
    expect((await send(lines)).status).toBe(202);
    expect(await assets()).toHaveLength(4);
  });

  it('uses the source and class of the request for lines without their own', async () => {
    const answer = await send([JSON.stringify(action('a1')), JSON.stringify({ class: 'audit', body: action('a2') })], {
      'ce-source': 'urn:ehr:b',
      'ce-medrexclass': 'scheduling',
    });
    expect(answer.items.map(({ source }) => source)).toEqual(['urn:ehr:b', 'urn:ehr:b']);
    expect((await ingest.operations()).map(({ routing }) => routing.class)).toEqual(['scheduling', 'audit']);
  });

  it('accepts a line with several operations, each with its own status', async () => {
    const answer = await send([JSON.stringify({ id: 'm', body: { actions: [action('a1'), { do: 'unknown' }] } })]);
    expect(answer.items[0]).toMatchObject({
      status: 207,
      items: [
        { item: 0, status: 202 },
        { item: 1, status: 422 },
      ],
    });
  });

  it('accepts one message with many items instead of lines', async () => {
    const response = await ingest.post(
      '/v1/batches',
      JSON.stringify({ actions: [action('a1'), { do: 'unknown' }, action('a3')] }),
      { 'idempotency-key': 'm' },
    );
    expect(response.status).toBe(207);
    expect(await response.json()).toMatchObject({
      id: 'm',
      accepted: 2,
      refused: 1,
      items: [
        { item: 0, status: 202 },
        { item: 1, status: 422 },
        { item: 2, status: 202 },
      ],
    });
  });

  it('advises how many lines to send', async () => {
    expect((await send([envelope('m', 'a')])).headers.get('medrex-advised-lines')).toBe('500');
  });

  it.each([
    ['nothing', '', {}, 400, 'BODY_EMPTY'],
    ['blank lines', '\n \n', {}, 400, 'BODY_EMPTY'],
    ['a JSON array', '[{}]', { 'content-type': 'application/json' }, 400, 'REQUEST_INVALID'],
    ['plain text', 'hello', { 'content-type': 'text/plain' }, 415, 'CONTENT_TYPE_UNSUPPORTED'],
    ['an unknown class', '{}', { 'ce-medrexclass': 'vip' }, 400, 'ENVELOPE_INVALID'],
  ])('refuses %s as a whole', async (_case, body, headers, status, code) => {
    expect(await send(body, headers)).toMatchObject({ status, body: { code } });
  });

  it('answers a batch without a valid line with problems only', async () => {
    expect(await send(['{', '{'])).toMatchObject({ status: 400, body: { accepted: 0, refused: 2 } });
    expect(await send(['{', '{"do":"unknown"}'])).toMatchObject({ status: 422, body: { accepted: 0, refused: 2 } });
  });
});

describe('limits of a batch', () => {
  it('refuses a batch with more lines than the limit, naming the limit', async () => {
    const small = await Harness.start({ contracts: [assetIntake], env: { INGEST_LINES_MAX: '3' } });
    const answer = await send(
      ['1', '2', '3', '4'].map((id) => envelope(id, id)),
      {},
      small,
    );
    expect(answer).toMatchObject({ status: 413, body: { code: 'TOO_MANY_LINES', limitLines: 3 } });
    expect(await small.operations()).toHaveLength(0);
    await small.close();
  });

  it('refuses a line above the size limit, naming the limit, and accepts the others', async () => {
    const small = await Harness.start({ contracts: [assetIntake], env: { INGEST_OPERATION_BYTES_MAX: '500' } });
    const answer = await send([envelope('1', 'a1'), envelope('2', 'x'.repeat(1_000)), envelope('3', 'a3')], {}, small);
    expect(statuses(answer)).toEqual([
      [1, 202],
      [2, 413],
      [3, 202],
    ]);
    expect(answer.items[1]).toMatchObject({ problem: { code: 'LINE_TOO_LARGE', limitBytes: 500 } });
    await small.close();
  });

  it('refuses a request above the byte limit of concurrent requests, and accepts it when they are done', async () => {
    const small = await Harness.start({
      contracts: [assetIntake],
      env: { INGEST_REQUESTS_BYTES_MAX: '1000', INGEST_LIVE_MAX: '1' },
    });
    await send([envelope('first', 'a1', { class: 'cpoe' })], {}, small);
    const waiting = send([envelope('order', 'a2', { class: 'cpoe', note: 'x'.repeat(700) })], {}, small); // waits for room
    await eventually(async () => {
      const { status, body, headers } = await send([envelope('other', 'a3', { note: 'x'.repeat(700) })], {}, small);
      expect({ status, code: body['code'] }).toEqual({ status: 503, code: 'TOO_MUCH_IN_HAND' });
      expect(headers.get('retry-after')).toBe('1');
      return true;
    });
    expect((await small.get('/readyz')).status).toBe(200);
    await small.settle(await small.operations());
    expect((await waiting).status).toBe(202);
    await small.settle((await small.operations()).slice(1));
    await eventually(
      async () =>
        (await send([envelope('other', 'a3', { class: 'cpoe', note: 'x'.repeat(700) })], {}, small)).status === 202,
    );
    await small.close();
  });
});
