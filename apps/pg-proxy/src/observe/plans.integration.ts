import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import type pg from 'pg';
import { RealRig } from '../testing/real-rig.ts';

describeReal('POSTGRES', 'plans by fingerprint', (where) => {
  let rig: RealRig;
  let client: pg.Client;
  let operator: pg.Client;
  beforeEach(async () => {
    const user = decodeURIComponent(new URL(where).username);
    const databases = { '*': { upstream: 'main' }, medrex: { upstream: 'main' } };
    rig = await RealRig.start(where, 'transaction', 2, undefined, { admin: { users: [user] }, databases });
    client = await rig.client();
    const console = new URL(rig.url);
    console.pathname = '/pgbouncer';
    operator = await rig.client({ connectionString: console.href, options: '' });
    await client.query(`create table ward (id int primary key, name text, since date);
      create view closed_ward as select id from ward where name = 'closed ward' and id > 40`);
  });
  afterEach(() => rig.close());

  const fingerprintOf = async (like: string): Promise<string> => {
    const text = 'select fingerprint from medrex.queries where query like $1';
    let found: string | undefined;
    await eventually(async () => {
      const { rows } = await operator.query<{ fingerprint: string }>(text, [like]);
      found = rows[0]?.fingerprint;
      return found !== undefined;
    });
    return found!;
  };
  const planOf = async (like: string): Promise<string> => {
    const { rows } = await operator.query<{ 'QUERY PLAN': string }>(`show plan ${await fingerprintOf(like)}`);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  };

  it('are generic plans, in the search path of the statement, without literals', async () => {
    await client.query("select name from ward where id = 4711 and name <> 'Smith' and since > date '2020-02-29'");
    const plan = await planOf('select name%');
    expect(plan).toMatch(/Index Scan using ward_pkey on ward .*\n.*Index Cond: \(id = \$1\)\n.*Filter:.*\$2/);
    expect(plan).not.toMatch(/4711|Smith|2020/);
    await client.query('select * from closed_ward');
    expect(await planOf('select * from closed_ward')).toMatch(/id > \?[^]*name = '\?'/);
  });

  it('run nothing', async () => {
    await client.query("insert into ward values (1, 'a'), (2, 'b')");
    await client.query('delete from ward where id > 1');
    await planOf('delete%');
    await planOf('insert%');
    expect((await client.query('select count(*)::int as count from ward')).rows).toEqual([{ count: 1 }]);
    await client.query('select 7; drop table if exists ward_of_nobody');
    expect(await planOf('%ward_of_nobody%')).toContain('no plan: only one SELECT');
  });

  it('may be missing, with a reason', async () => {
    await client.query('create table gone (id int); select * from gone; drop table gone');
    await client.query('create table gone (id int)');
    await client.query('select * from gone where id = 1');
    await client.query('drop table gone');
    expect(await planOf('select * from gone where%')).toContain('no plan: one of its tables does not exist');
    await expect(operator.query('show plan 0123456789abcdef')).rejects.toMatchObject({ code: '42704' });
    await expect(operator.query('show plan')).rejects.toMatchObject({ code: '42601' });
  });

  it('are a table, too, in every database: a SELECT that names a fingerprint requests its plan', async () => {
    await client.query('select since from ward where id = 1');
    const fingerprint = await fingerprintOf('select since%');
    const text = 'select plan, problem from medrex.plans where fingerprint = $1';
    await eventually(async () => (await client.query(text, [fingerprint])).rows.length > 0);
    const { rows } = await client.query<{ plan: string; problem: string | null }>(text, [fingerprint]);
    expect(rows).toEqual([{ plan: expect.stringContaining('Index Cond: (id = $1)'), problem: null }]);
  });
});
