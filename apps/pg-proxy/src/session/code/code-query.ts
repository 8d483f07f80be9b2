import { stateLeavingFunctions } from '@medrex/sql';
import { encodedJson } from '../backend/proxy-query.ts';
import { literal } from '../state/settings.ts';

/** OIDs below this are PostgreSQL's own. */
const firstOfUsers = 16384;
const oidOf = (table: string): string => `'pg_catalog.${table}'::pg_catalog.regclass`;

/** Applies to whatever calls a built-in function that leaves state behind: PostgreSQL records no dependency on its own functions. */
const ifCalling = (stored: string, text: string): string =>
  `case when ${stored} ~ (select pattern from called) then ${text} end`;

/** Where one kind of object is found in the catalogue. Columns are SQL; `x` is the row. */
interface Place {
  readonly table: string;
  readonly id?: string;
  /** The relation that it belongs to. */
  readonly relation?: string;
  readonly name?: string;
  /** The code that it contains or calls. Names in it are those at the time of reading; later renames are found through dependencies. */
  readonly source?: string;
  /** What it runs, or what is written to along with it. */
  readonly used?: string;
  readonly where?: string;
  /** Whether PostgreSQL records the code that it runs as a dependency. */
  readonly depends?: true;
}

const placesOf = (body: string): Record<CodeKind, Place> => ({
  function: {
    table: 'pg_proc',
    name: 'x.proname',
    source: `case when x.pronamespace not in (select oid from pg_catalog.pg_namespace where nspname in ('pg_catalog', 'information_schema'))
      and x.prolang not in (select oid from pg_catalog.pg_language where lanname in ('internal', 'c')) then ${body} end`,
    where: `x.oid >= ${firstOfUsers}`,
    depends: true,
  },
  relation: { table: 'pg_class', name: 'x.relname', where: `x.relkind in ('r', 'p', 'v', 'm', 'f')` },
  trigger: {
    table: 'pg_trigger',
    relation: 'x.tgrelid',
    used: `case when x.tgenabled <> 'D' then x.tgfoid end`,
    where: 'not x.tgisinternal',
  },
  event: { table: 'pg_event_trigger', used: `case when x.evtenabled <> 'D' then x.evtfoid end` },
  rule: {
    table: 'pg_rewrite',
    relation: 'x.ev_class',
    source: ifCalling('x.ev_action::text', 'pg_catalog.pg_get_ruledef(x.oid)'),
    where: `x.oid >= ${firstOfUsers}`,
    depends: true,
  },
  policy: {
    table: 'pg_policy',
    relation: 'x.polrelid',
    source: ifCalling(
      'pg_catalog.concat(x.polqual, x.polwithcheck)',
      `pg_catalog.concat_ws(' ', pg_catalog.pg_get_expr(x.polqual, x.polrelid), pg_catalog.pg_get_expr(x.polwithcheck, x.polrelid))`,
    ),
    depends: true,
  },
  default: {
    table: 'pg_attrdef',
    relation: 'x.adrelid',
    source: ifCalling('x.adbin::text', 'pg_catalog.pg_get_expr(x.adbin, x.adrelid)'),
    depends: true,
  },
  // A foreign key with an action: runs when the referenced table is written to.
  constraint: {
    table: 'pg_constraint',
    relation: `case x.contype when 'f' then x.confrelid else x.conrelid end`,
    source: ifCalling('x.conbin::text', 'pg_catalog.pg_get_constraintdef(x.oid)'),
    used: `case x.contype when 'f' then x.conrelid end`,
    where: `x.contype in ('c', 'x') or x.confdeltype in ('c', 'n', 'd') or x.confupdtype in ('c', 'n', 'd')`,
    depends: true,
  },
  index: {
    table: 'pg_index',
    id: 'x.indexrelid',
    relation: 'x.indrelid',
    where: 'x.indexprs is not null or x.indpred is not null',
    depends: true,
  },
  child: {
    table: 'pg_inherits',
    id: 'x.inhrelid::int8 * 65536 + x.inhseqno',
    relation: 'x.inhparent',
    used: 'x.inhrelid',
  },
});

/** The kinds of objects in a catalogue that are code or run code. */
export const codeKinds = [
  ...([
    'function',
    'relation',
    'trigger',
    'event',
    'rule',
    'policy',
    'default',
    'constraint',
    'index',
    'child',
  ] as const),
];
export type CodeKind = (typeof codeKinds)[number];

/** One object. Relations and functions are given by OID; `used` is a function, or for `constraint` and `child` a relation. */
export type CodeObject = readonly [
  kind: CodeKind,
  id: number,
  relation: number | null,
  name: string | null,
  source: string | null,
  used: number | null,
];

/** The answer to `codeQuery`. */
export interface CodeAnswer {
  /**
   * Identifies the catalogue: start of the server, database, and the built-in functions that leave state behind. If it changes, nothing is
   * known any more.
   */
  readonly of: string;
  /** Everything written by transactions below this number (64 bits) is in this answer or was in an earlier one. */
  readonly seen: number;
  /** Names of PostgreSQL's own functions, if everything was asked for. */
  readonly builtIn: readonly string[] | null;
  /** All objects, or those that may have changed. */
  readonly objects: readonly CodeObject[];
  /** The functions and relations that these objects depend on. */
  readonly uses: readonly (readonly [kind: CodeKind, id: number, used: 'function' | 'relation', usedId: number])[];
  /** Functions that run through operators, types, casts and the like. */
  readonly anywhere: readonly number[];
  /** The number of objects of each of `codeKinds`. */
  readonly counts: readonly number[];
}

/** @throws Error the answer is malformed */
export function readCodeAnswer(text: string): CodeAnswer {
  const answer = JSON.parse(text) as CodeAnswer;
  const isWhole = [answer.objects, answer.uses, answer.anywhere, answer.counts].every((list) => Array.isArray(list));
  if (!isWhole || !Number.isSafeInteger(answer.seen)) throw new SyntaxError('not what a catalogue says of its code');
  return answer;
}

/** All clients rely on the answers: what one has set, or defined for its own search path, must not change them. */
const asOurselves = 'set local search_path to pg_catalog, pg_temp; set local statement_timeout to 0; ';
const list = (rows: string): string => `coalesce(pg_catalog.json_agg(${rows}), '[]')`;

/**
 * Asks for a `CodeAnswer` as JSON, from a single snapshot.
 *
 * @param hasBodies since PostgreSQL 14 a function may have a body instead of a source
 * @param since `seen` of the previous answer: rows with lower numbers are unchanged, unless they are gone; undefined: asks for everything.
 * Row numbers have 32 bits and are compared by age.
 */
export function codeQuery(hasBodies: boolean, since: number | undefined): string {
  const places = placesOf(hasBodies ? 'coalesce(pg_catalog.pg_get_function_sqlbody(x.oid), x.prosrc)' : 'x.prosrc');
  // If the client has disabled plan types, their cost estimates are huge, and what is expensive is JIT-compiled: 2 s instead of 0.1 s.
  const uncompiled = hasBodies ? 'set local jit to off; ' : '';
  const isSince = since === undefined ? '' : ' and pg_catalog.age(x.xmin) <= (select age from since)';
  const of = (kind: CodeKind, columns: string, and = ''): string =>
    `select ${columns} from pg_catalog.${places[kind].table} x where (${places[kind].where ?? 'true'})${and}`;
  const objects = codeKinds.map((kind) => {
    const {
      table,
      id = 'x.oid',
      relation = 'null',
      name = 'null',
      source = 'null',
      used = 'null',
      depends,
    } = places[kind];
    const owner = depends === true ? oidOf(table === 'pg_index' ? 'pg_class' : table) : 'null';
    const columns = `'${kind}', (${id})::int8, ${relation}::int8, ${name}::text, ${source}::text, ${used}::int8, ${owner}::oid`;
    return of(kind, columns, isSince);
  });
  const owners = [...new Set(codeKinds.filter((kind) => places[kind].depends).map((kind) => places[kind].table))];
  const known = [...owners, 'pg_class', 'pg_trigger', 'pg_event_trigger', 'pg_language', 'pg_extension'].map(oidOf);
  return `${asOurselves}${uncompiled}with since (age) as (select pg_catalog.age('${(since ?? 0) % 2 ** 32}'::pg_catalog.xid)),
called (pattern) as (
  select ':funcid (' || pg_catalog.string_agg(oid::text, '|' order by oid) || ') ' from pg_catalog.pg_proc
    where proname in (${stateLeavingFunctions.map(literal).join(', ')})),
objects (kind, id, relation, name, source, used, owner) as (
  ${objects.join('\n  union all ')})
select ${encodedJson(`pg_catalog.json_build_object(
  'of', (select pg_catalog.concat_ws(' ', (extract(epoch from pg_catalog.pg_postmaster_start_time()) * 1000)::int8, d.oid, c.pattern)
    from pg_catalog.pg_database d, called c where d.datname = pg_catalog.current_database()),
  'seen', pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot()),
  'builtIn', ${since === undefined ? `(select pg_catalog.json_agg(distinct proname) from pg_catalog.pg_proc where oid < ${firstOfUsers})` : 'null'},
  'objects', (select ${list('pg_catalog.json_build_array(kind, id, relation, name, source, used)')} from objects),
  'uses', (select ${list(`pg_catalog.json_build_array(o.kind, o.id,
      case d.refclassid when ${oidOf('pg_proc')} then 'function' else 'relation' end, d.refobjid::int8)`)}
    from objects o join pg_catalog.pg_depend d on d.classid = o.owner and d.objid = (case when o.owner is not null then o.id end)::oid
    where d.refobjid >= ${firstOfUsers} and (d.refclassid = ${oidOf('pg_proc')}
      or (d.refclassid = ${oidOf('pg_class')} and o.kind in ('rule', 'policy', 'function')))),
  'anywhere', (select ${list('distinct d.refobjid::int8')} from pg_catalog.pg_depend d
    where d.refclassid = ${oidOf('pg_proc')} and d.refobjid >= ${firstOfUsers} and d.classid not in (${known.join(', ')})),
  'counts', pg_catalog.json_build_array(${codeKinds.map((kind) => `(${of(kind, 'count(*)')})`).join(', ')}))`)}`;
}

/** Asks for the OIDs of all objects of these kinds, as a JSON object. */
export function idsQuery(kinds: readonly CodeKind[]): string {
  const places = placesOf('null');
  const ids = kinds.map((kind) => {
    const { table, id = 'x.oid', where = 'true' } = places[kind];
    return `'${kind}', (select ${list(`(${id})::int8`)} from pg_catalog.${table} x where ${where})`;
  });
  return `${asOurselves}select ${encodedJson(`pg_catalog.json_build_object(${ids.join(', ')})`)}`;
}

export type CodeIds = Readonly<Partial<Record<CodeKind, readonly number[]>>>;

/** @throws Error the answer is malformed */
export function readIds(text: string): CodeIds {
  const ids = JSON.parse(text) as CodeIds;
  if (!Object.values(ids).every((each) => Array.isArray(each))) throw new SyntaxError('no ids');
  return ids;
}
