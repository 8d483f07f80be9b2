import type { ColumnFacts, PgType, RelationName, SchemaMap, SqlCatalog, TableFacts } from '@medrex/sql';
import type { Table } from './metadata.ts';

/** Configured columns of unit vectors, as `schema.table.column`. */
export type NormalisedColumns = ReadonlySet<string>;

/** The tables as a translator knows them; replaced as a whole when they change. */
export class KnownTables implements SqlCatalog {
  readonly #schemas: SchemaMap;
  readonly #normalised: NormalisedColumns;
  #facts = new Map<string, TableFacts>();
  #indexes = new Map<string, RelationName>();
  #hasMissed = false;

  constructor(schemas: SchemaMap, normalised: NormalisedColumns) {
    this.#schemas = schemas;
    this.#normalised = normalised;
  }

  replace(tables: readonly Table[]): void {
    const name = ({ schema, name: own }: Table): string => keyOf(this.#schemas.toPostgres(schema), own.toLowerCase());
    const leading = referring(tables);
    this.#facts = new Map(tables.map((table) => [name(table), this.#factsOf(table, name(table), leading(table))]));
    this.#indexes = new Map(
      tables.flatMap((table) =>
        table.indexes.map((index) => {
          const schema = this.#schemas.toPostgres(table.schema);
          return [keyOf(schema, index.name.toLowerCase()), { schema, name: table.name.toLowerCase() }] as const;
        }),
      ),
    );
  }

  table({ schema = 'public', name }: RelationName): TableFacts | undefined {
    const facts = this.#facts.get(keyOf(schema, name.toLowerCase()));
    if (facts === undefined) this.#hasMissed = true;
    return facts;
  }

  /** Whether an unknown table was looked up since the last call. */
  takeMissed(): boolean {
    const hasMissed = this.#hasMissed;
    this.#hasMissed = false;
    return hasMissed;
  }

  /** Records the look-up of an unknown table on another thread. */
  noteMissed(): void {
    this.#hasMissed = true;
  }

  tableOfIndex({ schema = 'public', name }: RelationName): RelationName | undefined {
    return this.#indexes.get(keyOf(schema, name.toLowerCase()));
  }

  isEnum(): boolean {
    return false;
  }

  columnType(relation: RelationName, column: string): PgType | undefined {
    return this.table(relation)?.columns.find(({ name }) => name === column.toLowerCase())?.type;
  }

  #factsOf(table: Table, key: string, leadingHere: ReadonlySet<Table>): TableFacts {
    const columns = table.columns.map(({ name, type, isNullable, isIdentity, isExact, modifiers }): ColumnFacts => {
      return {
        name,
        type,
        isNullable,
        modifiers,
        collation: isExact ? 'exact' : 'sqlupper',
        ...(isIdentity && { isIdentity }),
        ...(type === 'vector' && modifiers[0] !== undefined && { dimensions: modifiers[0] }),
        ...(this.#normalised.has(`${key}.${name}`) && { isNormalised: true }),
      };
    });
    return {
      columns,
      uniqueKeys: [...table.keys, ...table.indexes.filter(({ isUnique }) => isUnique)].map((each) => each.columns),
      hasRowId: !table.isView,
      isReferencedByItselfOnly: leadingHere.size === 1 && leadingHere.has(table),
    };
  }
}

/** The tables whose foreign keys reference a table. */
function referring(tables: readonly Table[]): (table: Table) => ReadonlySet<Table> {
  const found = new Map<string, Set<Table>>();
  for (const table of tables)
    for (const { toSchema, toTable } of table.references) {
      const key = keyOf(toSchema, toTable);
      found.set(key, (found.get(key) ?? new Set()).add(table));
    }
  return ({ schema, name }) => found.get(keyOf(schema, name)) ?? new Set();
}

const keyOf = (schema: string, name: string): string => `${schema}.${name}`;
