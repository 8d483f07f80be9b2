import memory from 'pouchdb-adapter-memory';
import PouchDB from 'pouchdb-core';
import find from 'pouchdb-find';
import { multipartOf, partsOf } from './multipart.ts';

PouchDB.plugin(memory).plugin(find);

export type Database = PouchDB;

/** An HTTP answer. */
export interface Answer {
  readonly status: number;
  /** JSON, or the bytes of a multipart body. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const answer = (status: number, body: unknown): Answer => ({ status, body });

export const openDatabase = (name: string): Database => new PouchDB(name, { adapter: 'memory' });

/** GET of a document, with its revision as ETag; multipart if it has attachments. */
export async function readDocument(database: Database, id: string): Promise<Answer> {
  const { _attachments, ...document } = await database.get(id, { attachments: true, binary: true });
  const headers = { etag: `"${document._rev}"` };
  const attachments = Object.entries(_attachments ?? {});
  if (attachments.length === 0) return { status: 200, body: document, headers };
  const follows = attachments.map(([name, { content_type, data }]) => [
    name,
    { content_type, length: data.length, follows: true },
  ]);
  const json = { ...document, _attachments: Object.fromEntries(follows) as object };
  const { body, contentType } = multipartOf([
    { headers: new Map([['Content-Type', 'application/json']]), body: Buffer.from(JSON.stringify(json)) },
    ...attachments.map(([name, { content_type, data }]) => ({
      headers: new Map([
        ['Content-Disposition', `attachment; filename="${name}"`],
        ['Content-Type', content_type],
      ]),
      body: data,
    })),
  ]);
  return { status: 200, body, headers: { ...headers, 'content-type': contentType } };
}

/** PUT of a document, as JSON or multipart. @param revision the revision in If-Match */
export async function writeDocument(
  database: Database,
  id: string,
  { body, contentType, revision }: { readonly body: Buffer; readonly contentType: string; readonly revision?: string },
): Promise<Answer> {
  const document = contentType.startsWith('multipart/')
    ? documentOf(partsOf(body, contentType).map((part) => part.body))
    : (JSON.parse(body.toString()) as object);
  const written = await database.put({ ...document, _id: id, ...(revision !== undefined && { _rev: revision }) });
  return { status: 201, body: written, headers: { etag: `"${written.rev}"` } };
}

/** Parses multipart: the first part is the document, the others are its attachments in the order of their names in it. */
function documentOf([json, ...bodies]: readonly Buffer[]): object {
  const document = JSON.parse(String(json)) as { _attachments?: Readonly<Record<string, { content_type: string }>> };
  const attachments = Object.entries(document._attachments ?? {}).map(([name, { content_type }], index) => [
    name,
    { content_type, data: bodies[index] },
  ]);
  return { ...document, _attachments: Object.fromEntries(attachments) as object };
}

export async function deleteDocument(database: Database, id: string, revision: string): Promise<Answer> {
  return answer(200, await database.remove({ _id: id, _rev: revision }));
}

/** GET and POST of `_all_docs`. The query values are JSON. */
export async function listDocuments(
  database: Database,
  query: URLSearchParams,
  keys: readonly string[] | undefined,
): Promise<Answer> {
  const given = [...query].map(([name, value]) => [name, JSON.parse(value) as unknown]);
  const options = Object.fromEntries(given) as object;
  return answer(200, await database.allDocs(keys === undefined ? options : { ...options, keys }));
}

/** POST of `_bulk_docs`: writes each document, or reports its error. */
export async function writeDocuments(database: Database, documents: readonly object[]): Promise<Answer> {
  const written = await database.bulkDocs(documents);
  return answer(
    201,
    written.map((one, index) =>
      'error' in one ? { id: (documents[index] as { _id?: string })._id, error: one.name, reason: one.message } : one,
    ),
  );
}

interface Query {
  readonly limit?: number;
  readonly skip?: number;
  readonly bookmark?: string;
}

const pageMax = 25; // CouchDB's default

/** POST of `_find`. The bookmark is the number of documents in earlier pages. */
export async function findDocuments(database: Database, { bookmark, ...query }: Query): Promise<Answer> {
  const skip = Number(bookmark) || 0;
  const limit = query.limit ?? pageMax;
  const { docs, ...more } = await database.find({ ...query, limit, skip: (query.skip ?? 0) + skip });
  return answer(200, { ...more, docs, bookmark: docs.length === 0 ? 'nil' : String(skip + docs.length) });
}
