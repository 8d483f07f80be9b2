import { moreRandomSchema, moreRandomTexts } from './more-random-texts.ts';

/**
 * Statements that leave something in a session, show what is there, or remove it. `@` is a number of the client alone, so that objects
 * named by it are nobody else's. `~` at the beginning of a name is one letter with the proxy and another one without. The schema on the
 * search path is the client's own, `shared` is common to all.
 */
export const randomTexts: readonly string[] = [
  // Transactions
  ...['begin', 'begin', 'begin', 'begin', 'commit', 'commit', 'commit', 'rollback', 'rollback', 'abort', 'end'],
  ...['commit and chain', 'rollback and chain', 'savepoint a', 'savepoint b', 'rollback to a', 'rollback to b'],
  ...['release a', 'release b', 'begin read only', 'start transaction isolation level repeatable read'],
  ...['select 1', 'select 1/0', 'select now() = statement_timestamp()', 'syntax error', 'select * from nowhere'],
  // Settings
  ...[
    "set work_mem to '5MB'",
    "set local work_mem to '7MB'",
    'reset work_mem',
    'set work_mem to default',
    'show work_mem',
  ],
  ...['reset all', 'set search_path to shared, public', 'set local search_path to pg_catalog', 'reset search_path'],
  ...['show search_path', 'select current_schemas(false)', 'select a from named'],
  ...["set app.tenant to '1'", "set app.tenant = '@'", "set local app.tenant to '3'", 'reset app.tenant'],
  ...["select set_config('app.tenant','4',false)", "select set_config('app.tenant','5',true)"],
  ...["select set_config('App.Tenant','46',false)", "/* c */ set app.tenant = '40'", "-- c\nset app.tenant = '41'"],
  ...["select nullif(current_setting('app.tenant', true),'')", "select nullif(current_setting('app.own', true),'')"],
  "with x as materialized (select set_config('app.own','8',false)) select 1",
  "select set_config('app.tenant', coalesce(nullif(current_setting('app.tenant', true),''),'0')||'x', false)",
  ...["set time zone 'Asia/Tokyo'", 'select extract(timezone from now())::int', 'reset timezone', 'show timezone'],
  ...["set datestyle to 'German'", 'set datestyle to dmy', "select date '2020-02-03'::text", 'reset datestyle'],
  ...["set intervalstyle to 'iso_8601'", "select interval '1 day 2 hours'::text", 'reset intervalstyle'],
  ...['set extra_float_digits to 0', 'select 0.1::float8+0.2', 'reset extra_float_digits'],
  ...["set client_encoding to 'latin1'", "select 'ä'", 'set client_encoding to utf8', 'show client_encoding'],
  ...['set standard_conforming_strings to off', 'set standard_conforming_strings to on', "select 'a\\\\b'"],
  ...["set application_name to 'x@'", 'show application_name', 'reset application_name'],
  ...["set statement_timeout to '60s'", 'show statement_timeout', 'set client_min_messages to error'],
  'reset client_min_messages',
  ...['set session characteristics as transaction isolation level serializable', 'show transaction_isolation'],
  ...['show default_transaction_isolation', 'reset default_transaction_isolation', 'show transaction_read_only'],
  ...['set transaction isolation level repeatable read', 'set session characteristics as transaction read only'],
  'reset default_transaction_read_only',
  ...[
    'set role random_role',
    'set local role random_role',
    'reset role',
    'set role none',
    'select current_user, session_user',
  ],
  ...['set session authorization random_role', 'reset session authorization', 'set session authorization default'],
  // What code leaves behind
  ...['select shared.set_tenant(7)', 'select shared.set_local(9)', 'select shared.bump()', 'select shared.failing(14)'],
  ...[
    'call shared.set_proc(15)',
    'insert into shared.noted values (11)',
    'select shared.lock(@)',
    'select shared.unlock(@)',
  ],
  ...["do $$ begin perform set_config('app.tenant','12',false); end $$", "select shared.make('t@')"],
  ...[
    'insert into shared.filled (b) values (1)',
    'insert into shared.checked values (51)',
    'select 3 operator(shared.|+|) 4',
  ],
  ...[
    "select 'a'::shared.positive",
    'select 52::shared.positive',
    'select shared.keep(g) from generate_series(53, 55) g',
  ],
  ...['select a from shared.seen', 'select shared.nested(57)', 'delete from shared.ruled'],
  ...[
    'select (row(59)::shared.pair)::text',
    'select shared.dynamic($$set app.own = 60$$)',
    'update shared.guarded set a = 61',
  ],
  ...['select * from shared.several(62)', 'select count(shared.is_kept(63))', 'select shared.with_exception(64)'],
  ...['merge into shared.noted n using (values (65)) v(a) on false when not matched then insert values (65)'],
  ...['create table shared.y@ as select shared.bump() as a', 'drop table if exists shared.y@'],
  ...[
    'explain (analyze, costs off, timing off, buffers off, summary off) select shared.set_tenant(66)',
    'explain (costs off) select shared.set_tenant(67)',
  ],
  ...["begin; set local statement_timeout = '20ms'; select pg_sleep(9)", 'analyze rows', 'vacuum rows'],
  ...["set lock_timeout to '900ms'", 'show lock_timeout', "set idle_in_transaction_session_timeout to '60s'"],
  ...['show idle_in_transaction_session_timeout', 'set constraints all deferred', 'copy nowhere from stdin'],
  ...[
    "begin; savepoint a; set local work_mem to '8MB'; release a; show work_mem; commit",
    'show work_mem; show search_path',
  ],
  ...[
    "savepoint a; set local app.tenant to '70'",
    'begin; create temp table z@ on commit drop as select 1 as a; table z@; commit',
  ],
  "do $$ begin perform pg_notify('everybody', 'done'); end $$",
  "do $$ begin perform set_config('app.tenant','13',false); raise exception 'no'; exception when others then null; end $$",
  // Temporary objects
  ...['create temp table t@ (a int)', 'create temp table t@ (a int) on commit drop', 'insert into t@ values (1)'],
  ...['create temp table t@ (a int) on commit delete rows', 'select count(*) from t@', 'drop table t@', 'truncate t@'],
  ...['drop table if exists t@', 'alter table t@ add column b int', 'select * from t@', 'discard temp'],
  ...[
    'create temp view v@ as select 5 as a',
    'select * from v@',
    'drop view v@',
    'create temp table u@ as select 1 as a',
  ],
  ...[
    'create temp sequence q@',
    "select nextval('q@')",
    "select currval('q@')",
    'select * into temp w@ from generate_series(1,2) a',
  ],
  'create function pg_temp.f@() returns int language sql as $$select 3$$',
  "select count(*) from pg_proc where proname = 'f@'",
  // Cursors
  ...[
    'declare c@ cursor with hold for select generate_series(1,5)',
    'declare c@ cursor for select generate_series(1,5)',
  ],
  ...[
    'fetch 2 c@',
    'fetch all c@',
    'move 1 c@',
    'close c@',
    'close all',
    'select name, is_holdable from pg_cursors order by 1',
  ],
  ...[
    'declare c@ scroll cursor with hold for select generate_series(1,5)',
    'fetch backward 1 c@',
    'fetch absolute 2 c@',
    'begin; declare d@ cursor for select generate_series(1,3); savepoint a; fetch d@; rollback to a; fetch d@; commit',
  ],
  // Large objects
  ...["select lo_from_bytea(@, 'abc')", 'select lo_get(@)', 'select lo_unlink(@)', 'select lo_open(@, 393216)'],
  ...["select lowrite(0, 'xy')", 'select loread(0, 5)', 'select lo_lseek(0, 0, 0)', 'select lo_close(0)'],
  // Prepared by SQL
  ...[
    'prepare p@ as select 1 as a',
    "prepare p@ as select set_config('app.tenant','20',false)",
    'execute p@',
    'execute p@ (3)',
  ],
  ...['prepare p@ (int) as select $1 + 1', 'deallocate p@', 'deallocate all', 'deallocate n1', 'execute n2'],
  'select name, statement from pg_prepared_statements where from_sql order by 1',
  // Notifications
  ...[
    'listen l@',
    'unlisten l@',
    'unlisten *',
    'notify l@',
    "notify l@, 'x'",
    "select pg_notify('l@','y')",
    'listen everybody',
  ],
  ...["notify everybody, 'from @'", 'select pg_listening_channels() order by 1'],
  // Locks
  ...[
    'select pg_advisory_lock(@)',
    'select pg_try_advisory_lock(@)',
    'select pg_advisory_unlock(@)',
    'select pg_advisory_xact_lock(@)',
  ],
  ...['select pg_advisory_lock_shared(@)', 'select pg_advisory_unlock_shared(@)', 'select pg_advisory_unlock_all()'],
  // Sequences and random numbers
  ...[
    "select nextval('s')>0",
    "select currval('s')>0",
    'select lastval()>0',
    'insert into serials (b) values (1) returning b',
  ],
  ...["select currval('serials_a_seq')>0", 'discard sequences', 'select setseed(0.25); select random()'],
  // Two-phase commit, where the server has it
  ...["prepare transaction '~@'", "prepare transaction '~all'", "commit prepared '~@'", "rollback prepared '~@'"],
  ...[
    "commit prepared '~all'",
    "rollback prepared '~all'",
    "begin; insert into rows values (8, '8'); prepare transaction '~all'",
  ],
  ...[
    "begin; set app.tenant = '73'; prepare transaction '~@'",
    "begin; select shared.set_tenant(74); prepare transaction '~all'",
  ],
  ...["begin; create temp table t@ (a int); prepare transaction '~@'", "begin; listen l@; prepare transaction '~@'"],
  // Several statements in one text
  ...[
    "set app.tenant = '30'; select 1/0",
    "set app.tenant = '31'; select 2",
    "begin; set app.tenant = '32'; commit; select 1/0",
  ],
  ...[
    "set app.tenant='33'; begin",
    "begin; set app.tenant='34'; rollback",
    'select 1; select 1/0; select 2',
    'listen l@; select 1/0',
  ],
  ...[
    "begin; set local app.tenant='35'; create temp table t@ (a int); commit",
    "set app.own='36'; commit",
    'listen l@; unlisten l@',
  ],
  ...["begin; savepoint a; set app.tenant='37'; rollback to a; commit", 'begin; listen l@; commit'],
  'begin; select shared.set_tenant(38); savepoint a; select shared.set_tenant(39); rollback to a; commit',
  // Rows, with parameters and without
  ...[
    'select a, b from rows order by a',
    'select count(*) from rows',
    'delete from rows',
    'insert into rows values (1, null)',
  ],
  ...['insert into rows values ($1, $2) returning a', 'update rows set b = $2 where a = $1', 'select $1::int + 1 as a'],
  ...[
    "select $1::text || 'x', $2::int",
    'select * from generate_series(1, $1::int) as a',
    'select $1::int/0',
    'select $1',
  ],
  ...[
    "select set_config('app.tenant', $1, false)",
    'select a from rows where b = $1 order by a for update',
    'select pg_advisory_lock(@ + 0 * $1::int)',
  ],
  ...['select g, repeat(chr(97 + g % 26), g) from generate_series(1, 600) g', "select repeat('x', 70000)"],
  ...[
    'copy (select 1, $$a$$) to stdout',
    'copy (table rows order by a) to stdout',
    'table rows order by a',
    'values (1), (2), (3)',
    'explain (costs off) select 1',
  ],
  ...[
    'lock table rows in share mode',
    'discard all',
    'discard plans',
    'create table if not exists x@ (a int)',
    'drop table if exists x@',
  ],
  ...moreRandomTexts,
];

/** Functions for FunctionCall messages, by OID, with their arguments. */
export const randomCalls: readonly (readonly [functionId: number, ...texts: string[]])[] = [
  ...[[1397, '-7'] as const, [1397, 'x'] as const, [1397] as const],
  ...[[2078, 'app.tenant', '75', 'f'] as const, [2078, 'app.own', '76', 't'] as const],
  ...[[2880, '@'] as const, [2884, '@'] as const, [3036, 'everybody', 'called by @'] as const],
];

/** Statements that run until cancelled, or for seconds. */
export const endlessTexts: readonly string[] = [
  ...['select pg_sleep(9)', "select pg_sleep(9), set_config('app.tenant','77',false)", 'begin; select pg_sleep(9)'],
  ...[
    "set app.tenant = '78'; select pg_sleep(9)",
    'select pg_advisory_lock(@), pg_sleep(9)',
    'do $$ begin perform pg_sleep(9); end $$',
  ],
  ...[
    "begin; set app.own = '79'; select pg_sleep(9)",
    'listen l@; select pg_sleep(9)',
    'copy (select pg_sleep(9)) to stdout',
  ],
];

/** What both databases contain before the first client comes; each of `clients` has a schema of its own. */
export const randomSchema = (clients: number): string => `
  create schema shared; grant all on schema shared to public;
  create function shared.set_tenant(i int) returns void language plpgsql as $$ begin perform set_config('app.tenant', i::text, false); end $$;
  create function shared.set_local(i int) returns void language plpgsql as $$ begin perform set_config('app.tenant', i::text, true); end $$;
  create function shared.bump() returns text language sql as $$
    select set_config('app.own', coalesce(nullif(current_setting('app.own', true), ''), '0') || '1', false) $$;
  create function shared.failing(i int) returns void language plpgsql as $$
    begin perform set_config('app.tenant', i::text, false); raise exception 'fails'; end $$;
  create procedure shared.set_proc(i int) language plpgsql as $$ begin perform shared.set_tenant(i); end $$;
  create function shared.make(n text) returns void language plpgsql as $$ begin execute format('create temp table %I (a int)', n); end $$;
  create function shared.lock(i int) returns void language plpgsql as $$ begin perform pg_advisory_lock(i); end $$;
  create function shared.unlock(i int) returns bool language plpgsql as $$ begin return pg_advisory_unlock(i); end $$;
  create function shared.noting() returns trigger language plpgsql as $$ begin perform shared.set_tenant(new.a); return null; end $$;
  create table shared.noted (a int); create table shared.named as select 'shared' as a;
  create trigger noting before insert on shared.noted for each row execute function shared.noting();
  create table shared.filled (a text default shared.bump(), b int);
  create function shared.is_kept(i int) returns bool language plpgsql as $$ begin perform shared.set_tenant(i); return true; end $$;
  create table shared.checked (a int check (shared.is_kept(a)));
  create function shared.plus(i int, j int) returns int language plpgsql as $$ begin perform shared.set_tenant(i + j); return i + j; end $$;
  create operator shared.|+| (function = shared.plus, leftarg = int, rightarg = int);
  create domain shared.positive as int check (shared.is_kept(value));
  create function shared.kept(i int, j int) returns int language plpgsql as $$ begin perform shared.set_tenant(j); return j; end $$;
  create aggregate shared.keep (int) (sfunc = shared.kept, stype = int);
  create view shared.seen as select a, shared.is_kept(56) as kept from shared.named;
  create function shared.nested(i int) returns int language sql as $$ select shared.set_tenant(i); select 1 $$;
  create table shared.ruled as select 1 as a; create rule ruled as on delete to shared.ruled do instead select shared.set_tenant(57);
  create type shared.pair as (a int);
  create function shared.text_of(p shared.pair) returns text language plpgsql as $$ begin perform shared.set_tenant(p.a); return 'pair'; end $$;
  create cast (shared.pair as text) with function shared.text_of(shared.pair);
  create function shared.dynamic(t text) returns void language plpgsql as $$ begin execute t; end $$;
  create table shared.guarded as select 1 as a; alter table shared.guarded enable row level security; alter table shared.guarded force row level security;
  create policy guarded on shared.guarded using (shared.is_kept(a));
  create function shared.several(i int) returns table (a int) language plpgsql as $$ begin perform shared.set_tenant(i); return query select 1; end $$;
  create function shared.with_exception(i int) returns void language plpgsql as $$
    begin begin perform shared.set_tenant(i); raise exception 'x'; exception when others then perform set_config('app.own', i::text, false); end; end $$;
  ${moreRandomSchema}
  grant all on all tables in schema shared to public;
  ${Array.from(
    { length: clients },
    (_, at) => `create schema own${at}; grant all on schema own${at} to public;
      create table own${at}.rows (a int primary key, b text); create table own${at}.serials (a serial, b int);
      create sequence own${at}.s; create table own${at}.named as select 'own${at}' as a;
      grant all on all tables in schema own${at} to public; grant all on all sequences in schema own${at} to public;`,
  ).join('\n')}`;
