import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import type pg from 'pg';
import { people, RealRig } from '../testing/real-rig.ts';

const size = 2;

describeReal('POSTGRES', 'clients of several users who share one user of the server', (where) => {
  const url = new URL(where);
  const database = url.pathname.slice(1);
  const as = (user: string) => ({
    admin: { users: ['alice'] },
    cache: { rules: [{}], pollMs: 300 },
    databases: { [database]: { upstream: 'main', user, password: { file: 'password' } } },
  });
  const login = decodeURIComponent(url.username);
  let rig: RealRig;
  beforeAll(async () => {
    rig = await RealRig.start(where, 'transaction', size, undefined, as(login));
  });
  afterAll(() => rig.close());

  const client = (user: string, of = rig): Promise<pg.Client> => {
    const at = new URL(of.url);
    at.username = user;
    return of.client({ connectionString: at.href, application_name: of.schema });
  };
  /** At the server: who has how many connections of these clients. */
  const logins = async (): Promise<Record<string, number>> => {
    const { rows } = await rig.direct.query<{ name: string; count: number }>(
      'select usename::text as name, count(*)::int from pg_stat_activity where application_name = $1 group by 1',
      [rig.schema],
    );
    return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
  };
  const rowsOf = async (of: pg.Client, text: string): Promise<unknown[]> =>
    (await of.query<unknown[]>({ text, rowMode: 'array' })).rows;

  it('share backends, which the console shows', async () => {
    const clients = await Promise.all(people.map((user) => client(user)));
    for (let round = 0; round < 5; round++)
      await Promise.all(clients.map((each) => each.query('select pg_sleep(0.01)')));
    expect(await logins()).toEqual({ [login]: size });
    const [alice] = clients as [pg.Client];
    const pools = `select "database", user_name, cl_active from medrex.pools`;
    expect(await rowsOf(alice, pools)).toEqual([[database, login, people.length]]);
    expect(await rowsOf(alice, 'select distinct user_name from medrex.servers')).toEqual([[login]]);
    const names = 'select user_name from medrex.clients order by 1';
    expect(await rowsOf(alice, names)).toEqual(people.map((user) => [user]));
    await Promise.all(clients.map((each) => each.end()));
  });

  it('never see what another one has left', async () => {
    const alice = await client('alice');
    await alice.query(`set app.who = 'alice'; set search_path = pg_catalog`);
    await alice.query({ name: 'of alice', text: 'select 1 as one' });
    const bob = await client('bob');
    // The backend that was used last is the next to be used.
    expect(await rowsOf(bob, `select current_setting('app.who', true), current_schema()`)).toEqual([
      [expect.not.stringContaining('alice'), rig.schema],
    ]);
    expect(await rowsOf(bob, 'select count(*)::int from pg_prepared_statements')).toEqual([[0]]);
    await bob.query('deallocate all');
    await alice.query('create temp table own (a int); select pg_advisory_lock(815); listen alices');
    expect(await rowsOf(bob, `select to_regclass('pg_temp.own'), pg_try_advisory_lock(815)`)).toEqual([[null, false]]);
    await alice.end();
    const carol = await client('carol');
    await eventually(
      async () => (await rowsOf(carol, 'select pg_try_advisory_xact_lock(815)'))[0]?.toString() === 'true',
    );
    for (const each of [bob, carol]) {
      expect(await rowsOf(each, `select to_regclass('pg_temp.own')`)).toEqual([[null]]);
      expect(await rowsOf(each, 'select count(*)::int from pg_listening_channels()')).toEqual([[0]]);
      expect(await rowsOf(each, 'show search_path')).toEqual([[rig.schema]]);
      await each.end();
    }
  });

  it('get a backend as if it were new, in session mode', async () => {
    const single = await RealRig.start(where, 'session', 1, undefined, as(login));
    const pid = 'select pg_backend_pid()';
    try {
      const alice = await client('alice', single);
      const before = await rowsOf(alice, pid);
      await alice.query(`set app.who = 'alice'; create temp table own (a int); listen alices; prepare p as select 1`);
      await alice.query('select pg_advisory_lock(816)');
      await alice.end();
      const bob = await client('bob', single);
      expect(await rowsOf(bob, pid)).toEqual(before);
      expect(
        await rowsOf(
          bob,
          `select coalesce(current_setting('app.who', true), ''), to_regclass('pg_temp.own'),
             (select count(*)::int from pg_listening_channels()), (select count(*)::int from pg_prepared_statements),
             (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())`,
        ),
      ).toEqual([['', null, 0, 0, 0]]);
    } finally {
      await single.close();
    }
  });

  it('get no cached answers given to another user or under other settings', async () => {
    await rig.direct.query(
      `create table ${rig.schema}.notes (whose text);
       insert into ${rig.schema}.notes values ('alice'), ('bob');
       create view ${rig.schema}.own_notes as
         select whose from ${rig.schema}.notes where whose = current_setting('app.who', true)`,
    );
    const [alice, bob] = [await client('alice'), await client('bob')];
    const caches = rig.running.proxy.host.caches!;
    const isHit = async (of: pg.Client): Promise<boolean> => {
      const before = caches.answers.rows.counts.hits;
      expect(await rowsOf(of, 'select count(*)::int from notes')).toEqual([[2]]);
      return caches.answers.rows.counts.hits > before;
    };
    await eventually(() => isHit(alice), 10_000);
    expect([await isHit(bob), await isHit(bob)]).toEqual([false, true]);
    await alice.query(`set app.who = 'alice'`);
    await bob.query(`set app.who = 'bob'`);
    for (let round = 0; round < 3; round++) {
      expect(await rowsOf(alice, 'select whose from own_notes')).toEqual([['alice']]);
      expect(await rowsOf(bob, 'select whose from own_notes')).toEqual([['bob']]);
    }
    await Promise.all([alice.end(), bob.end()]);
  });

  it('run nothing under the settings of another one if the server no longer takes their own', async () => {
    const [alice, bob] = [await client('alice'), await client('bob')];
    const gone = `${rig.schema}.gone`;
    await rig.direct.query(`create text search configuration ${gone} (copy = simple)`);
    await alice.query(`set app.who = 'alice'; set default_text_search_config = '${gone}'`);
    await rig.direct.query(`drop text search configuration ${gone}`);
    await bob.query(`set app.who = 'bob'`);
    // Her session cannot go on. The backend that was used last is that of Bob.
    await expect(rowsOf(alice, `select current_setting('app.who')`)).rejects.toMatchObject({ code: '22023' });
    await expect(rowsOf(alice, 'select 1')).rejects.toThrow();
    expect(await rowsOf(bob, `select current_setting('app.who')`)).toEqual([['bob']]);
    await bob.end();
  });

  it('log in as another user after a RELOAD that says so, and existing clients go on', async () => {
    const role = rig.schema;
    await rig.direct.query(`create role ${role} login password '${decodeURIComponent(url.password || 'secret')}'`);
    await rig.direct.query(`grant usage on schema ${role} to ${role}`);
    const who = 'select current_user::text';
    const before = [await client('alice'), await client('bob')];
    for (const each of before) expect(await rowsOf(each, who)).toEqual([[login]]);
    rig.reload(as(role));
    const after = [await client('carol'), await client('dave')];
    for (let round = 0; round < 3; round++) {
      for (const each of before) expect(await rowsOf(each, who)).toEqual([[login]]);
      for (const each of after) expect(await rowsOf(each, who)).toEqual([[role]]);
    }
    const now = await logins();
    expect([now[login], now[role]].map((count = 0) => count > 0 && count <= size)).toEqual([true, true]);
    await Promise.all([...before, ...after].map((each) => each.end()));
    rig.reload(as(login));
    await rig.direct.query(`drop owned by ${role}`);
    await rig.direct.query(`drop role ${role}`);
  });
});
