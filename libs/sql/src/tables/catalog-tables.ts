import { cellTypes, type Cell, type CellType } from './cell.ts';
import type { SessionFacts, SourceColumn, TableSource } from './source.ts';

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

/** What the tables have none of. */
const empty: Readonly<Record<string, TableSource>> = Object.fromEntries(
  Object.entries<Readonly<Record<string, CellType>>>({
    pg_am: { oid: 'int8', amname: 'text' },
    pg_attrdef: { adrelid: 'int8', adnum: 'int4', adbin: 'text' },
    pg_auth_members: { roleid: 'int8', member: 'int8' },
    pg_collation: { oid: 'int8', collname: 'text' },
    pg_description: { objoid: 'int8', classoid: 'text', objsubid: 'int4', description: 'text' },
    pg_extension: { oid: 'int8', extname: 'text', extversion: 'text', extnamespace: 'int8' },
    pg_index: { indexrelid: 'int8', indrelid: 'int8', indisprimary: 'bool', indisunique: 'bool', indkey: 'text' },
    pg_inherits: { inhrelid: 'int8', inhparent: 'int8' },
    pg_policy: {
      ...{ polname: 'text', polrelid: 'int8', polcmd: 'text', polpermissive: 'bool', polroles: 'text' },
      ...{ polqual: 'text', polwithcheck: 'text' },
    },
    pg_proc: { oid: 'int8', proname: 'text', prokind: 'text', pronamespace: 'int8' },
    pg_rewrite: { oid: 'int8', rulename: 'text', ev_class: 'int8' },
  }).map(([name, columns]) => [`pg_catalog.${name}`, source(columns, () => [])]),
);

/** What clients look up about the tables themselves, as information_schema and pg_catalog have it, and no more of it. */
export function catalogTables(
  tables: Readonly<Record<string, readonly SourceColumn[]>>,
  { database, user }: Pick<SessionFacts, 'database' | 'user'>,
): Readonly<Record<string, TableSource>> {
  const named = Object.entries(tables);
  const columns = named.flatMap(([table, list], at) => list.map((column, index) => ({ table, at, column, index })));
  return {
    ...empty,
    'pg_catalog.pg_roles': source(
      {
        ...{ oid: 'int8', rolname: 'text', rolsuper: 'bool', rolinherit: 'bool', rolcreaterole: 'bool' },
        ...{ rolcreatedb: 'bool', rolcanlogin: 'bool', rolconnlimit: 'int4', rolvaliduntil: 'timestamptz' },
        ...{ rolreplication: 'bool', rolbypassrls: 'bool' },
      },
      () => [[10, user, false, true, false, false, true, -1, null, false, false]],
    ),
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
    'pg_catalog.pg_namespace': source({ oid: 'int8', nspname: 'text', nspowner: 'int8', nspacl: 'text' }, () =>
      namespaces.map(([oid, name]) => [oid, name, 10, null]),
    ),
    'pg_catalog.pg_class': source(
      {
        ...{ oid: 'int8', relname: 'text', relnamespace: 'int8', relkind: 'text', relowner: 'int8', relam: 'int8' },
        ...{ relhasindex: 'bool', relispartition: 'bool', reltuples: 'float8', relchecks: 'int4', relhasrules: 'bool' },
        ...{ relhastriggers: 'bool', relrowsecurity: 'bool', relforcerowsecurity: 'bool', reltablespace: 'int8' },
        ...{ reltoastrelid: 'int8', reloftype: 'int8', relpersistence: 'text', relreplident: 'text' },
        ...{ reloptions: 'text', relacl: 'text', relpages: 'int4' },
      },
      () =>
        named.map(([table], at) => [
          ...[firstTable + at, table, ofMedrex, 'v', 10, 0, false, false, -1, 0, false],
          ...[false, false, false, 0, 0, 0, 'p', 'n', null, null, 0],
        ]),
    ),
    'pg_catalog.pg_attribute': source(
      {
        ...{ attrelid: 'int8', attname: 'text', atttypid: 'int8', attnum: 'int4', attnotnull: 'bool' },
        ...{ attisdropped: 'bool', atttypmod: 'int4', atthasdef: 'bool', attlen: 'int4', attcollation: 'int8' },
        ...{ attidentity: 'text', attgenerated: 'text', attstorage: 'text', attacl: 'text', attcompression: 'text' },
        ...{ attstattarget: 'int4' },
      },
      () =>
        columns.map(({ at, column: { name, type }, index }) => [
          ...[firstTable + at, name, cellTypes[type].oid, index + 1, false, false, -1, false, cellTypes[type].size],
          ...[0, '', '', type === 'text' ? 'x' : 'p', null, '', -1],
        ]),
    ),
    'pg_catalog.pg_type': source(
      {
        ...{ oid: 'int8', typname: 'text', typnamespace: 'int8', typlen: 'int4', typtype: 'text', typelem: 'int8' },
        ...{ typarray: 'int8', typrelid: 'int8', typbasetype: 'int8', typdelim: 'text', typcategory: 'text' },
        ...{ typcollation: 'int8' },
      },
      () =>
        Object.entries(cellTypes).map(([name, { oid, size }]) => [
          ...[oid, name, 11, size, 'b', 0, 0, 0, 0, ',', 'U', 0],
        ]),
    ),
    'pg_catalog.pg_database': source(
      {
        ...{
          oid: 'int8',
          datname: 'text',
          datdba: 'int8',
          encoding: 'int4',
          datallowconn: 'bool',
          datistemplate: 'bool',
        },
        ...{ datcollate: 'text', datctype: 'text', daticulocale: 'text', datlocprovider: 'text', datacl: 'text' },
        ...{ datlocale: 'text', daticurules: 'text', dattablespace: 'int8' },
      },
      () => [[1, database, 10, 6, true, false, 'C', 'C', null, 'c', null, null, null, 1663]],
    ),
    'pg_catalog.pg_tablespace': source(
      { oid: 'int8', spcname: 'text', spcowner: 'int8', spcacl: 'text', spcoptions: 'text' },
      () => [[1663, 'pg_default', 10, null, null]],
    ),
  };
}
