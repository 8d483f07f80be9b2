import type { Node } from 'libpg-query';
import type { SqlCatalog } from './catalog.ts';

/** Schemas in which unqualified tables are looked up; `public` is IRIS's default schema. */
export type SearchPath = readonly string[];

export const defaultPath: SearchPath = ['public'];

/** Parses a search_path. Schemas without tables are omitted. */
export function searchPathOf(text: string): SearchPath {
  const words = [...text.matchAll(/"((?:[^"]|"")*)"|[^\s,"]+/g)].map(
    ([word, quoted]) => quoted?.replaceAll('""', '"') ?? word.toLowerCase(),
  );
  return words.filter((word) => word !== '$user' && word !== 'information_schema' && !word.startsWith('pg_'));
}

/** A copy of the statement with qualified tables, where the path leads to another schema than IRIS's default. */
export function qualified(statement: Node, path: SearchPath, catalog: SqlCatalog): Node {
  const [first] = path;
  if (first === undefined || (path.length === 1 && first === defaultPath[0])) return statement;
  const named = new Set<string>();
  collect(statement, named);
  const schemaOf = (name: string): string =>
    path.find(
      (schema) => catalog.table({ schema, name }) !== undefined || catalog.tableOfIndex({ schema, name }) !== undefined,
    ) ?? first;
  return copied(statement, (name) => {
    const schema = named.has(name) ? defaultPath[0] : schemaOf(name);
    return schema === defaultPath[0] ? undefined : schema;
  }) as Node;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

/** Collects the names of WITH queries, which are not tables. */
function collect(value: unknown, named: Set<string>): void {
  if (!isFields(value)) return;
  if (typeof value['ctename'] === 'string') named.add(value['ctename']);
  for (const each of Object.values(value)) collect(each, named);
}

function copied(value: unknown, schemaOf: (name: string) => string | undefined): unknown {
  if (Array.isArray(value)) return value.map((each) => copied(each, schemaOf));
  if (!isFields(value)) return value;
  const copy = Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      key === 'DropStmt' ? copiedDrop(each as Fields, schemaOf) : copied(each, schemaOf),
    ]),
  );
  const { relname, relpersistence, schemaname, catalogname } = copy;
  const isTable = typeof relname === 'string' && relpersistence === 'p';
  const schema = isTable && schemaname === undefined && catalogname === undefined ? schemaOf(relname) : undefined;
  return schema === undefined ? copy : { ...copy, schemaname: schema };
}

/** DROP, where names are lists of strings. */
function copiedDrop(drop: Fields, schemaOf: (name: string) => string | undefined): Fields {
  const objects = (drop['objects'] as { List?: { items?: { String?: { sval?: string } }[] } }[] | undefined)?.map(
    (object) => {
      const items = object.List?.items ?? [];
      const schema = items.length === 1 ? schemaOf(items[0]?.String?.sval ?? '') : undefined;
      return schema === undefined ? object : { List: { items: [{ String: { sval: schema } }, ...items] } };
    },
  );
  return { ...drop, ...(objects === undefined ? {} : { objects }) };
}
