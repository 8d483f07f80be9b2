import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import pg from 'pg';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { answer, BothWays, type Asked, type Connect } from '../testing/both-ways.ts';

describeReal('POSTGRES', 'a driver in transaction mode, compared with a direct connection,', (where) => {
  let ways: BothWays;
  beforeAll(async () => {
    ways = await BothWays.start(where);
  });
  afterAll(() => ways.close());

  it('gets results and errors with all their fields', async () => {
    await ways.sameSteps([
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

  it('gets currval of its own serial column, never of another client’s insert', async () => {
    await ways.same(async (connect) => {
      const [writer, reader] = [await connect(), await connect()];
      await writer.query(`insert into serial (note) values ('x')`);
      return [await answer(reader, "select currval('serial_id_seq')"), await answer(reader, 'select lastval()')];
    });
    await ways.tables();
    const asking: Asked[][] = [
      [
        { text: 'insert into serial (note) values ($1)', values: ['a'] },
        { text: 'select lastval()::int', values: [] },
      ],
      ["insert into serial (note) values ('b') returning 0", "select currval('serial_id_seq')::int"],
    ];
    for (const [index, steps] of asking.entries()) {
      const answers = (await ways.alone(
        (connect) => ways.run(connect, steps),
        (options) => ways.rig.client(options),
      )) as unknown[];
      expect(answers[1]).toMatchObject([{ rows: [{ [index === 0 ? 'lastval' : 'currval']: index + 1 }] }]);
    }
  });

  it('gets currval on its first request even if its own INSERT was the last on its backend', async () => {
    const database = `${ways.rig.schema}_fresh`;
    await ways.rig.direct.query(`create database ${database}`);
    ways.rig.reload({ databases: { '*': { upstream: 'main' }, [database]: { upstream: 'main', size: 1 } } });
    const there = { connectionString: Object.assign(new URL(ways.rig.url), { pathname: database }).href, options: '' };
    const [one, two] = [await ways.rig.client(there), await ways.rig.client(there)];
    await two.query('create table made (id serial, note text)');
    await two.query(`insert into made (note) values ('x')`);
    await one.query(`insert into made (note) values ('y')`);
    expect((await one.query('select lastval()::int')).rows).toEqual([{ lastval: 2 }]);
    expect(await answer(two, 'select lastval()')).toMatchObject({ code: '55000' });
    await Promise.all([one.end(), two.end()]);
    ways.rig.reload({});
    await ways.rig.direct.query(`drop database ${database} with (force)`);
  });

  it('returns with RESET to the settings it connected with', async () => {
    const options = {
      options: `-c search_path=${ways.rig.schema} -c work_mem=3MB -c datestyle=SQL`,
      application_name: 'mine',
    };
    const shown = `select current_setting('work_mem') w, current_setting('datestyle') d, current_setting('application_name') a`;
    await ways.sameSteps(
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

  it('is told of changed parameters', async () => {
    await ways.same(async (connect) => {
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

  it('keeps its backend once it has asked for its process id', async () => {
    const client = await ways.rig.client();
    const pids = new Set<number>();
    for (let times = 0; times < 3; times++) {
      pids.add((await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid);
      await ways.shuffle();
    }
    expect(pids.size).toBe(1);
    const told = new Promise<Error>((resolve) => client.once('error', resolve));
    await ways.rig.direct.query('select pg_terminate_backend($1)', [[...pids][0]]);
    expect((await told) as pg.DatabaseError).toMatchObject({ code: '57P01' });
  });

  it('keeps what a statement has left of which it fetched one row, as asyncpg and JDBC do', async () => {
    const client = await ways.rig.client();
    const pids = new Set<number>();
    for (let times = 0; times < 3; times++) {
      const cursor = client.query(new Cursor<{ pid: number }>('select pg_backend_pid() as pid'));
      pids.add((await cursor.read(1))[0]!.pid);
      await cursor.close();
      await ways.shuffle();
    }
    expect(pids.size).toBe(1);
    const lock = client.query(new Cursor('select pg_advisory_lock(7102), n from generate_series(1, 3) n'));
    expect([(await lock.read(1)).length, (await lock.read(9)).length]).toEqual([1, 2]);
    await lock.close();
    const unlocked = 'select pg_advisory_unlock(7102) as was from generate_series(1, 4)';
    expect((await client.query(unlocked)).rows).toEqual([true, true, true, false].map((was) => ({ was })));
    await client.end();
  });

  it('is notified with the process id that it was given', async () => {
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
    expect(await ways.same(own)).toEqual([true, true]);
  });

  it('is notified with pg_backend_pid() once it has asked for it, by itself and others', async () => {
    await ways.same(async (connect) => {
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

  it('reads portals in parts, stops halfway, and gets their errors', async () => {
    await ways.same(async (connect) => {
      const client = await connect();
      const cursor = client.query(new Cursor<{ n: number }>('select n, 10 / (50 - n) from generate_series(1, 100) n'));
      const parts = [(await cursor.read(3)).map(({ n }) => n), (await cursor.read(4)).map(({ n }) => n)];
      await cursor.close();
      await ways.shuffle();
      const failing = client.query(new Cursor<unknown>('select 10 / (50 - n) from generate_series(1, 100) n'));
      const failure = await failing.read(60).catch((error: unknown) => (error as pg.DatabaseError).code);
      const stream = client.query(new QueryStream('select n from generate_series(1, 1000) n', [], { batchSize: 7 }));
      let sum = 0;
      for await (const row of stream as AsyncIterable<{ n: number }>) sum += row.n;
      return [parts, failure, sum, await answer(client, 'select 1 as still')];
    });
  });

  it('gets pipelined answers in order, including what follows an error', async () => {
    await ways.same(async (connect) => {
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

  it('cancels what it runs and nothing else', async () => {
    await ways.same(async (connect) => {
      const client = await connect();
      const running = answer(client, 'select pg_sleep(600)');
      const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
      await eventually(async () => {
        const busy = `select 1 from pg_stat_activity where query = 'select pg_sleep(600)' and state = 'active'`;
        return (await ways.rig.direct.query(busy)).rowCount === 1;
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

  it('has its statements timed out as its session says', async () => {
    await ways.sameSteps(
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

  it('can reset its session as the pools of asyncpg, Npgsql and psycopg do', async () => {
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
    for (const reset of resets) await ways.sameSteps([...left, ...reset, ...cleaned, 'drop table if exists mine']);
    await ways.unpinned();
  });

  it('keeps temporary tables, held cursors, locks and SQL-prepared statements across transactions', async () => {
    await ways.sameSteps([
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
