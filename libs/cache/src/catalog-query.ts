/** Lower OIDs belong to PostgreSQL's built-in objects. */
const firstOfUsers = 16384;
/** Functions in C, of extensions, have no source to inspect; they depend on settings at most. */
const hasSource = `p.prolang not in (select oid from pg_catalog.pg_language where lanname in ('internal', 'c'))`;

const table = (name: string): string => `'pg_catalog.${name}'::pg_catalog.regclass`;
/** Objects that depend on functions, directly or by an operator. */
const dependents = `
    called as materialized (
      select classid, objid, refobjid as code from pg_catalog.pg_depend
        where refclassid = ${table('pg_proc')} and refobjid >= ${firstOfUsers}
      union all select d.classid, d.objid, o.oprcode::oid from pg_catalog.pg_depend d
        join pg_catalog.pg_operator o on o.oid = d.refobjid
        where d.refclassid = ${table('pg_operator')} and d.refobjid >= ${firstOfUsers})`;
/** Types whose casts run code. A statement may run such a cast without naming the type. */
const castTypes = `
    cast_types as (
      select distinct case when c.castsource >= ${firstOfUsers} then c.castsource else c.casttarget end as type
      from pg_catalog.pg_cast c join pg_catalog.pg_proc p on p.oid = c.castfunc
      where p.oid >= ${firstOfUsers} and ${hasSource} and p.provolatile <> 'i')`;
/** Functions that using a relation runs: of triggers, views, policies, defaults, constraints, indexes, and domains of its columns. */
const hiddenCode = [
  `select tgrelid as relation, 'w' as runs, tgfoid as code from pg_catalog.pg_trigger where not tgisinternal and tgenabled <> 'D'`,
  ...[
    ['pg_rewrite', 'ev_class', 'oid', 'r'],
    ['pg_policy', 'polrelid', 'oid', 'r'],
    ['pg_attrdef', 'adrelid', 'oid', 'w'],
    ['pg_constraint', 'conrelid', 'oid', 'w'],
    ['pg_index', 'indrelid', 'indexrelid', 'w'],
  ].map(
    ([name = '', relation, id, runs]) =>
      `select x.${relation}, '${runs}', d.code from called d join pg_catalog.${name} x on x.${id} = d.objid
        where d.classid = ${table(name === 'pg_index' ? 'pg_class' : name)}`,
  ),
  `select t.attrelid, 'w', d.code from called d join pg_catalog.pg_constraint x on x.oid = d.objid
      join pg_catalog.pg_attribute t on t.atttypid = x.contypid where d.classid = ${table('pg_constraint')} and x.contypid <> 0`,
  `select t.attrelid, 'w', d.code from called d join pg_catalog.pg_attribute t on t.atttypid = d.objid
      where d.classid = ${table('pg_type')}`,
].join('\n      union ');

/**
 * Reads everything that a RelationGraph is built from, as one row with one JSON text. Run it with an empty search_path, so that the
 * definitions of views qualify their tables. Any user may run it.
 */
export const catalogQuery = `
with ${dependents}, ${castTypes}
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
  'code', (
    select coalesce(json_agg(json_build_array(c.relation::int8, c.runs, l.lanname, p.proname, p.prosrc)), '[]')
    from (${hiddenCode}) c join pg_catalog.pg_proc p on p.oid = c.code join pg_catalog.pg_language l on l.oid = p.prolang
    where p.oid >= ${firstOfUsers} and (p.provolatile = 'v' or p.prokind = 'a')),
  'operators', (
    select coalesce(json_agg(distinct o.oprname), '[]') from pg_catalog.pg_operator o
      join pg_catalog.pg_proc p on p.oid = o.oprcode::oid
    where o.oid >= ${firstOfUsers} and ${hasSource} and p.provolatile <> 'i'),
  'rowFunctions', (
    select coalesce(json_agg(distinct p.proname), '[]') from pg_catalog.pg_proc p
      join pg_catalog.pg_type t on t.oid = p.proargtypes[0]
    where p.oid >= ${firstOfUsers} and ${hasSource} and p.provolatile <> 'i' and p.prokind = 'f'
      and p.pronargs - p.pronargdefaults <= 1 and t.typtype in ('c', 'p')),
  'castWords', (
    select coalesce(json_agg(distinct w.word), '[]') from cast_types c, lateral (
      select t.typname as word from pg_catalog.pg_type t where t.oid = c.type
      union all select r.relname from pg_catalog.pg_class r join pg_catalog.pg_attribute a on a.attrelid = r.oid
        join pg_catalog.pg_type t on t.oid = a.atttypid
        where c.type in (t.oid, t.typbasetype) and r.relkind in ('r', 'p', 'v', 'm', 'f')
      union all select p.proname from pg_catalog.pg_proc p where p.prorettype = c.type or c.type = any (p.proargtypes)) w),
  'rules', (
    select coalesce(json_agg(distinct ev_class::int8), '[]') from pg_catalog.pg_rewrite where rulename <> '_RETURN'),
  'functions', (
    select coalesce(json_agg(json_build_array(f.proname, f.worst)), '[]') from (
      select p.proname, max(case when 'v' in (p.provolatile, t.provolatile, e.provolatile) then 2
        when 's' in (p.provolatile, t.provolatile, e.provolatile) then 1 else 0 end) as worst
      from pg_catalog.pg_proc p left join pg_catalog.pg_aggregate a on a.aggfnoid = p.oid
        left join pg_catalog.pg_proc t on t.oid = a.aggtransfn::oid left join pg_catalog.pg_proc e on e.oid = a.aggfinalfn::oid
      where p.prokind <> 'p' group by p.proname) f)
)::text`;
