import type { StateEntry, StateView } from '@medrex/ledger';
import selectorCore from 'pouchdb-selector-core';

type Json = Record<string, unknown>;

/** A Mango query as a chaincode sends it. Index names and the limit are left to the peer, as in Fabric. */
interface MangoQuery {
  readonly selector: Json;
  readonly fields?: readonly string[];
  readonly sort?: readonly (string | Record<string, 'asc' | 'desc'>)[];
}

/** A value that is a JSON object, with its line. */
interface Document {
  readonly line: StateEntry;
  readonly content: Json;
}

/**
 * Runs a Mango query over a namespace, as a peer with a CouchDB state database answers it: JSON values only, by key unless the
 * query sorts. It reads the whole namespace; indexes make nothing faster here.
 */
export async function richQuery(view: StateView, namespace: string, text: string): Promise<readonly StateEntry[]> {
  const query = queryFrom(text);
  const found: Document[] = [];
  for await (const line of view.range(namespace, '', '')) {
    const content = contentOf(line);
    if (content !== undefined && selectorCore.matchesSelector({ _id: line.key, ...content }, query.selector)) {
      found.push({ line, content });
    }
  }
  return sorted(found, query).map(({ line, content }) => projected(line, content, query.fields));
}

function queryFrom(text: string): MangoQuery {
  let query: unknown;
  try {
    query = JSON.parse(text);
  } catch (error) {
    throw new Error(`the query is no JSON: ${String(error)}`, { cause: error });
  }
  if (!isObject(query) || !isObject(query['selector'])) throw new Error('the query has no selector');
  return query as unknown as MangoQuery;
}

function contentOf({ value }: StateEntry): Json | undefined {
  if (value[0] !== 0x7b) return undefined; // no object begins with anything but {
  try {
    const content: unknown = JSON.parse(Buffer.from(value).toString());
    return isObject(content) ? content : undefined;
  } catch {
    return undefined;
  }
}

function sorted(documents: readonly Document[], { sort }: MangoQuery): readonly Document[] {
  if (sort === undefined || sort.length === 0) return documents;
  const fields = sort.map((field) => (typeof field === 'string' ? { [field]: 'asc' as const } : field));
  const compare = selectorCore.createFieldSorter(fields);
  const ascending = documents
    .map((document) => ({ document, row: { doc: { _id: document.line.key, ...document.content } } }))
    .sort((a, b) => compare(a.row, b.row))
    .map(({ document }) => document);
  // CouchDB sorts all fields one way, so the first one speaks for them.
  return Object.values(fields[0] ?? {})[0] === 'desc' ? ascending.reverse() : ascending;
}

function projected(line: StateEntry, content: Json, fields?: readonly string[]): StateEntry {
  if (fields === undefined || fields.length === 0) return line;
  const part: Json = {};
  for (const field of fields) {
    const path = selectorCore.parseField(field);
    const value = selectorCore.getFieldFromDoc(content, path);
    if (value !== undefined) selectorCore.setFieldInDoc(part, path, value);
  }
  return { ...line, value: Buffer.from(JSON.stringify(part)) };
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
