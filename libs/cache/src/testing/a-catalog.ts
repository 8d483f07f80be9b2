import type { CatalogRows } from '../relation-graph.ts';

/** A relation for a test; omitted fields have defaults. */
export interface ARelation {
  readonly name: string;
  readonly schema?: string;
  readonly kind?: 'r' | 'p' | 'v' | 'm' | 'f';
  readonly hasRowSecurity?: boolean;
  readonly definition?: string;
  readonly parent?: string;
  /** A table that it references with ON DELETE CASCADE. */
  readonly cascadesFrom?: string;
  readonly refersTo?: string;
  readonly trigger?: string;
  /** Source of a volatile SQL function that reading the relation calls. */
  readonly readCode?: string;
  readonly hasRule?: boolean;
}

/** The OID of a relation in `aCatalog`: its index, from 1. */
export const idIn = (relations: readonly ARelation[], name: string): number =>
  relations.findIndex((relation) => relation.name === name) + 1;

/** Catalogue rows of a few relations. */
export function aCatalog(
  relations: readonly ARelation[],
  functions: Readonly<Record<string, number>> = {},
): CatalogRows {
  const id = (name: string): number => idIn(relations, name);
  const rows = relations.map((relation) => ({ ...relation, id: id(relation.name) }));
  return {
    relations: rows.map(
      ({ id: own, name, schema = 'public', kind = 'r', hasRowSecurity = false, definition = null }) => [
        ...([own, schema, name, kind, hasRowSecurity, definition] as const),
      ],
    ),
    parents: rows.flatMap(({ id: own, parent }) => (parent === undefined ? [] : [[own, id(parent)] as const])),
    references: rows.flatMap(({ id: own, cascadesFrom, refersTo }) => [
      ...(cascadesFrom === undefined ? [] : [[id(cascadesFrom), own, true] as const]),
      ...(refersTo === undefined ? [] : [[id(refersTo), own, false] as const]),
    ]),
    code: rows.flatMap(({ id: own, trigger, readCode }) => [
      ...(trigger === undefined ? [] : [[own, 'w', 'plpgsql', 'a_trigger', trigger] as const]),
      ...(readCode === undefined ? [] : [[own, 'r', 'sql', 'a_reader', readCode] as const]),
    ]),
    operators: [],
    castWords: [],
    rowFunctions: [],
    rules: rows.flatMap(({ id: own, hasRule }) => (hasRule === true ? [own] : [])),
    functions: Object.entries(functions),
  };
}
