import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import type pg from 'pg';
import { RealRig } from '../testing/real-rig.ts';

const role = 'defined_outside_role';
/** What is asked, and what somebody defines past the proxy. */
const defined = [
  ['select count(*) as n from pg_publication', 'create publication outside'],
  [`select rolcanlogin as n from pg_roles where rolname = '${role}'`, `alter role ${role} login`],
  [
    "select count(*) as n from pg_ts_config where cfgname = 'outside'",
    'create text search configuration outside (copy = simple)',
  ],
  ["select count(*) as n from pg_collation where collname = 'outside'", `create collation outside from "C"`],
  ['select count(*) as n from pg_statistic_ext', 'create statistics outside on a, b from ward'],
  [
    "select seqincrement as n from pg_sequence where seqrelid = 'counter'::regclass",
    'alter sequence counter increment 7',
  ],
  ["select pg_get_serial_sequence('ward', 'a') as n from pg_class limit 1", 'alter sequence counter owned by ward.a'],
  [
    'select count(*) as n from pg_event_trigger',
    'create event trigger outside on ddl_command_end execute function tell()',
  ],
  [
    'select count(*) as n from pg_foreign_server',
    'create foreign data wrapper outside; create server outside foreign data wrapper outside',
  ],
  ['select count(*) as n from pg_default_acl', `alter default privileges grant select on tables to ${role}`],
  ["select count(*) as n from pg_opfamily where opfname = 'outside'", 'create operator family outside using btree'],
  [
    "select count(*) as n from information_schema.sequences where increment = '7'",
    'alter sequence counter increment 7',
  ],
] as const;

describeReal('POSTGRES', 'cached answers about definitions that change outside of pg-proxy', (where) => {
  let rig: RealRig;
  let reader: pg.Client;
  const caches = () => rig.running.proxy.host.caches!;
  const ask = async (client: pg.Client, text: string): Promise<unknown> =>
    (await client.query<{ n: unknown }>(text)).rows[0]?.n;

  beforeEach(async () => {
    rig = await RealRig.start(where, 'transaction', 5, undefined, {
      cache: { metadata: true, pollMs: 200, ttlMs: 600_000, hitRatioMin: 0 },
      classes: { isOn: false },
    });
    await rig.direct.query(`create role ${role}; set search_path to ${rig.schema}; create table ward (a int, b int);
      create sequence counter; create function tell() returns event_trigger language plpgsql as 'begin end'`);
    reader = await rig.client();
    await reader.query('select 1');
    await eventually(() => caches().databases()[0]?.[1].isOn === true, 10_000);
  });
  afterEach(async () => {
    await rig.direct.query(`drop event trigger if exists outside; drop publication if exists outside;
      drop foreign data wrapper if exists outside cascade; drop owned by ${role}; drop role ${role}`);
    await rig.close();
  });

  it.each(defined)('are kept, and forgotten soon: %s', async (text, ddl) => {
    const before = await ask(reader, text);
    const { hits } = caches().answers.metadata.counts;
    expect(await ask(reader, text)).toEqual(before);
    expect(caches().answers.metadata.counts.hits).toBe(hits + 1);
    await rig.direct.query(ddl);
    const after = await ask(rig.direct, text);
    expect(after).not.toEqual(before);
    await eventually(async () => (await ask(reader, text)) === after, 4_000);
  });

  it('stay when somebody creates something temporary', async () => {
    const text = 'select count(*) as n from pg_class';
    await ask(reader, text);
    const { outside } = caches().invalidated;
    await rig.direct.query(`create temp table own (id serial primary key, b int check (b > 0) default 5);
      create temp view seen as select * from own; create statistics pg_temp.s on id, b from own;
      create index on own (b); comment on column own.b is 'no'`);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(caches().invalidated.outside).toBe(outside);
  });
});
