import type { StateEntry, StateView } from '@medrex/ledger';
import selectorCore from 'pouchdb-selector-core';

type Json = Record<string, unknown>;

/** A Mango query from a chaincode. As in Fabric, index names and limit are ignored. */
interface MangoQuery {
  readonly selector: Json;
  readonly fields?: readonly string[];
  readonly sort?: readonly (string | Record<string, 'asc' | 'desc'>)[];
}

/** A state entry whose value is a JSON object. */
interface Document {
  readonly line: StateEntry;
  readonly content: Json;
}

/**
 * Runs a Mango query over a namespace with the result of a peer on CouchDB: JSON values only, by key unless the query sorts. Reads the
 * whole namespace; indexes have no effect.
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
  if (value[0] !== 0x7b) return undefined; // a JSON object begins with {
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
  // CouchDB sorts all fields in one direction, so the first one decides.
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
