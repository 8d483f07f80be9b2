import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import type pg from 'pg';
import { BothWays } from '../../testing/both-ways.ts';
import { RealRig } from '../../testing/real-rig.ts';

describeReal('POSTGRES', 'connections after a change of roles or databases', (where) => {
  let ways: BothWays;
  beforeAll(async () => {
    ways = await BothWays.start(where);
  });
  afterAll(() => ways.close());

  it.each(['autocommit', 'a transaction'])('start new sessions with defaults that were altered in %s', async (how) => {
    const { user, database } = ways.rig.direct;
    const altered = `alter role "${user}" in database "${database}"`;
    const value = how === 'autocommit' ? '31 days' : '32 days';
    const steps = how === 'autocommit' ? [''] : ['begin', 'commit'];
    const client = await ways.rig.client();
    await client.query(steps[0] ?? '');
    await client.query(`${altered} set pgproxy_test.kept to '${value}'`);
    await client.query(steps[1] ?? '');
    const seen = `select current_setting('pgproxy_test.kept', true) as kept`;
    const next = await ways.rig.client();
    for (let times = 0; times < 4; times++) {
      expect((await next.query(seen)).rows).toEqual([{ kept: value }]);
      await ways.shuffle();
    }
    await client.query(`${altered} reset pgproxy_test.kept`);
    await Promise.all([client.end(), next.end()]);
  });

  it('are replaced only for the role or database whose defaults were altered', async () => {
    // Of its own: whoever calls a function keeps his backend where somebody has asked for currval.
    const own = await RealRig.start(where, 'transaction', 4);
    const { user } = own.direct;
    const client = await own.client();
    const before = (await client.query<{ pid: number }>('select server_pid() as pid')).rows;
    const role = `altered_${process.pid}`;
    await own.direct.query(`create role ${role}`);
    await client.query(`alter role ${role} set work_mem to '8MB'`);
    await client.query(`alter role "${user}" in database template1 set work_mem to '8MB'`);
    expect((await client.query('select server_pid() as pid')).rows).toEqual(before);
    await client.query(`drop role ${role}`);
    expect((await client.query('select server_pid() as pid')).rows).toEqual(before);
    await client.query(`alter role "${user}" in database template1 reset work_mem`);
    await client.query(`alter role current_user set work_mem to default`);
    expect((await client.query('select server_pid() as pid')).rows).not.toEqual(before);
    await own.close();
  });

  it('are open to a role that was dropped and created again', async () => {
    const user = `again_${process.pid}`;
    const query = { user: decodeURIComponent(new URL(where).username) };
    const asked = await RealRig.start(where, 'transaction', 4, undefined, { auth: { userFile: 'users.txt', query } });
    const client = await asked.client();
    const created = async (): Promise<unknown> => {
      await client.query(`create role ${user} login superuser password 'secret'`);
      const url = new URL(asked.url);
      [url.username, url.password] = [user, 'secret'];
      const own = await asked.client({ connectionString: url.href });
      const { rows } = await own.query('select current_user as me');
      await own.end();
      await client.query(`drop role ${user}`);
      return rows;
    };
    expect([await created(), await created()]).toEqual([[{ me: user }], [{ me: user }]]);
    await asked.close();
  });

  it.each([
    ['transaction', 'simple'],
    ['transaction', 'unnamed'],
    ['transaction', 'named'],
    ['session', 'named'],
  ] as const)(
    'do not stand in the way of copying or dropping a database without clients: %s, %s',
    async (mode, way) => {
      const user = `leaver_${process.pid}`;
      const database = `left_${process.pid}`;
      const query = { user: decodeURIComponent(new URL(where).username) };
      const asked = await RealRig.start(where, mode, 4, undefined, { auth: { userFile: 'users.txt', query } });
      const client = await asked.client();
      const ask = (text: string): Promise<unknown> => {
        const extended = { text, queryMode: 'extended', ...(way === 'named' && { name: text }) } as pg.QueryConfig;
        return client.query(way === 'simple' ? text : extended);
      };
      await client.query(`create role ${user} login password 'secret'`);
      await ask(`create database ${database}`);
      const url = new URL(asked.url);
      [url.username, url.password, url.pathname] = [user, 'secret', database];
      const guest = await asked.client({ connectionString: url.href });
      await guest.query('select 1');
      await guest.end();
      await ask(`create database ${database}_too template ${database}`);
      await ask(`drop database ${database}_too`);
      await ask(`drop database ${database}`);
      expect((await client.query(`select from pg_database where datname like '${database}%'`)).rowCount).toBe(0);
      await client.query(`drop role ${user}`);
      await asked.close();
    },
  );
});
