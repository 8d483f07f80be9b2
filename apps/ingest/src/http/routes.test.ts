import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { connect } from 'node:net';
import { assetIntake } from '../testing/asset-intake.ts';
import { Harness } from '../testing/harness.ts';

let ingest: Harness;

beforeAll(async () => {
  ingest = await Harness.start({ contracts: [assetIntake], env: { INGEST_REQUEST_BYTES_MAX: '1000' } });
});
afterAll(() => ingest.close());

describe('an address that does not support the method', () => {
  it.each([
    ['PUT', '/v1/transactions', 'GET, HEAD, POST'],
    ['GET', '/v1/batches', 'POST'],
    ['DELETE', '/v1/batches/', 'POST'],
    ['POST', `/v1/transactions/${'0'.repeat(32)}`, 'GET, HEAD'],
    ['POST', '/metrics?x=1', 'GET, HEAD'],
    ['PATCH', '/fhir/Patient/1', 'DELETE, PUT'],
    ['GET', '/fhir', 'POST'],
  ])('%s %s is answered 405 with the allowed methods', async (method, path, allow) => {
    const response = await fetch(ingest.url + path, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
    expect(JSON.stringify(await response.json())).toContain(
      `${method} is not supported for this address; it supports ${allow}.`,
    );
  });

  it('is distinguished from an unknown address', async () => {
    for (const path of ['/v1/nothing', '/v1/transactions/a/b', '/fhir/a/b/c'])
      expect((await fetch(ingest.url + path, { method: 'PUT' })).status).toBe(404);
  });
});

describe('a request that is too large', () => {
  it.each([
    ['with its length', 'content-length: 4000000\r\n\r\n', 'x'.repeat(4_000_000)],
    ['in chunks', 'transfer-encoding: chunked\r\n\r\n', `3d0900\r\n${'x'.repeat(0x3d0900)}\r\n0\r\n\r\n`],
  ])('is read to its end when sent %s, so that a sender that reads only then gets 413', async (_how, header, body) => {
    const { hostname, port } = new URL(ingest.url);
    const socket = connect(Number(port), hostname);
    let heard = '';
    const sent = new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      const head = 'POST /v1/batches HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-ndjson\r\n';
      socket.write(head + header + body, () => resolve());
    });
    await sent;
    socket.on('data', (bytes: Buffer) => (heard += bytes.toString()));
    await eventually(() => heard.includes('"limitBytes":1000'));
    expect(heard).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });
});

describe('an invalid id', () => {
  it('is answered as unknown, with the reason', async () => {
    const { status, body } = await ingest.get('/v1/transactions/4711');
    expect([status, body['code']]).toEqual([404, 'TRANSACTION_UNKNOWN']);
    expect(body['detail']).toMatch(/32 lower-case hexadecimal digits/);
  });
});
