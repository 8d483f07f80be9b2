import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import pg from 'pg';
import { RealRig } from '../testing/real-rig.ts';

describeReal('POSTGRES', 'CONNECTION LIMIT of the server', (where) => {
  const databases = [`limits_one_${process.pid}`, `limits_other_${process.pid}`];
  const role = `limited_${process.pid}`;
  let rig: RealRig;
  beforeEach(async () => {
    const identities = [{ user: 'alice', as: role, password: { file: 'password' } }];
    rig = await RealRig.start(where, 'transaction', 4, undefined, { identities });
    await rig.direct.query(`create role ${role} login password 'secret'`);
    for (const name of databases) await rig.direct.query(`create database ${name}`);
  });
  afterEach(async () => {
    await rig.close();
    const direct = new pg.Client({ connectionString: where });
    await direct.connect();
    for (const name of databases) await direct.query(`drop database ${name} with (force)`);
    await direct.query(`drop role ${role}`);
    await direct.end();
  });

  /** Who connects, asks and leaves, as the server knows him. */
  async function visit(database: string | undefined, user: string | undefined): Promise<string | undefined> {
    const url = new URL(rig.url);
    url.pathname = `/${database}`;
    url.username = user ?? url.username;
    const client = await rig.client({ connectionString: url.href, options: '' });
    const { rows } = await client.query<{ who: string }>('select current_user as who');
    await client.end();
    return rows[0]?.who;
  }

  it.each([
    ['role', `alter role ${role} connection limit 1`, [0, 1], ['alice', 'alice']],
    ['database', `alter database ${databases[1]} connection limit 1`, [1, 1], [undefined, 'alice']],
  ] as const)('of a %s keeps nobody out for those who have left', async (_, limit, places, people) => {
    await rig.direct.query(limit);
    await visit(databases[places[0]], people[0]);
    expect(await visit(databases[places[1]], people[1])).toBe(role);
    await visit(databases[places[0]], people[0]);
  });
});
