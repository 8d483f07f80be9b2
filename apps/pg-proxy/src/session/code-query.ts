import { leavingFunctions } from '@medrex/sql';
import { literal } from './settings.ts';

/** What `codeQuery` answers. */
export interface CodeRows {
  /** Names of functions. */
  readonly functions: readonly string[];
  readonly relations: readonly string[];
  /** Of functions and procedures whose language has a source; and of views, policies, defaults and checks that call what leaves something. */
  readonly sources: readonly (readonly [name: string, source: string])[];
  /** What runs code by a name of its own: a table its triggers, a view the functions in it. `*` is anything. */
  readonly uses: readonly (readonly [user: string, used: string])[];
}

/** @throws Error where it is no such answer */
export function readCodeRows(text: string): CodeRows {
  const rows = JSON.parse(text) as CodeRows;
  const isWhole = [rows.functions, rows.relations, rows.sources, rows.uses].every((list) => Array.isArray(list));
  if (!isWhole) throw new SyntaxError('not what a catalogue says of its code');
  return rows;
}

const own = `('pg_catalog', 'information_schema')`;
/** Oids below are PostgreSQL's own. */
const firstOfUsers = 16384;

const definitions = [
  'pg_proc',
  'pg_trigger',
  'pg_rewrite',
  'pg_policy',
  'pg_attrdef',
  'pg_inherits',
  'pg_event_trigger',
]
  .map((table) => `(select count(*) || '/' || coalesce(sum(xmin::text::int8), 0) from pg_catalog.${table})`)
  .concat(
    `(select count(*) || '/' || coalesce(sum(xmin::text::int8), 0) from pg_catalog.pg_class where relpersistence <> 't')`,
  )
  .join(', ');

const uses = `
  select c.relname, p.proname from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
    join pg_catalog.pg_proc p on p.oid = t.tgfoid where not t.tgisinternal and t.tgenabled <> 'D'
  union select case when evtevent is null then '*' else 'alter' end, p.proname
    from pg_catalog.pg_event_trigger e join pg_catalog.pg_proc p on p.oid = e.evtfoid where e.evtenabled <> 'D'
  union select coalesce(c.relname, f.proname, '*'), p.proname
    from pg_catalog.pg_depend d join pg_catalog.pg_proc p on p.oid = d.refobjid
      left join pg_catalog.pg_rewrite r on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and r.oid = d.objid
      left join pg_catalog.pg_attrdef a on d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and a.oid = d.objid
      left join pg_catalog.pg_policy o on d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and o.oid = d.objid
      left join pg_catalog.pg_constraint k on d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and k.oid = d.objid
      left join pg_catalog.pg_index x on d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and x.indexrelid = d.objid
      left join pg_catalog.pg_class c on c.oid = coalesce(r.ev_class, a.adrelid, o.polrelid, k.conrelid, x.indrelid)
      left join pg_catalog.pg_proc f on d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and f.oid = d.objid
    where d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.refobjid >= ${firstOfUsers}
      and d.classid not in ('pg_catalog.pg_trigger'::pg_catalog.regclass, 'pg_catalog.pg_event_trigger'::pg_catalog.regclass,
        'pg_catalog.pg_language'::pg_catalog.regclass, 'pg_catalog.pg_extension'::pg_catalog.regclass)
  union select v.relname, c.relname from pg_catalog.pg_depend d
      join pg_catalog.pg_rewrite r on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and r.oid = d.objid
      join pg_catalog.pg_class v on v.oid = r.ev_class join pg_catalog.pg_class c on c.oid = d.refobjid
    where d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid >= ${firstOfUsers} and v.oid <> c.oid
  union select p.relname, c.relname from pg_catalog.pg_inherits i
    join pg_catalog.pg_class p on p.oid = i.inhparent join pg_catalog.pg_class c on c.oid = i.inhrelid where p.relkind in ('r', 'p')
  union select p.relname, c.relname from pg_catalog.pg_constraint k
    join pg_catalog.pg_class p on p.oid = k.confrelid join pg_catalog.pg_class c on c.oid = k.conrelid
    where k.contype = 'f' and (k.confdeltype in ('c', 'n', 'd') or k.confupdtype in ('c', 'n', 'd'))`;

/** Everybody relies on the answers: what a client has set, or defined for its own path, must not change them. */
const asOurselves = 'set local search_path to pg_catalog, pg_temp; set local statement_timeout to 0; ';

/** Another text wherever code was defined, or what runs it. */
export const definitionsQuery = `${asOurselves}select pg_catalog.concat_ws(' ', ${definitions})`;

/** What calls a function that leaves something, by itself: PostgreSQL notes no dependencies on functions of its own. */
const callers = `
  select c.relname::text, pg_catalog.pg_get_ruledef(r.oid) from called, pg_catalog.pg_rewrite r
    join pg_catalog.pg_class c on c.oid = r.ev_class where r.oid >= ${firstOfUsers} and r.ev_action::text ~ called.pattern
  union all select c.relname::text,
      pg_catalog.concat_ws(' ', pg_catalog.pg_get_expr(o.polqual, o.polrelid), pg_catalog.pg_get_expr(o.polwithcheck, o.polrelid))
    from called, pg_catalog.pg_policy o join pg_catalog.pg_class c on c.oid = o.polrelid
    where pg_catalog.concat(o.polqual, o.polwithcheck) ~ called.pattern
  union all select c.relname::text, pg_catalog.pg_get_expr(a.adbin, a.adrelid) from called, pg_catalog.pg_attrdef a
    join pg_catalog.pg_class c on c.oid = a.adrelid where a.adbin::text ~ called.pattern
  union all select c.relname::text, pg_catalog.pg_get_constraintdef(k.oid) from called, pg_catalog.pg_constraint k
    join pg_catalog.pg_class c on c.oid = k.conrelid where k.conbin::text ~ called.pattern`;

/** `CodeRows` as JSON. @param hasBodies from PostgreSQL 14 on a function may have a body in place of a source */
export function codeQuery(hasBodies: boolean): string {
  const source = hasBodies ? 'coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc)' : 'p.prosrc';
  // To a client that has switched a kind of plan off everything seems dear, and what is dear is compiled: 2 s in place of 0.1 s.
  const uncompiled = hasBodies ? 'set local jit to off; ' : '';
  return `${asOurselves}${uncompiled}with called (pattern) as (
  select ':funcid (' || pg_catalog.string_agg(oid::text, '|') || ') ' from pg_catalog.pg_proc
    where proname in (${leavingFunctions.map(literal).join(', ')}))
select pg_catalog.json_build_object(
  'functions', (select pg_catalog.json_agg(distinct proname) from pg_catalog.pg_proc),
  'relations', (select coalesce(pg_catalog.json_agg(distinct relname), '[]') from pg_catalog.pg_class
    where relkind in ('r', 'p', 'v', 'm', 'f') and relpersistence <> 't'),
  'sources', (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(s.name, s.source)), '[]') from (
    select p.proname::text, ${source}
      from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        join pg_catalog.pg_language l on l.oid = p.prolang
      where n.nspname not in ${own} and l.lanname not in ('internal', 'c')
    union all ${callers}) s (name, source)),
  'uses', (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(u.a, u.b)), '[]') from (${uses}) u (a, b)))::text`;
}
