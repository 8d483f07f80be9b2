/**
 * Everything that a RelationGraph is made of, as one row with one text. To be asked with an empty search_path, so that
 * the definitions of views name their tables in full. Every user may ask it.
 */
export const catalogQuery = `
select pg_catalog.json_build_object(
  'relations', (
    select coalesce(json_agg(json_build_array(c.oid::int8, n.nspname, c.relname, c.relkind, c.relrowsecurity,
      case when c.relkind = 'v' then pg_catalog.pg_get_viewdef(c.oid) end)), '[]')
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema')
      and n.nspname !~ '^pg_(toast|temp_)'),
  'parents', (select coalesce(json_agg(json_build_array(inhrelid::int8, inhparent::int8)), '[]') from pg_catalog.pg_inherits),
  'references', (
    select coalesce(json_agg(json_build_array(confrelid::int8, conrelid::int8,
      confdeltype in ('c', 'n', 'd') or confupdtype in ('c', 'n', 'd'))), '[]')
    from pg_catalog.pg_constraint where contype = 'f'),
  'triggers', (
    select coalesce(json_agg(json_build_array(t.tgrelid::int8, l.lanname, p.proname, p.prosrc)), '[]')
    from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid
      join pg_catalog.pg_language l on l.oid = p.prolang
    where not t.tgisinternal and t.tgenabled <> 'D'),
  'rules', (
    select coalesce(json_agg(distinct ev_class::int8), '[]') from pg_catalog.pg_rewrite where rulename <> '_RETURN'),
  'functions', (
    select coalesce(json_agg(json_build_array(f.proname, f.worst)), '[]') from (
      select proname, max(case provolatile when 'i' then 0 when 's' then 1 else 2 end) as worst
      from pg_catalog.pg_proc where prokind <> 'p' group by proname) f)
)::text`;

/**
 * Another text wherever something was defined, changed or dropped since it was asked for the last time: row counts, and
 * transaction numbers, which only grow. What is temporary does not count, nor does what VACUUM notes.
 */
export const definitionsQuery = `
select pg_catalog.concat_ws(' ', ${[
  ['pg_class', `relnamespace not in (select oid from pg_catalog.pg_namespace where nspname ~ '^pg_(toast|temp_)')`],
  [
    'pg_attribute',
    `attrelid in (select oid from pg_catalog.pg_class where relpersistence <> 't' and relkind in ('r', 'p', 'v', 'm', 'f', 'c'))`,
  ],
  ['pg_proc', 'true'],
  ['pg_type', `typnamespace not in (select oid from pg_catalog.pg_namespace where nspname ~ '^pg_(toast|temp_)')`],
  ['pg_constraint', "conrelid not in (select oid from pg_catalog.pg_class where relpersistence = 't')"],
  ['pg_rewrite', 'true'],
  ['pg_trigger', 'not tgisinternal'],
  ['pg_policy', 'true'],
  ['pg_inherits', 'true'],
  ['pg_namespace', `nspname !~ '^pg_(toast|temp_)'`],
  ['pg_attrdef', 'true'],
  ['pg_enum', 'true'],
  ['pg_index', 'true'],
  ['pg_description', 'true'],
  ['pg_auth_members', 'true'],
  ['pg_operator', 'true'],
  ['pg_cast', 'true'],
  ['pg_extension', 'true'],
  ['pg_db_role_setting', 'true'],
]
  .map(
    ([table, which]) =>
      `(select count(*) || '/' || coalesce(sum(xmin::text::int8), 0) from pg_catalog.${table} where ${which})`,
  )
  .join(', ')})`;
