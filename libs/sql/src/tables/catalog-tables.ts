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

/** Catalogues that are empty here. */
const empty: Readonly<Record<string, TableSource>> = Object.fromEntries(
  Object.entries<Readonly<Record<string, CellType>>>({
    pg_am: { oid: 'int8', amname: 'text' },
    pg_attrdef: { adrelid: 'int8', adnum: 'int4', adbin: 'text' },
    pg_auth_members: { roleid: 'int8', member: 'int8' },
    pg_collation: { oid: 'int8', collname: 'text', collnamespace: 'int8' },
    pg_constraint: {
      oid: 'int8',
      conname: 'text',
      connamespace: 'int8',
      contype: 'text',
      condeferrable: 'bool',
      condeferred: 'bool',
      convalidated: 'bool',
      conrelid: 'int8',
      contypid: 'int8',
      conindid: 'int8',
      confrelid: 'int8',
      confupdtype: 'text',
      confdeltype: 'text',
      conkey: 'text',
      confkey: 'text',
      conparentid: 'int8',
    },
    pg_db_role_setting: { setdatabase: 'int8', setrole: 'int8', setconfig: 'text' },
    pg_depend: {
      classid: 'int8',
      objid: 'int8',
      objsubid: 'int4',
      refclassid: 'int8',
      refobjid: 'int8',
      refobjsubid: 'int4',
      deptype: 'text',
    },
    pg_description: { objoid: 'int8', classoid: 'int8', objsubid: 'int4', description: 'text' },
    pg_enum: { oid: 'int8', enumtypid: 'int8', enumsortorder: 'float8', enumlabel: 'text' },
    pg_extension: { oid: 'int8', extname: 'text', extversion: 'text', extnamespace: 'int8' },
    pg_index: {
      indexrelid: 'int8',
      indrelid: 'int8',
      indnatts: 'int4',
      indnkeyatts: 'int4',
      indisunique: 'bool',
      indisprimary: 'bool',
      indisclustered: 'bool',
      indisvalid: 'bool',
      indkey: 'text',
      indoption: 'text',
      indexprs: 'text',
      indpred: 'text',
      indclass: 'text',
      indnullsnotdistinct: 'bool',
    },
    pg_inherits: { inhrelid: 'int8', inhparent: 'int8', inhseqno: 'int4' },
    pg_language: { oid: 'int8', lanname: 'text' },
    pg_opclass: { oid: 'int8', opcname: 'text', opcdefault: 'bool' },
    pg_policy: {
      polname: 'text',
      polrelid: 'int8',
      polcmd: 'text',
      polpermissive: 'bool',
      polroles: 'text',
      polqual: 'text',
      polwithcheck: 'text',
    },
    pg_proc: {
      oid: 'int8',
      proname: 'text',
      prokind: 'text',
      pronamespace: 'int8',
      proowner: 'int8',
      prolang: 'int8',
      prorettype: 'int8',
      proargtypes: 'text',
      proallargtypes: 'text',
      proargmodes: 'text',
      proargnames: 'text',
      proretset: 'bool',
      pronargs: 'int4',
      prosrc: 'text',
    },
    pg_range: { rngtypid: 'int8', rngsubtype: 'int8' },
    pg_rewrite: { oid: 'int8', rulename: 'text', ev_class: 'int8', ev_type: 'text', ev_enabled: 'text' },
    pg_sequence: {
      seqrelid: 'int8',
      seqtypid: 'int8',
      seqstart: 'int8',
      seqincrement: 'int8',
      seqmax: 'int8',
      seqmin: 'int8',
      seqcache: 'int8',
      seqcycle: 'bool',
    },
    pg_trigger: { oid: 'int8', tgrelid: 'int8', tgname: 'text', tgisinternal: 'bool', tgenabled: 'text' },
  }).map(([name, columns]) => [`pg_catalog.${name}`, source(columns, () => [])]),
);

/** OIDs of catalogues that clients name as classes of objects. */
const catalogOids: Readonly<Record<string, number>> = {
  pg_type: 1247,
  pg_attribute: 1249,
  pg_proc: 1255,
  pg_class: 1259,
  pg_authid: 1260,
  pg_database: 1262,
  pg_tablespace: 1213,
  pg_attrdef: 2604,
  pg_constraint: 2606,
  pg_index: 2610,
  pg_language: 2612,
  pg_namespace: 2615,
  pg_rewrite: 2618,
  pg_trigger: 2620,
  pg_extension: 3079,
  pg_policy: 3256,
};

/** The OID of a table or catalogue by its name, as for `::regclass`. */
export function oidOfTable(name: string, tables: readonly string[]): number | undefined {
  const plain = name.replaceAll('"', '').split('.').at(-1) ?? '';
  const at = tables.indexOf(plain);
  if (at >= 0) return firstTable + at;
  return Object.hasOwn(catalogOids, plain) ? catalogOids[plain] : undefined;
}

/** Reserved words of PostgreSQL that the SQL standard does not reserve. */
const keywords = ['analyze', 'concurrently', 'freeze', 'ilike', 'isnull', 'limit', 'notnull', 'offset', 'placing', 'returning', 'variadic', 'verbose']; // prettier-ignore

/** Types that clients look up by name, besides those of the tables. */
const otherTypes = {
  name: { oid: 19, size: 64 },
  int2: { oid: 21, size: 2 },
  oid: { oid: 26, size: 4 },
  bpchar: { oid: 1042, size: -1 },
  varchar: { oid: 1043, size: -1 },
  numeric: { oid: 1700, size: -1 },
  timestamp: { oid: 1114, size: 8 },
};

/** Types by the names that clients use. */
const types: Readonly<Record<string, { readonly oid: number; readonly size: number }>> = {
  ...cellTypes,
  ...otherTypes,
};

/** The OID of a type; null if it does not exist here. */
export function oidOfType(name: string): number | null {
  return Object.hasOwn(types, name) ? (types[name]?.oid ?? null) : null;
}

/** The parts of information_schema and pg_catalog in which clients look up the tables. */
export function catalogTables(
  tables: Readonly<Record<string, readonly SourceColumn[]>>,
  { database, user }: Pick<SessionFacts, 'database' | 'user'>,
  settings: ReadonlyMap<string, string> = new Map(),
): Readonly<Record<string, TableSource>> {
  const named = Object.entries(tables);
  const columns = named.flatMap(([table, list], at) => list.map((column, index) => ({ table, at, column, index })));
  return {
    ...empty,
    'pg_catalog.pg_settings': source(
      {
        name: 'text',
        setting: 'text',
        unit: 'text',
        category: 'text',
        short_desc: 'text',
        context: 'text',
        vartype: 'text',
        source: 'text',
        boot_val: 'text',
        reset_val: 'text',
      },
      () =>
        [...settings].map(([name, value]) => [
          ...[name, value, null, 'pg-proxy', '', 'internal', 'string', 'default', value, value],
        ]),
    ),
    'pg_catalog.pg_roles': source(
      {
        oid: 'int8',
        rolname: 'text',
        rolsuper: 'bool',
        rolinherit: 'bool',
        rolcreaterole: 'bool',
        rolcreatedb: 'bool',
        rolcanlogin: 'bool',
        rolconnlimit: 'int4',
        rolvaliduntil: 'timestamptz',
        rolreplication: 'bool',
        rolbypassrls: 'bool',
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
        table_catalog: 'text',
        table_schema: 'text',
        table_name: 'text',
        column_name: 'text',
        ordinal_position: 'int4',
        column_default: 'text',
        is_nullable: 'text',
        data_type: 'text',
        udt_name: 'text',
        udt_schema: 'text',
        character_maximum_length: 'int4',
        numeric_precision: 'int4',
        numeric_scale: 'int4',
      },
      () =>
        columns.map(({ table, column: { name, type }, index }) => [
          ...[database, schema, table, name, index + 1, null, 'YES', cellTypes[type].name, type],
          ...['pg_catalog', null, null, null],
        ]),
    ),
    'pg_catalog.pg_namespace': source({ oid: 'int8', nspname: 'text', nspowner: 'int8', nspacl: 'text' }, () =>
      namespaces.map(([oid, name]) => [oid, name, 10, null]),
    ),
    'pg_catalog.pg_class': source(
      {
        oid: 'int8',
        relname: 'text',
        relnamespace: 'int8',
        relkind: 'text',
        relowner: 'int8',
        relam: 'int8',
        relhasindex: 'bool',
        relispartition: 'bool',
        reltuples: 'float8',
        relchecks: 'int4',
        relhasrules: 'bool',
        relhastriggers: 'bool',
        relrowsecurity: 'bool',
        relforcerowsecurity: 'bool',
        reltablespace: 'int8',
        reltoastrelid: 'int8',
        reloftype: 'int8',
        relpersistence: 'text',
        relreplident: 'text',
        reloptions: 'text',
        relacl: 'text',
        relpages: 'int4',
        relpartbound: 'text',
        relhassubclass: 'bool',
      },
      () =>
        named.map(([table], at) => [
          ...[firstTable + at, table, ofMedrex, 'v', 10, 0, false, false, -1, 0, false],
          ...[false, false, false, 0, 0, 0, 'p', 'n', null, null, 0, null, false],
        ]),
    ),
    'pg_catalog.pg_attribute': source(
      {
        attrelid: 'int8',
        attname: 'text',
        atttypid: 'int8',
        attnum: 'int4',
        attnotnull: 'bool',
        attisdropped: 'bool',
        atttypmod: 'int4',
        atthasdef: 'bool',
        attlen: 'int4',
        attcollation: 'int8',
        attidentity: 'text',
        attgenerated: 'text',
        attstorage: 'text',
        attacl: 'text',
        attcompression: 'text',
        attstattarget: 'int4',
      },
      () =>
        columns.map(({ at, column: { name, type }, index }) => [
          ...[firstTable + at, name, cellTypes[type].oid, index + 1, false, false, -1, false, cellTypes[type].size],
          ...[0, '', '', type === 'text' ? 'x' : 'p', null, '', -1],
        ]),
    ),
    'pg_catalog.pg_type': source(
      {
        oid: 'int8',
        typname: 'text',
        typnamespace: 'int8',
        typlen: 'int4',
        typtype: 'text',
        typelem: 'int8',
        typarray: 'int8',
        typrelid: 'int8',
        typbasetype: 'int8',
        typdelim: 'text',
        typcategory: 'text',
        typcollation: 'int8',
        typnotnull: 'bool',
        typtypmod: 'int4',
        typinput: 'text',
        typowner: 'int8',
        typdefault: 'text',
      },
      () =>
        Object.entries(types).map(([name, { oid, size }]) => [
          ...[oid, name, 11, size, 'b', 0, 0, 0, 0, ',', 'U', 0, false, -1, `${name}in`, 10, null],
        ]),
    ),
    'pg_catalog.pg_database': source(
      {
        oid: 'int8',
        datname: 'text',
        datdba: 'int8',
        encoding: 'int4',
        datallowconn: 'bool',
        datistemplate: 'bool',
        datcollate: 'text',
        datctype: 'text',
        daticulocale: 'text',
        datlocprovider: 'text',
        datacl: 'text',
        datlocale: 'text',
        daticurules: 'text',
        dattablespace: 'int8',
      },
      () => [[1, database, 10, 6, true, false, 'C', 'C', null, 'c', null, null, null, 1663]],
    ),
    'pg_catalog.pg_get_keywords()': source({ word: 'text', catcode: 'text', catdesc: 'text' }, () =>
      keywords.map((word) => [word, 'R', 'reserved']),
    ),
    'pg_catalog.pg_tablespace': source(
      { oid: 'int8', spcname: 'text', spcowner: 'int8', spcacl: 'text', spcoptions: 'text' },
      () => [[1663, 'pg_default', 10, null, null]],
    ),
  };
}
