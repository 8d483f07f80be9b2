/** Temporary tables, which belong to one session. */
const temporaryTables = `(select oid from pg_catalog.pg_class where relpersistence = 't')`;
const relations = `'pg_catalog.pg_class'::pg_catalog.regclass`;
const temporarySchemas = `(select oid from pg_catalog.pg_namespace where nspname ~ '^pg_(toast|temp_)')`;

/** Catalogues whose rows belong to relations, with the column that refers to the relation. */
const relationColumns: Readonly<Record<string, string>> = {
  pg_attrdef: 'adrelid',
  pg_constraint: 'conrelid',
  pg_foreign_table: 'ftrelid',
  pg_index: 'indrelid',
  pg_inherits: 'inhrelid',
  pg_partitioned_table: 'partrelid',
  pg_policy: 'polrelid',
  pg_publication_rel: 'prrelid',
  pg_rewrite: 'ev_class',
  pg_sequence: 'seqrelid',
  pg_statistic_ext: 'stxrelid',
  pg_trigger: 'tgrelid',
};

const wholeCatalogues =
  `pg_aggregate pg_am pg_amop pg_amproc pg_auth_members pg_cast pg_collation pg_conversion pg_database
  pg_db_role_setting pg_default_acl pg_enum pg_event_trigger pg_extension pg_foreign_data_wrapper
  pg_foreign_server pg_init_privs pg_language pg_opclass pg_operator pg_opfamily pg_proc pg_publication pg_range
  pg_seclabel pg_shdescription pg_shseclabel pg_tablespace pg_transform pg_ts_config pg_ts_config_map pg_ts_dict
  pg_ts_parser pg_ts_template`.split(/\s+/);

/** Catalogues, each with the condition for its rows that count. */
const countedCatalogues: readonly (readonly [catalogue: string, which: string])[] = [
  ...wholeCatalogues.map((name) => [name, 'true'] as const),
  ...Object.entries(relationColumns).map(([name, column]) => [name, `${column} not in ${temporaryTables}`] as const),
  ['pg_class', `relnamespace not in ${temporarySchemas}`],
  [
    'pg_attribute',
    `attrelid in (select oid from pg_catalog.pg_class where relpersistence <> 't' and relkind in ('r', 'p', 'v', 'm', 'f', 'c'))`,
  ],
  ['pg_type', `typnamespace not in ${temporarySchemas}`],
  ['pg_description', `classoid <> ${relations} or objoid not in ${temporaryTables}`],
  ['pg_namespace', `nspname !~ '^pg_(toast|temp_)'`],
  // Extension members and owners of sequences change no other row.
  [
    'pg_depend',
    `deptype in ('e', 'x') or classid = ${relations} and refclassid = classid and objid not in ${temporaryTables}`,
  ],
];

/** Views over catalogues that not every user may read, or that not every version has. */
const hashedViews: readonly string[] = ['pg_publication_tables', 'pg_roles', 'pg_user_mappings'];

/** Views over the catalogues above. */
const views = `pg_group pg_indexes pg_matviews pg_policies pg_publication_namespace pg_rules pg_seclabels pg_shdepend pg_tables
  pg_user pg_views`;

/** Catalogues whose answers are cached: they change only with definitions, which are polled for changes. */
export const cacheableCatalogues: ReadonlySet<string> = new Set([
  ...countedCatalogues.map(([catalogue]) => catalogue),
  ...hashedViews,
  ...views.split(/\s+/),
]);

/**
 * Returns a text that differs whenever an object was created, altered or dropped: row counts and transaction ids of the catalogues.
 * Temporary objects and the notes of VACUUM do not count.
 */
export const definitionsQuery = `
select pg_catalog.concat_ws(' ', ${[
  ...countedCatalogues.map(([catalogue, which]) => [catalogue, 'c.xmin::text::int8', which] as const),
  ...hashedViews.map((view) => [view, 'pg_catalog.hashtext(c::text)', 'true'] as const),
]
  .map(
    ([from, number, which]) =>
      `(select count(*) || '/' || coalesce(sum(${number}), 0) from pg_catalog.${from} c where ${which})`,
  )
  .join(', ')})`;
