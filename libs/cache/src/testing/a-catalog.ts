import type { CatalogRows } from '../relation-graph.ts';

/** What a test says of a relation; everything else is plain. */
export interface ARelation {
  readonly name: string;
  readonly schema?: string;
  readonly kind?: 'r' | 'p' | 'v' | 'm' | 'f';
  readonly hasRowSecurity?: boolean;
  readonly definition?: string;
  readonly parent?: string;
  /** It refers to that one, and goes with it. */
  readonly cascadesFrom?: string;
  readonly refersTo?: string;
  readonly trigger?: string;
  /** Of a volatile function in SQL that reading it calls. */
  readonly readCode?: string;
  readonly hasRule?: boolean;
}

/** The number that a relation has in `aCatalog`: its place, from 1. */
export const idIn = (relations: readonly ARelation[], name: string): number =>
  relations.findIndex((relation) => relation.name === name) + 1;

/** A catalogue of a few relations. */
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
