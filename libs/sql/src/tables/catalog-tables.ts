import { cellTypes, type Cell, type CellType } from './cell.ts';
import type { SourceColumn, TableSource } from './source.ts';

const schema = 'medrex';
const namespaces = [
  [11, 'pg_catalog'],
  [13_000, 'information_schema'],
  [16_384, schema],
] as const;
const ofMedrex = 16_384;
const firstTable = 20_000;

function source(columns: Readonly<Record<string, CellType>>, rows: () => Cell[][]): TableSource {
  return { columns: Object.entries(columns).map(([name, type]) => ({ name, type })), rows };
}

/** What clients look up about the tables themselves, as information_schema and pg_catalog have it, and no more of it. */
export function catalogTables(
  tables: Readonly<Record<string, readonly SourceColumn[]>>,
  database: string,
): Readonly<Record<string, TableSource>> {
  const named = Object.entries(tables);
  const columns = named.flatMap(([table, list], at) => list.map((column, index) => ({ table, at, column, index })));
  return {
    'information_schema.schemata': source({ catalog_name: 'text', schema_name: 'text' }, () =>
      namespaces.map(([, name]) => [database, name]),
    ),
    'information_schema.tables': source(
      { table_catalog: 'text', table_schema: 'text', table_name: 'text', table_type: 'text' },
      () => named.map(([table]) => [database, schema, table, 'VIEW']),
    ),
    'information_schema.columns': source(
      {
        ...{ table_catalog: 'text', table_schema: 'text', table_name: 'text', column_name: 'text' },
        ...{
          ordinal_position: 'int4',
          column_default: 'text',
          is_nullable: 'text',
          data_type: 'text',
          udt_name: 'text',
        },
      },
      () =>
        columns.map(({ table, column: { name, type }, index }) => [
          ...[database, schema, table, name, index + 1, null, 'YES', cellTypes[type].name, type],
        ]),
    ),
    'pg_catalog.pg_namespace': source({ oid: 'int8', nspname: 'text', nspowner: 'int8' }, () =>
      namespaces.map(([oid, name]) => [oid, name, 10]),
    ),
    'pg_catalog.pg_class': source(
      {
        ...{ oid: 'int8', relname: 'text', relnamespace: 'int8', relkind: 'text', relowner: 'int8', relam: 'int8' },
        ...{ relhasindex: 'bool', relispartition: 'bool', reltuples: 'float8' },
      },
      () => named.map(([table], at) => [firstTable + at, table, ofMedrex, 'v', 10, 0, false, false, -1]),
    ),
    'pg_catalog.pg_attribute': source(
      {
        ...{ attrelid: 'int8', attname: 'text', atttypid: 'int8', attnum: 'int4', attnotnull: 'bool' },
        ...{ attisdropped: 'bool', atttypmod: 'int4', atthasdef: 'bool', attlen: 'int4' },
      },
      () =>
        columns.map(({ at, column: { name, type }, index }) => [
          ...[firstTable + at, name, cellTypes[type].oid, index + 1, false, false, -1, false, cellTypes[type].size],
        ]),
    ),
    'pg_catalog.pg_type': source(
      {
        ...{ oid: 'int8', typname: 'text', typnamespace: 'int8', typlen: 'int4', typtype: 'text', typelem: 'int8' },
        ...{ typarray: 'int8', typrelid: 'int8', typbasetype: 'int8', typdelim: 'text', typcategory: 'text' },
      },
      () =>
        Object.entries(cellTypes).map(([name, { oid, size }]) => [...[oid, name, 11, size, 'b', 0, 0, 0, 0, ',', 'U']]),
    ),
    'pg_catalog.pg_database': source(
      { oid: 'int8', datname: 'text', datdba: 'int8', encoding: 'int4', datallowconn: 'bool', datistemplate: 'bool' },
      () => [[1, database, 10, 6, true, false]],
    ),
  };
}
