/**
 * Part of `randomTexts`: statements in which two kinds of session state meet in one statement, text or name. None of them names `pg_temp`
 * without a temporary object of its own, because a process that has had one keeps the schema.
 */
export const moreRandomTexts: readonly string[] = [
  // Settings made by queries, and within what is rolled back
  "select set_config('app.tenant', a::text, a > 1) from generate_series(1, 2) a",
  "select set_config('work_mem', '6MB', true), set_config('app.own', '80', false)",
  "select set_config('search_path', 'shared', true)",
  "select set_config(name, '81', false) from (values ('app.own')) v (name)",
  "begin; set local work_mem to '9MB'; savepoint a; set local work_mem to '10MB'; rollback to a; show work_mem; commit",
  "begin; set work_mem to '9MB'; savepoint a; set local work_mem to default; release a; show work_mem; commit",
  'savepoint b; set local search_path to shared; select a from named',
  "begin; set datestyle to 'German'; select 1/0",
  "begin; set application_name to 'y@'; savepoint a; set application_name to 'z@'; select 1/0",
  "begin; set time zone 'Asia/Kolkata'; rollback; show timezone",
  "begin; set intervalstyle to 'iso_8601'; savepoint a; reset intervalstyle; rollback to a; show intervalstyle; commit",
  "set local work_mem to '12MB'",
  'set session_replication_role to replica',
  'reset session_replication_role',
  'show session_replication_role',
  'set plan_cache_mode to force_generic_plan',
  'reset plan_cache_mode',
  // The current role
  'set role random_role; select current_user; reset role',
  'begin; set local role random_role; savepoint a; reset role; rollback to a; select current_user; rollback',
  'set session authorization random_role; set role none; select current_user, session_user',
  "select current_setting('role'), current_setting('session_authorization')",
  "select set_config('role', 'random_role', false)",
  "select set_config('role', 'none', false)",
  'begin; set role random_role; rollback; select current_user',
  // What code does
  'select shared.with_set()',
  'select shared.sets_within(82)',
  'call shared.committing(83)',
  'call shared.rolling_back(84)',
  "do $$ begin perform set_config('app.tenant', '85', false); rollback; perform set_config('app.own', '86', false); end $$",
  `do $$ begin begin perform shared.set_tenant(87); raise exception 'x'; exception when others then
    begin perform pg_advisory_lock(@); raise exception 'y'; exception when others then
      perform set_config('app.own', '88', false); end; end; end $$`,
  `do $$ begin begin create temp table t@ (a int); raise exception 'x'; exception when others then null; end; end $$`,
  "do $$ begin execute 'listen l@'; end $$",
  "do $$ begin execute 'prepare p@ as select 9 as a'; end $$",
  'do $$ begin execute $s$declare c@ cursor with hold for select generate_series(1, 4)$s$; end $$',
  "select shared.dynamic('listen l@')",
  "select shared.dynamic('create temp table t@ (a int)')",
  "select shared.dynamic('set role random_role')",
  "select shared.dynamic('deallocate all')",
  "select shared.dynamic('prepare p@ as select 6 as a')",
  "select shared.dynamic('set local app.tenant = 89')",
  'create function pg_temp.g@() returns text language sql as $$ select set_config($q$app.tenant$q$, $q$90$q$, false) $$; select pg_temp.g@()',
  // Temporary objects that hide others
  'create temp table rows (a int, b text)',
  "create temp table named as select 'shadow' as a; select a from named; drop table pg_temp.named; select a from named",
  "create temp table named as select 'temporary' as a",
  "create temp view named as select 'viewed' as a",
  'begin; create temp table rows on commit drop as select 5 as a, null::text as b; table rows; commit',
  'select a from own0.named union all select a from shared.named',
  'set search_path to public, shared, pg_temp',
  'create temp table u@ as execute p@',
  'explain (costs off) execute p@',
  'create temp table t@ (a serial, b int)',
  'insert into t@ default values',
  // Locks, channels and cursors that survive a rollback, or do not
  'begin; savepoint a; select pg_advisory_lock(@); rollback to a; commit',
  'begin; select pg_advisory_xact_lock(@); savepoint a; select pg_advisory_unlock(@); rollback to a; commit',
  "begin; select pg_advisory_lock(@); rollback; select count(*) from pg_locks where locktype = 'advisory' and objid = @ and database = (select oid from pg_database where datname = current_database())",
  'begin; listen l@; rollback',
  'begin; listen l@; savepoint a; unlisten l@; rollback to a; commit',
  'begin; savepoint a; listen l@; rollback to a; commit',
  "begin; notify l@, 'once'; notify l@, 'once'; savepoint a; notify l@, 'never'; rollback to a; commit",
  'declare c@ cursor with hold for select * from t@',
  'declare c@ cursor with hold for table rows',
  'begin; declare c@ cursor with hold for select generate_series(1, 3); savepoint a; close c@; rollback to a; commit',
  'begin; declare c@ cursor with hold for select generate_series(1, 3); rollback',
  'fetch forward 3 from c@',
  'update rows set b = $1 where current of c@',
  // Prepared statements of any origin
  'select name, from_sql from pg_prepared_statements order by 1',
  'prepare n1 as select 7 as a',
  'execute n1',
  'prepare p@ as select a from named',
  // COPY
  'copy (select 1::int4, $$a$$::text) to stdout (format binary)',
  'copy rows to stdout (format csv, header)',
  'select 1; copy (select 2) to stdout; select 3',
  // Large objects, within one text and across several
  "begin; select lo_create(@); select lo_open(@, 393216); select lowrite(0, 'abc'); commit",
  'begin; select lo_open(@, 262144); savepoint a; select lo_close(0); rollback to a; select loread(0, 2); commit',
];

/** The functions of schema `shared` that they call. */
export const moreRandomSchema = `
  create function shared.with_set() returns text language sql set app.tenant to '91' as $$ select current_setting('app.tenant') $$;
  create function shared.sets_within(i int) returns text language plpgsql set app.own to '92' as $$ begin
    perform set_config('app.own', i::text, false); perform set_config('app.tenant', i::text, false); return current_setting('app.own'); end $$;
  create procedure shared.committing(i int) language plpgsql as $$ begin
    perform shared.set_tenant(i); commit; perform set_config('app.own', i::text, false); end $$;
  create procedure shared.rolling_back(i int) language plpgsql as $$ begin
    perform shared.set_tenant(i); rollback; perform set_config('app.own', i::text, false); end $$;
`;
