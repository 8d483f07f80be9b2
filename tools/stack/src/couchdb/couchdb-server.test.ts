import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CouchdbServer } from './couchdb-server.ts';
import { multipartOf, partsOf } from './multipart.ts';

const server = new CouchdbServer('3.4.2');
let base: string;
beforeAll(async () => {
  base = `http://127.0.0.1:${await server.listen(0)}`;
  await put('/ehr_', undefined);
});
afterAll(() => server.close());

const json = { 'content-type': 'application/json' };
const send = (method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(base + path, {
    method,
    headers: { ...json, ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
const put = (path: string, body: unknown, headers?: Record<string, string>) => send('PUT', path, body, headers);
const post = async (path: string, body: unknown): Promise<unknown> => (await send('POST', path, body)).json();
const get = async (path: string): Promise<unknown> => (await fetch(base + path)).json();

describe('the CouchDB of the stack', () => {
  it('reports a version that peers accept, and the databases', async () => {
    expect(await get('/')).toMatchObject({ couchdb: 'Welcome', version: '3.4.2' });
    expect(await get('/_all_dbs')).toEqual(['ehr_']);
    expect((await put('/ehr_', undefined)).status).toBe(412);
    expect((await fetch(`${base}/other`)).status).toBe(404);
  });

  it('returns the revision of a document as ETag, and refuses a write with another one', async () => {
    const first = await put('/ehr_/bed~1', { free: true });
    const etag = first.headers.get('etag') ?? '';
    expect(first.status).toBe(201);
    expect((await fetch(`${base}/ehr_/bed~1`)).headers.get('etag')).toBe(etag);
    expect((await put('/ehr_/bed~1', { free: false })).status).toBe(409);
    expect((await put('/ehr_/bed~1', { free: false }, { 'if-match': etag })).status).toBe(201);
    expect(await get('/ehr_/bed~1')).toMatchObject({ _id: 'bed~1', free: false });
  });

  it('stores attachments, and returns them as multipart', async () => {
    const bytes = Buffer.from([0, 13, 10, 13, 10, 45, 45, 255]);
    const document = {
      '~version': 'a',
      _attachments: { valueBytes: { follows: true, content_type: 'application/octet-stream', length: 8 } },
    };
    const { body, contentType } = multipartOf([
      { headers: new Map([['Content-Type', 'application/json']]), body: Buffer.from(JSON.stringify(document)) },
      { headers: new Map(), body: bytes },
    ]);
    const put = await fetch(`${base}/ehr_/raw`, {
      method: 'PUT',
      headers: { 'content-type': contentType },
      body: new Uint8Array(body),
    });
    expect(put.status).toBe(201);
    const read = await fetch(`${base}/ehr_/raw?attachments=true`, { headers: { accept: 'multipart/related' } });
    const parts = partsOf(Buffer.from(await read.arrayBuffer()), read.headers.get('content-type') ?? '');
    expect(JSON.parse(String(parts[0]?.body))).toMatchObject({ '~version': 'a' });
    expect(parts[1]?.headers.get('content-disposition')).toBe('attachment; filename="valueBytes"');
    expect(parts[1]?.body).toEqual(bytes);
  });

  it('writes in bulk and reports refused documents', async () => {
    const docs = ['a', 'b', 'c'].map((name) => ({ _id: `many~${name}`, name }));
    expect(await post('/ehr_/_bulk_docs', { docs })).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
    expect(await post('/ehr_/_bulk_docs', { docs: docs.slice(0, 1) })).toMatchObject([
      { id: 'many~a', error: 'conflict' },
    ]);
    const range = `startkey="many~a"&endkey="many~c"&inclusive_end=false&include_docs=true&limit=5`;
    expect(await get(`/ehr_/_all_docs?${range}`)).toMatchObject({ rows: [{ id: 'many~a' }, { id: 'many~b' }] });
    expect(await post('/ehr_/_all_docs?include_docs=true', { keys: ['many~c', 'none'] })).toMatchObject({
      rows: [{ doc: { name: 'c' } }, { error: 'not_found' }],
    });
  });

  it('answers queries by an index, page by page', async () => {
    const index = { index: { fields: ['ward', 'at'] }, ddoc: 'by-ward', name: 'by-ward', type: 'json' };
    expect(await post('/ehr_/_index', index)).toMatchObject({ result: 'created' });
    expect(await get('/ehr_/_index')).toMatchObject({ indexes: [{ name: '_all_docs' }, { ddoc: '_design/by-ward' }] });
    const docs = Array.from({ length: 5 }, (_, at) => ({ _id: `found~${at}`, ward: at < 4 ? 'w1' : 'w2', at }));
    await post('/ehr_/_bulk_docs', { docs });
    const query = {
      selector: { ward: 'w1' },
      sort: [{ ward: 'desc' }, { at: 'desc' }],
      use_index: 'by-ward',
      limit: 3,
    };
    const first = (await post('/ehr_/_find', query)) as { docs: { at: number }[]; bookmark: string };
    expect(first.docs.map(({ at }) => at)).toEqual([3, 2, 1]);
    expect(await post('/ehr_/_find', { ...query, bookmark: first.bookmark })).toMatchObject({ docs: [{ at: 0 }] });
    expect((await send('DELETE', '/ehr_/_index/by-ward/json/by-ward', undefined)).status).toBe(200);
    expect(await get('/ehr_/_index')).toMatchObject({ indexes: [{ name: '_all_docs' }] });
  });
});
