import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import type pg from 'pg';
import { answer, BothWays } from '../../testing/both-ways.ts';

describeReal('POSTGRES', 'prepared statements in transaction mode, compared with a direct connection,', (where) => {
  let ways: BothWays;
  beforeAll(async () => {
    ways = await BothWays.start(where);
  });
  afterAll(() => ways.close());

  it('are separate for two clients that use the same name, as JDBC does', async () => {
    await ways.same(async (connect) => {
      const [one, two] = [await connect(), await connect()];
      const rows: unknown[] = [];
      for (let round = 0; round < 4; round++) {
        rows.push(await answer(one, { name: 'S_1', text: 'select $1::int + 1 as sum', values: [round] }));
        await ways.shuffle();
        rows.push(await answer(two, { name: 'S_1', text: 'select $1::text as said', values: [String(round)] }));
        rows.push(await answer(two, { name: `S_${round + 2}`, text: 'select nonsense', values: [] }));
      }
      return rows;
    });
  });

  it('are reported by the name that was used, even if another name of the client means the same', async () => {
    const of = (name: string, values: number[]): pg.QueryConfig => ({ name, text: 'select $1::int as a', values });
    await ways.sameSteps([of('one', [1]), of('two', [1]), of('two', []), of('one', [])]);
  });

  it.each(['', 'begin'])('are prepared again when the session resolves names elsewhere %s', async (begin) => {
    const text = 'select * from tables limit 0';
    await ways.sameSteps([
      'create table if not exists tables (a int)',
      begin,
      ...[1, 2].map((round) => ({ name: `own_${round}`, text, values: [] })),
      'set search_path to information_schema',
      ...[1, 2].map((round) => ({ name: `other_${round}`, text, values: [] })),
    ]);
    // Nor does the one meet what the other has prepared.
    const connections = [
      await ways.rig.client(),
      await ways.rig.client({ options: '-c search_path=information_schema' }),
    ];
    for (const client of [...connections, ...connections]) {
      await answer(client, { name: `again_${connections.indexOf(client)}`, text, values: [] }).then((shown) => {
        expect(JSON.stringify(shown)).not.toContain('cached plan');
      });
    }
    await Promise.all(connections.map((client) => client.end()));
  });

  const ofPlain = (name: string): pg.QueryConfig => ({ name, text: 'select * from plain', values: [] });
  const [before, behind] = [ofPlain('before'), ofPlain('behind')];
  const temporary = (end: string): string => `create temp table plain (a int, b text) on commit ${end}`;
  const filled = "insert into plain values (2, 'temporary')";
  const reader = `create or replace function read_plain() returns text language plpgsql as
    $$ begin return (select string_agg(b, ',') from plain); end $$`;
  const read = 'select read_plain()';

  it.each([
    [['create temp table first (a int)', before, temporary('preserve rows'), behind, filled, behind, before]],
    [[before, temporary('preserve rows'), filled, before, behind, 'discard temp', before, behind]],
    [[before, 'begin', before, temporary('drop'), filled, before, behind, 'commit', before, behind]],
    [[before, 'begin', temporary('preserve rows'), behind, filled, before, 'rollback', before, behind]],
    [[reader, read, read, read, temporary('preserve rows'), filled, read, { text: read, values: [] }]],
    [[reader, read, read, read, 'begin', { text: temporary('drop'), values: [] }, filled, read, 'commit', read]],
    [[before, 'select count(*) from pg_prepared_statements', temporary('preserve rows'), before, behind]],
  ])('read a temporary table that now hides another one: %#', async (steps) => {
    // From the second round on backends have had temporary tables.
    for (let round = 0; round < 3; round++) await ways.sameSteps(["insert into plain values (1, 'plain')", ...steps]);
  });

  it('are shown to their client only', async () => {
    await ways.other.query({ name: 'of_another', text: 'select 1 as theirs' });
    const mine = 'select name, statement, parameter_types::text from pg_prepared_statements order by name';
    const steps = [
      { name: 'mine', text: 'select $1::int as mine', values: [1] },
      { name: 'too', text: 'select 2 as too' },
      mine,
      { name: 'mine', text: 'select $1::int as mine', values: [2] },
      { name: 'later', text: 'select 3 as later' },
      mine,
      'prepare by_sql as select 4',
      'deallocate mine',
      mine,
      'deallocate all',
      { text: mine, values: [] },
      { name: 'again', text: 'select 5 as again' },
      // Fails, and what was prepared for it stays with this client.
      { text: `${mine} limit 1 / $1::int`, values: [0] },
      { name: 'again', text: 'select 5 as again' },
    ];
    const [, , first] = (await ways.sameSteps(steps)) as [unknown, unknown, unknown];
    expect(first).toMatchObject([{ rowCount: 2 }]);
    await ways.unpinned();
  });

  it.each([
    ['', ''],
    ['begin', 'rollback'],
  ])('meet the current columns when prepared, not those of whoever prepared them before %s', async (begin, end) => {
    await ways.same(async (connect) => {
      const [one, two] = [await connect(), await connect()];
      const ask = (client: pg.Client, name: string): Promise<unknown> =>
        answer(client, { name, text: `select *, '${begin}' as how from plain`, values: [] });
      const answers = [await ask(one, 'before')];
      const steps = [begin, 'alter table plain add c int default 7', 'insert into plain values (1)'];
      for (const step of steps) answers.push(await answer(one, step));
      answers.push(await ask(one, 'within'));
      if (end !== '') answers.push(await answer(one, end));
      return [...answers, await ask(one, 'after'), await ask(two, 'new')];
    });
  });

  it('meet the current columns when prepared, also if ROLLBACK has removed the former table', async () => {
    await ways.same(async (connect) => {
      const client = await connect();
      const answers: unknown[] = [];
      for (const [round, type] of ['int', 'text'].entries()) {
        const ask = { name: `of_${type}`, text: 'select * from taken_back', values: [] };
        const create = `create table taken_back (a ${type})`;
        for (const step of ['begin', create, ask, 'savepoint s', 'rollback to s', ask, 'rollback'])
          answers.push(round, await answer(client, step));
      }
      return answers;
    });
  });

  it('can be referred to in SQL by their protocol-level names, as asyncpg does', async () => {
    const mine = { name: 'Mine', text: 'select $1::int as mine', values: [1] };
    await ways.other.query({ name: 'Mine', text: 'select 2 as theirs' });
    const steps = [
      mine,
      { text: 'execute "Mine" (3)', values: [] },
      'execute "Mine" (4)',
      'explain (costs off) execute "Mine" (5)',
      { text: 'deallocate "Mine"', values: [] },
      'execute "Mine" (6)',
      'deallocate all',
    ];
    const [, first] = (await ways.sameSteps(steps)) as [unknown, unknown];
    expect(JSON.stringify(first)).toContain('"mine":3');
    await ways.unpinned();
  });
});
