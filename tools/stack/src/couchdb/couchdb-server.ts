import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  answer,
  type Answer,
  type Database,
  deleteDocument,
  findDocuments,
  listDocuments,
  openDatabase,
  readDocument,
  writeDocument,
  writeDocuments,
} from './documents.ts';

interface Call {
  readonly method: string;
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly contentType: string;
  readonly revision?: string;
}

const notFound = (reason: string): Answer => answer(404, { error: 'not_found', reason });
const notAllowed = answer(405, { error: 'method_not_allowed', reason: 'this server only supports what a peer needs' });

/**
 * The part of CouchDB that a Fabric peer needs, in memory, based on PouchDB: documents with revisions and attachments, ranges, bulk
 * writes, Mango queries and indexes. For functional tests of indexes and rich queries only; its performance is not that of CouchDB.
 */
export class CouchdbServer {
  readonly #databases = new Map<string, Database>();
  readonly #security = new Map<string, unknown>();
  readonly #server: Server;
  readonly #version: string;

  constructor(version: string) {
    this.#version = version;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /** Listens; resolves with the port. */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    for (const database of this.#databases.values()) await database.destroy();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let result: Answer;
    try {
      result = await this.#answer(await callOf(request));
    } catch (error) {
      result = answerTo(error);
    }
    const body = Buffer.isBuffer(result.body) ? result.body : Buffer.from(JSON.stringify(result.body));
    response.writeHead(result.status, {
      'content-type': 'application/json',
      'content-length': body.length,
      ...result.headers,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  async #answer(call: Call): Promise<Answer> {
    const [name, ...rest] = call.path;
    if (name === undefined || name === '')
      return answer(200, { couchdb: 'Welcome', version: this.#version, vendor: { name: 'PouchDB in memory' } });
    if (name === '_all_dbs') return answer(200, [...this.#databases.keys()].sort());
    if (rest.length === 0) return this.#ofDatabase(name, call.method);
    const database = this.#databases.get(name);
    if (database === undefined) return notFound('Database does not exist.');
    if (rest[0] === '_security') return this.#ofSecurity(name, call);
    return inDatabase(database, rest, call);
  }

  async #ofDatabase(name: string, method: string): Promise<Answer> {
    const database = this.#databases.get(name);
    if (method === 'PUT') {
      if (database !== undefined) return answer(412, { error: 'file_exists', reason: 'The database already exists.' });
      this.#databases.set(name, openDatabase(name));
      return answer(201, { ok: true });
    }
    if (database === undefined) return notFound('Database does not exist.');
    if (method === 'DELETE') {
      this.#databases.delete(name);
      await database.destroy();
      return answer(200, { ok: true });
    }
    const { doc_count } = await database.info();
    return answer(200, { db_name: name, doc_count, instance_start_time: '0' });
  }

  #ofSecurity(name: string, { method, body }: Call): Answer {
    if (method !== 'PUT') return answer(200, this.#security.get(name) ?? {});
    this.#security.set(name, JSON.parse(body.toString()));
    return answer(200, { ok: true });
  }
}

async function inDatabase(database: Database, path: readonly string[], call: Call): Promise<Answer> {
  const { method, query, body, contentType, revision } = call;
  const json = (): unknown => JSON.parse(body.toString());
  switch (path[0]) {
    case '_all_docs':
      return listDocuments(database, query, method === 'POST' ? (json() as { keys?: string[] }).keys : undefined);
    case '_bulk_docs':
      return writeDocuments(database, (json() as { docs: object[] }).docs);
    case '_find':
      return findDocuments(database, json() as object);
    case '_index':
      return ofIndexes(database, path.slice(1), call);
  }
  const id = path.join('/');
  if (method === 'GET' || method === 'HEAD') return readDocument(database, id);
  if (method === 'PUT')
    return writeDocument(database, id, { body, contentType, ...(revision !== undefined && { revision }) });
  if (method === 'DELETE') return deleteDocument(database, id, revision ?? query.get('rev') ?? '');
  return notAllowed;
}

async function ofIndexes(database: Database, path: readonly string[], { method, body }: Call): Promise<Answer> {
  if (method === 'GET') return answer(200, await database.getIndexes());
  if (method === 'POST') {
    const definition = JSON.parse(body.toString()) as object;
    return answer(200, await database.createIndex(definition));
  }
  const [ddoc, type, name] = path;
  if (method !== 'DELETE' || ddoc === undefined || type === undefined || name === undefined) return notAllowed;
  const full = ddoc.startsWith('_design/') ? ddoc : `_design/${ddoc}`;
  return answer(200, await database.deleteIndex({ ddoc: full, name, type }));
}

async function callOf(request: IncomingMessage): Promise<Call> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const [path = '', query = ''] = (request.url ?? '/').split('?', 2);
  const match = request.headers['if-match']?.replaceAll('"', '');
  return {
    method: request.method ?? 'GET',
    path: path.slice(1).split('/').map(decodeURIComponent),
    query: new URLSearchParams(query),
    body: Buffer.concat(parts),
    contentType: request.headers['content-type'] ?? '',
    ...(match !== undefined && { revision: match }),
  };
}

interface Refusal {
  readonly status: number;
  readonly name: string;
  readonly message: string;
}

/** The answer for an error of PouchDB, which has CouchDB's status and reason. */
function answerTo(error: unknown): Answer {
  const { status = 500, name = 'internal_error', message = String(error) } = error as Partial<Refusal>;
  return answer(status, { error: name, reason: message });
}
