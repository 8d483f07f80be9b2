import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import pg from 'pg';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { RealRig } from './testing/real-rig.ts';

type Connect = (options?: pg.ClientConfig) => Promise<pg.Client>;
type Asked = string | pg.QueryConfig;

/** Everything of an answer that a driver can show; names of the rig's schema are the same on both ways. */
async function answer(client: pg.Client, asked: Asked): Promise<unknown> {
  try {
    const results = (await client.query(asked)) as unknown as pg.QueryResult | pg.QueryResult[];
    return [results].flat().map(({ command, rowCount, rows, fields }) => {
      const columns = fields.map(({ name, dataTypeID, dataTypeSize, format }) => [
        name,
        dataTypeID,
        dataTypeSize,
        format,
      ]);
      return { command, rowCount, rows: rows as unknown, columns };
    });
  } catch (error) {
    const { code, message, detail, hint, position, severity, constraint, table, column, routine } =
      error as pg.DatabaseError;
    return { code, message, detail, hint, position, severity, constraint, table, column, routine };
  }
}

describeReal('POSTGRES', 'a driver in transaction mode and past the proxy', (where) => {
  let rig: RealRig;
  let other: pg.Client;
  let isBusy = false;
  /** Whoever asks next gets another backend than before. */
  const shuffle = async (): Promise<void> => {
    await other.query(isBusy ? 'commit' : 'begin; select 1');
    isBusy = !isBusy;
  };
  const run = async (connect: Connect, steps: readonly Asked[], options?: pg.ClientConfig): Promise<unknown[]> => {
    const client = await connect(options);
    const answers: unknown[] = [];
    for (const step of steps) {
      answers.push(await answer(client, step));
      await shuffle();
    }
    return answers;
  };
  const alone = async (script: (connect: Connect) => Promise<unknown>, connect: Connect): Promise<unknown> => {
    const clients: pg.Client[] = [];
    const answers = await script(async (options) => {
      const client = await connect(options);
      clients.push(client);
      return client;
    });
    await Promise.all(clients.map((client) => client.end()));
    return answers;
  };
  const tables = async (): Promise<void> => {
    await rig.direct.query(`drop table if exists ${rig.schema}.serial, ${rig.schema}.plain`);
    await rig.direct.query(`create table ${rig.schema}.serial (id serial primary key, note text not null unique)`);
    await rig.direct.query(`create table ${rig.schema}.plain (a int check (a > 0), b text)`);
  };
  const unpinned = (): Promise<unknown> => eventually(() => rig.running.proxy.host.pools.totals(0).pinned === 0);
  /** What happens directly happens through the proxy. */
  const same = async (script: (connect: Connect) => Promise<unknown>): Promise<unknown> => {
    await tables();
    const direct = await alone(script, (options) => rig.directClient(options));
    await tables();
    expect(await alone(script, (options) => rig.client(options))).toEqual(direct);
    return direct;
  };
  const sameSteps = (steps: readonly Asked[], options?: pg.ClientConfig): Promise<unknown> =>
    same((connect) => run(connect, steps, options));

  beforeAll(async () => {
    rig = await RealRig.start(where, 'transaction', 4);
    other = await rig.client();
  });
  afterAll(() => rig.close());

  it('shows results and errors with all their fields', async () => {
    await sameSteps([
      'select 1 as one, null::text as nothing, array[1,2] as list, now() - now() as span',
      {
        text: 'select $1::int8 as big, $2::jsonb as json, $3::bytea as bytes',
        values: ['9', '{"a":1}', Buffer.from('x')],
      },
      'select 1; select 2 as two; insert into plain values (1)',
      'select nonsense from plain',
      'insert into plain values (-1)',
      { text: 'insert into plain values ($1, $2)', values: ['x', 'y'] },
      "do $$ begin raise exception 'ä' using errcode = 'P1234', hint = 'h', detail = 'd'; end $$",
      '',
      'select 1/0',
      'update plain set b = $$z$$ returning a, b',
    ]);
  });

  it('keeps named statements apart that two clients call the same, as JDBC does', async () => {
    await same(async (connect) => {
      const [one, two] = [await connect(), await connect()];
      const rows: unknown[] = [];
      for (let round = 0; round < 4; round++) {
        rows.push(await answer(one, { name: 'S_1', text: 'select $1::int + 1 as sum', values: [round] }));
        await shuffle();
        rows.push(await answer(two, { name: 'S_1', text: 'select $1::text as said', values: [String(round)] }));
        rows.push(await answer(two, { name: `S_${round + 2}`, text: 'select nonsense', values: [] }));
      }
      return rows;
    });
  });

  it.each(['', 'begin'])('prepares a text anew when the session looks for its names elsewhere %s', async (begin) => {
    const text = 'select * from tables limit 0';
    await sameSteps([
      'create table if not exists tables (a int)',
      begin,
      ...[1, 2].map((round) => ({ name: `own_${round}`, text, values: [] })),
      'set search_path to information_schema',
      ...[1, 2].map((round) => ({ name: `other_${round}`, text, values: [] })),
    ]);
    // Nor does the one meet what the other has prepared.
    const connections = [await rig.client(), await rig.client({ options: '-c search_path=information_schema' })];
    for (const client of [...connections, ...connections]) {
      await answer(client, { name: `again_${connections.indexOf(client)}`, text, values: [] }).then((shown) => {
        expect(JSON.stringify(shown)).not.toContain('cached plan');
      });
    }
    await Promise.all(connections.map((client) => client.end()));
  });

  it('shows a client the statements that it has prepared, and nobody else', async () => {
    await other.query({ name: 'of_another', text: 'select 1 as theirs' });
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
    const [, , first] = (await sameSteps(steps)) as [unknown, unknown, unknown];
    expect(first).toMatchObject([{ rowCount: 2 }]);
    await unpinned();
  });

  it.each([
    ['', ''],
    ['begin', 'rollback'],
  ])(
    'lets who prepares a text meet the columns of now, and not those of whoever did it before %s',
    async (begin, end) => {
      await same(async (connect) => {
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
    },
  );

  it('lets who prepares a text meet the columns of now, also where ROLLBACK has taken the table of before', async () => {
    await same(async (connect) => {
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

  it('lets SQL speak of a statement by the name that the protocol has given it, as asyncpg does', async () => {
    const mine = { name: 'Mine', text: 'select $1::int as mine', values: [1] };
    await other.query({ name: 'Mine', text: 'select 2 as theirs' });
    const steps = [
      mine,
      { text: 'execute "Mine" (3)', values: [] },
      'execute "Mine" (4)',
      'explain (costs off) execute "Mine" (5)',
      { text: 'deallocate "Mine"', values: [] },
      'execute "Mine" (6)',
      'deallocate all',
    ];
    const [, first] = (await sameSteps(steps)) as [unknown, unknown];
    expect(JSON.stringify(first)).toContain('"mine":3');
    await unpinned();
  });

  it('answers currval after a serial column of its own, and never with what another has inserted', async () => {
    await same(async (connect) => {
      const [writer, reader] = [await connect(), await connect()];
      await writer.query(`insert into serial (note) values ('x')`);
      return [await answer(reader, "select currval('serial_id_seq')"), await answer(reader, 'select lastval()')];
    });
    await tables();
    const ways: Asked[][] = [
      [
        { text: 'insert into serial (note) values ($1)', values: ['a'] },
        { text: 'select lastval()::int', values: [] },
      ],
      ["insert into serial (note) values ('b') returning 0", "select currval('serial_id_seq')::int"],
    ];
    for (const [index, steps] of ways.entries()) {
      const answers = (await alone(
        (connect) => run(connect, steps),
        (options) => rig.client(options),
      )) as unknown[];
      expect(answers[1]).toMatchObject([{ rows: [{ [index === 0 ? 'lastval' : 'currval']: index + 1 }] }]);
    }
  });

  it('answers the first who ever asks for currval where its own INSERT was the last on its backend', async () => {
    const database = `${rig.schema}_fresh`;
    await rig.direct.query(`create database ${database}`);
    rig.reload({ databases: { '*': { upstream: 'main' }, [database]: { upstream: 'main', size: 1 } } });
    const there = { connectionString: Object.assign(new URL(rig.url), { pathname: database }).href, options: '' };
    const [one, two] = [await rig.client(there), await rig.client(there)];
    await two.query('create table made (id serial, note text)');
    await two.query(`insert into made (note) values ('x')`);
    await one.query(`insert into made (note) values ('y')`);
    expect((await one.query('select lastval()::int')).rows).toEqual([{ lastval: 2 }]);
    expect(await answer(two, 'select lastval()')).toMatchObject({ code: '55000' });
    await Promise.all([one.end(), two.end()]);
    rig.reload({});
    await rig.direct.query(`drop database ${database} with (force)`);
  });

  it('goes back with RESET to what the connection began with', async () => {
    const options = {
      options: `-c search_path=${rig.schema} -c work_mem=3MB -c datestyle=SQL`,
      application_name: 'mine',
    };
    const shown = `select current_setting('work_mem') w, current_setting('datestyle') d, current_setting('application_name') a`;
    await sameSteps(
      [
        ...['set work_mem to 99999', "set application_name to 'x'", shown],
        ...[
          'reset work_mem',
          shown,
          'begin',
          'set datestyle to German',
          shown,
          'reset datestyle',
          shown,
          'commit',
          shown,
        ],
        ...["set work_mem to '5MB'", 'reset all', shown, 'begin', "set work_mem to '6MB'", 'set work_mem to default'],
        ...[
          shown,
          'rollback',
          shown,
          'create temp table pins (a int)',
          "set work_mem to '7MB'",
          'reset work_mem',
          shown,
        ],
        ...['discard all', shown],
      ],
      options,
    );
  });

  it('reports parameters as they change', async () => {
    await same(async (connect) => {
      const client = await connect({ application_name: 'mine' });
      const changes: string[] = [];
      const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
      connection.on('parameterStatus', ({ parameterName, parameterValue }: Record<string, string>) => {
        changes.push(`${parameterName}=${parameterValue}`);
      });
      for (const text of [
        "set application_name to 'other'",
        "set timezone to 'Asia/Tokyo'",
        'begin',
        'reset all',
        'commit',
      ])
        await client.query(text);
      await client.query('select 1');
      const [first, second, ...rest] = changes;
      return [first, second, new Map(rest.map((change) => change.split('=') as [string, string]))];
    });
  });

  it('knows its backend again that it has asked for its process id', async () => {
    const client = await rig.client();
    const pids = new Set<number>();
    for (let times = 0; times < 3; times++) {
      pids.add((await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid);
      await shuffle();
    }
    expect(pids.size).toBe(1);
    const told = new Promise<Error>((resolve) => client.once('error', resolve));
    await rig.direct.query('select pg_terminate_backend($1)', [[...pids][0]]);
    expect((await told) as pg.DatabaseError).toMatchObject({ code: '57P01' });
  });

  it('knows what a statement has left behind of which it wanted one row, as asyncpg and JDBC ask', async () => {
    const client = await rig.client();
    const pids = new Set<number>();
    for (let times = 0; times < 3; times++) {
      const cursor = client.query(new Cursor<{ pid: number }>('select pg_backend_pid() as pid'));
      pids.add((await cursor.read(1))[0]!.pid);
      await cursor.close();
      await shuffle();
    }
    expect(pids.size).toBe(1);
    const lock = client.query(new Cursor('select pg_advisory_lock(7102), n from generate_series(1, 3) n'));
    expect([(await lock.read(1)).length, (await lock.read(9)).length]).toEqual([1, 2]);
    await lock.close();
    const unlocked = 'select pg_advisory_unlock(7102) as was from generate_series(1, 4)';
    expect((await client.query(unlocked)).rows).toEqual([true, true, true, false].map((was) => ({ was })));
    await client.end();
  });

  it.each(['autocommit', 'a transaction'])('begins new sessions with defaults that were altered in %s', async (how) => {
    const { user, database } = rig.direct;
    const altered = `alter role "${user}" in database "${database}"`;
    const value = how === 'autocommit' ? '31 days' : '32 days';
    const steps = how === 'autocommit' ? [''] : ['begin', 'commit'];
    const client = await rig.client();
    await client.query(steps[0] ?? '');
    await client.query(`${altered} set pgproxy_test.kept to '${value}'`);
    await client.query(steps[1] ?? '');
    const seen = `select current_setting('pgproxy_test.kept', true) as kept`;
    const next = await rig.client();
    for (let times = 0; times < 4; times++) {
      expect((await next.query(seen)).rows).toEqual([{ kept: value }]);
      await shuffle();
    }
    await client.query(`${altered} reset pgproxy_test.kept`);
    await Promise.all([client.end(), next.end()]);
  });

  it('replaces the backends of the role or database alone whose defaults were altered', async () => {
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

  it('lets a role in that was dropped and created again', async () => {
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
  ] as const)('copies and drops a database whose clients have gone: %s, %s', async (mode, way) => {
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
  });

  it('notifies with the process id that the client has been given', async () => {
    const own = async (connect: Connect): Promise<unknown> => {
      const client = await connect();
      const heard: boolean[] = [];
      client.on('notification', ({ processId }) =>
        heard.push(processId === (client as unknown as { processID: number }).processID),
      );
      await client.query(`listen own; notify own, 'x'`);
      await client.query(`notify own, 'y'`);
      await eventually(() => heard.length === 2);
      return heard;
    };
    expect(await same(own)).toEqual([true, true]);
  });

  it('notifies with pg_backend_pid() whoever has asked for it, itself and others', async () => {
    await same(async (connect) => {
      const [client, listener] = [await connect(), await connect()];
      const heard: number[] = [];
      for (const one of [client, listener]) {
        one.on('notification', ({ processId }) => heard.push(processId));
        await one.query('listen asked');
      }
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      await client.query('notify asked');
      await eventually(() => heard.length === 2);
      return heard.map((processId) => processId === rows[0]?.pid);
    });
  });

  it('reads portals in parts, stops in the middle, and hears of errors there', async () => {
    await same(async (connect) => {
      const client = await connect();
      const cursor = client.query(new Cursor<{ n: number }>('select n, 10 / (50 - n) from generate_series(1, 100) n'));
      const parts = [(await cursor.read(3)).map(({ n }) => n), (await cursor.read(4)).map(({ n }) => n)];
      await cursor.close();
      await shuffle();
      const failing = client.query(new Cursor<unknown>('select 10 / (50 - n) from generate_series(1, 100) n'));
      const failure = await failing.read(60).catch((error: unknown) => (error as pg.DatabaseError).code);
      const stream = client.query(new QueryStream('select n from generate_series(1, 1000) n', [], { batchSize: 7 }));
      let sum = 0;
      for await (const row of stream as AsyncIterable<{ n: number }>) sum += row.n;
      return [parts, failure, sum, await answer(client, 'select 1 as still')];
    });
  });

  it('answers what is pipelined in order, and what comes behind an error', async () => {
    await same(async (connect) => {
      const client = await connect({ pipeline: true });
      const asked: Asked[] = [
        'select 1 as a',
        { text: 'select $1::int as b', values: [2] },
        { name: 'c', text: 'select $1::int as c', values: [3] },
        { name: 'd', text: 'select nonsense', values: [] },
        { name: 'c', text: 'select $1::int as c', values: [4] },
        "set work_mem to '9MB'",
        'show work_mem',
        'begin',
        { text: 'insert into plain values ($1)', values: [-1] },
        'select 5',
        'rollback',
        { text: 'select count(*)::int from plain', values: [] },
      ];
      return Promise.all(asked.map((each) => answer(client, each)));
    });
  });

  it('cancels what runs, and nothing else', async () => {
    await same(async (connect) => {
      const client = await connect();
      const running = answer(client, 'select pg_sleep(600)');
      const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
      await eventually(async () => {
        const busy = `select 1 from pg_stat_activity where query = 'select pg_sleep(600)' and state = 'active'`;
        return (await rig.direct.query(busy)).rowCount === 1;
      });
      const { connectionParameters: at } = client as unknown as {
        connectionParameters: { host: string; port: number };
      };
      const { Connection } = pg as unknown as { Connection: new () => pg.Connection };
      const messenger = new Connection() as unknown as Record<string, (...of: unknown[]) => void>;
      messenger['on']!('connect', () => messenger['cancel']!(processID, secretKey));
      messenger['connect']!(at.port, at.host);
      return [await running, await answer(client, 'select 1 as after')];
    });
  });

  it('times out statements as the session says', async () => {
    await sameSteps(
      [
        'select pg_sleep(60)',
        'set statement_timeout to 0',
        'select 1 as a',
        'begin',
        'set local statement_timeout to 20',
        'select pg_sleep(60)',
        'rollback',
        'show statement_timeout',
        'reset statement_timeout',
        'select pg_sleep(60)',
      ],
      { statement_timeout: 50 },
    );
  });

  it('cleans up as asyncpg, Npgsql and psycopg do when a connection goes back to their pool', async () => {
    const left = [
      'create temp table mine (a int)',
      'listen mine',
      'select pg_advisory_lock(7)',
      "set work_mem to '2MB'",
    ];
    const cleaned = [
      'select count(*)::int from pg_listening_channels()',
      'show work_mem',
      `select count(*)::int from pg_locks where locktype = 'advisory' and objid = 7`,
    ];
    const resets = [
      ['SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;'],
      ['DISCARD ALL'],
      ['CLOSE ALL; UNLISTEN *; SELECT pg_advisory_unlock_all(); DISCARD SEQUENCES; DISCARD TEMP'],
      ['rollback', 'reset all', 'set session authorization default', 'unlisten *', 'select pg_advisory_unlock_all()'],
    ];
    for (const reset of resets) await sameSteps([...left, ...reset, ...cleaned, 'drop table if exists mine']);
    await unpinned();
  });

  it('keeps temporary tables, held cursors, locks and statements of SQL over transactions', async () => {
    await sameSteps([
      'create temp table kept on commit preserve rows as select 1 as a',
      'declare held cursor with hold for select generate_series(1, 5) as n',
      'fetch 2 held',
      'begin; insert into kept values (2); commit',
      'fetch 2 held',
      'select * from kept',
      'prepare twice (int) as select $1 * 2 as twice',
      'execute twice(4)',
      'close held',
      'fetch held',
      'select pg_try_advisory_lock(41), pg_advisory_unlock(41), pg_advisory_unlock(41)',
      'drop table kept',
      'select * from kept',
      'deallocate twice',
      'execute twice(1)',
    ]);
  });
});
