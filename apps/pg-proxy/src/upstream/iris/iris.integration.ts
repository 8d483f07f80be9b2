import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { pgjdbcJar } from '@medrex/iris/testing';
import { cancelRequest } from '@medrex/pg-wire';
import { connect } from 'node:net';
import type pg from 'pg';
import { IrisRig } from '../../testing/iris-rig.ts';
import { run } from '../../testing/real-rig.ts';

const jar = pgjdbcJar();

describeReal('POSTGRES', 'pg-proxy in front of a stand-in for IRIS', (where) => {
  if (jar === undefined) {
    it.skip('needs a JDK, and pgjdbc from Maven', () => undefined);
    return;
  }

  describe('on IRIS 2025.2', () => {
    let rig: IrisRig;
    let client: pg.Client;

    beforeAll(async () => {
      rig = await IrisRig.start({ where, jar });
      client = await rig.client();
      await client.query(
        'create table patients (id int primary key, name varchar(50), born date, active boolean, score numeric(10, 2), note text)',
      );
    });

    afterAll(async () => rig.close());

    it('creates, inserts and selects as PostgreSQL does, by its types', async () => {
      await client.query(
        "insert into patients values (1, 'Ann', '1980-02-29', true, 1.5, 'x'), (2, 'ann', null, false, .25, null)",
      );
      const { rows, command, rowCount, fields } = await client.query<Record<string, unknown>>(
        'select id, name, active, score, note from patients order by name, id',
      );
      expect([command, rowCount]).toEqual(['SELECT', 2]);
      expect(rows).toEqual([
        { id: 1, name: 'Ann', active: true, score: '1.50', note: 'x' },
        { id: 2, name: 'ann', active: false, score: '0.25', note: null },
      ]);
      expect(fields.map(({ dataTypeID }) => dataTypeID)).toEqual([23, 1043, 16, 1700, 25]);
    });

    it('gives a common column of several the length or precision of all', async () => {
      const { fields } = await client.query(
        "select coalesce(score, score), greatest(score, id), case when active then name else name end, coalesce(name, 'x') from patients",
      );
      expect(fields.map(({ dataTypeModifier }) => dataTypeModifier)).toEqual([655_366, -1, 54, -1]);
    });

    it('takes a parameter for a boolean in a condition', async () => {
      const asked = 'select id from patients where ($1 and active) or $2 is true order by id';
      const ids = async (...flags: boolean[]): Promise<unknown> =>
        (await client.query<{ id: number }>(asked, flags)).rows.map(({ id }) => id);
      expect([await ids(true, false), await ids(false, true), await ids(false, false)]).toEqual([[1], [1, 2], []]);
    });

    it('refuses parameters whose types are unknown or contradictory, as PostgreSQL does', async () => {
      const stateOf = async (text: string, values: unknown[]): Promise<unknown> =>
        client.query(text, values).then(
          () => 'none',
          (error: unknown) => [(error as pg.DatabaseError).code, (error as pg.DatabaseError).position],
        );
      expect(await stateOf('select $1 is null', [1])).toEqual(['42P18', undefined]);
      expect(await stateOf('select id from patients where $1 is null or id = $1', [1])).toEqual(['42P08', '31']);
      expect(await stateOf('select id from patients where id = $1 or name = $1', [1])).toEqual(['42883', '47']);
      expect(await stateOf('select $1::int', [1, 2])).toEqual(['08P01', undefined]);
      expect(await stateOf('select id from patients limit $1', ['x'])).toEqual(['22P02', undefined]);
      expect(await stateOf('select id from patients where id = $1', ['3000000000'])).toEqual(['22003', undefined]);
      expect(await stateOf('select id from patients where id = $1 order by $2', [1, 'x'])).toBe('none');
    });

    it('reports how long translation took, and nothing about clamped settings', async () => {
      const notices: string[] = [];
      const other = await rig.client();
      other.on('notice', ({ message = '' }) => notices.push(message));
      await other.query("select 'é', name from patients where id = 4711");
      await other.query('select name, id from patients where id = $1', [1]);
      await other.end();
      const told = [...(rig.running.observability.statistics?.queries.all() ?? [])].map(
        ({ normalised, translateMs }) => [normalised, translateMs > 0],
      );
      expect(told).toContainEqual(['select $1, name from patients where id = $2', true]);
      expect(told).toContainEqual(['select name, id from patients where id = $1', true]);
      expect([notices, rig.running.proxy.host.pools.figures(0).flatMap(({ clamps }) => clamps)]).toEqual([[], []]);
      expect(await (await fetch(rig.running.urls.metrics)).text()).toMatch(
        /translate_seconds_count\{database="ward"\} [1-9]/,
      );
    });

    it('answers what tools ask about the server', async () => {
      const { rows } = await client.query('select pg_is_in_recovery() as standby, pg_backend_pid() > 0 as pid');
      expect(rows).toEqual([{ standby: false, pid: true }]);
      expect((await client.query('select txid_current() is not null as txid')).rows).toEqual([{ txid: true }]);
      const chance = await client.query('select random() < 1 as one, gen_random_uuid() is not null as id');
      expect(chance.rows).toEqual([{ one: true, id: true }]);
    });

    it('answers current_setting with what the session has set, and nobody else', async () => {
      const other = await rig.client({ application_name: 'ward' });
      const asked = "select current_setting('application_name') as name, current_setting('clinic.bed', true) as bed";
      await client.query("set clinic.bed = '7'");
      expect((await other.query(asked)).rows).toEqual([{ name: 'ward', bed: null }]);
      await client.query("set application_name = 'rounds'");
      expect((await client.query(asked)).rows).toEqual([{ name: 'rounds', bed: '7' }]);
      await client.query('reset application_name; reset clinic.bed');
      expect((await client.query(asked)).rows).toEqual([{ name: '', bed: '' }]);
      await other.end();
    });

    it('returns rows without columns', async () => {
      const { rows, fields, rowCount } = await client.query('select from patients where id < 3');
      expect([rows, fields, rowCount]).toEqual([[{}, {}], [], 2]);
    });

    it('creates a table from a query, unless it exists', async () => {
      const made = await client.query(
        "create table grouped as select score, count(*) as n, name as name from patients where name = 'Ann' group by score, name",
      );
      expect([made.command, made.rowCount]).toEqual(['SELECT', 1]);
      await client.query('create table if not exists grouped as select 1 as other');
      const { rows, fields } = await client.query('select n, name, score from grouped');
      expect(rows).toEqual([{ n: '1', name: 'Ann', score: '1.50' }]);
      expect(fields.map(({ dataTypeID }) => dataTypeID)).toEqual([20, 1043, 1700]);
      await client.query('drop table grouped');
    });

    it('takes text that is a number as a number, and fails if it is not', async () => {
      await client.query('create table written (id int primary key, value varchar(20))');
      await client.query("insert into written values (1, '12'), (2, '-3'), (3, null)");
      const { rows } = await client.query('select sum(value::int) as n from written');
      expect(rows).toEqual([{ n: '9' }]);
      await client.query("insert into written values (4, '12x')");
      await expect(client.query('select sum(value::int) from written')).rejects.toMatchObject({ code: '22P02' });
      await expect(client.query('select value::date from written')).rejects.toMatchObject({ code: '22007' });
      await expect(client.query('select value::int / (id - id) from written')).rejects.toMatchObject({ code: '22012' });
      const { fields } = await client.query(
        'select $1 as a, coalesce($1, $2) as b, id::numeric(9,2) as c from written',
        [...['x', 'y']],
      );
      expect(fields.map(({ dataTypeID, dataTypeModifier }) => [dataTypeID, dataTypeModifier])).toEqual([
        [25, -1],
        [25, -1],
        [1700, 589_830],
      ]);
      await client.query('drop table written');
    });

    it('handles quoted names of tables and columns, and keys that are unique indexes', async () => {
      await client.query('create table "User" ("id" text primary key, "email" varchar(99), "orgId" int)');
      await client.query('create unique index "User_email_key" on "User" ("email")');
      const insert = 'insert into "User" ("id", "email", "orgId") values ($1, $2, 1)';
      await client.query(insert, ['u1', 'e1']);
      expect((await client.query(`${insert} on conflict do nothing`, ['u2', 'e1'])).rowCount).toBe(0);
      const kept = await client.query(`${insert} on conflict do nothing returning id, 'x' as kind`, ['u3', 'e3']);
      expect([kept.rows, kept.fields.map(({ dataTypeID }) => dataTypeID)]).toEqual([
        [{ id: 'u3', kind: 'x' }],
        [25, 25],
      ]);
      const upsert = 'on conflict ("id") do update set "email" = excluded."email", "orgId" = excluded."orgId"';
      await expect(client.query(`${insert} ${upsert}`, ['u2', 'e1'])).rejects.toMatchObject({ code: '23505' });
      const { rows, fields } = await client.query(
        'update "User" set "orgId" = "orgId" + 1 where ("User"."email" = $1 and 1=1) returning "User"."email", "orgId"',
        ['e1'],
      );
      expect(rows).toEqual([{ email: 'e1', orgId: 2 }]);
      expect(fields.map(({ dataTypeID, dataTypeModifier }) => [dataTypeID, dataTypeModifier])).toEqual([
        [1043, 103],
        [23, -1],
      ]);
      expect((await client.query('select max("orgId") / 2 as half from "User"')).rows).toEqual([{ half: 1 }]);
      await client.query('drop table "User"');
    });

    it('returns deleted rows, and those of an INSERT of VALUES in FROM', async () => {
      await client.query('create table beds (id serial primary key, label varchar(20), n int)');
      const inserted = await client.query(
        'insert into beds (label, n) select a::varchar, b::int from (values ($1, $2, 0), ($3, $4, 1)) as v(a, b, k) order by k returning id, label',
        ['x', '1', '', '2'],
      );
      expect(inserted.rows).toEqual([
        { id: 1, label: 'x' },
        { id: 2, label: '' },
      ]);
      const { rows } = await client.query(
        "select json_build_object('l', label, 'n', json_build_array(n)) as j from beds",
      );
      expect(rows).toEqual([{ j: { l: 'x', n: [1] } }, { j: { l: '', n: [2] } }]);
      const gone = await client.query('delete from beds where n >= $1 returning id, label', [2]);
      expect([gone.command, gone.rowCount, gone.rows]).toEqual(['DELETE', 1, [{ id: 2, label: '' }]]);
      expect((await client.query('delete from beds where n >= 2 returning id')).rowCount).toBe(0);
      await client.query('alter table beds alter column n set default 7, alter column label type varchar(30)');
      await client.query('alter table beds alter column label set not null');
      expect((await client.query("insert into beds (label) values ('y') returning n")).rows).toEqual([{ n: 7 }]);
      await expect(client.query('insert into beds (n) values (1)')).rejects.toMatchObject({ code: '23502' });
      await client.query('drop table beds');
    });

    it('returns changed rows, and those that a query inserts', async () => {
      await client.query('create table beds (id int primary key, label varchar(20), n numeric(6, 2))');
      await client.query("insert into beds values (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)");
      const changed = await client.query('update beds set n = n + $1, label = upper(label) where n > $2 returning *', [
        ...['.5', 1],
      ]);
      expect([changed.command, changed.rowCount, changed.rows]).toEqual([
        ...['UPDATE', 2],
        [
          { id: 2, label: 'B', n: '2.50' },
          { id: 3, label: 'C', n: '3.50' },
        ],
      ]);
      expect((await client.query('update beds set n = 0 where n > 9 returning id')).rowCount).toBe(0);
      const asked = 'insert into beds (id, label, n) select id + 2, label, n / 2 from beds where id > 1';
      const copied = await client.query(`${asked} on conflict do nothing returning id, n`);
      expect([copied.command, copied.rowCount, copied.rows]).toEqual([
        ...['INSERT', 2],
        [
          { id: 4, n: '1.25' },
          { id: 5, n: '1.75' },
        ],
      ]);
      expect((await client.query(`${asked} on conflict do nothing`)).rowCount).toBe(2);
      const merge = `merge into beds b using (select $1::int as id, $2::text as label) s on b.id = s.id
        when matched then update set label = s.label when not matched then insert (id, label, n) values (s.id, s.label, 0)`;
      for (const label of ['new', 'other']) expect((await client.query(merge, [9, label])).rowCount).toBe(1);
      expect((await client.query('delete from beds where id = 9 returning label')).rows).toEqual([{ label: 'other' }]);
      const { rows } = await client.query('select avg(n), sum(n) / 3 as third from beds where id < 3');
      expect(rows).toEqual([{ avg: '1.7500000000000000', third: '1.1666666666666667' }]);
      const gone = await client.query('delete from beds b using patients p where p.id = b.id returning b.id, label');
      expect([gone.rowCount, gone.rows]).toEqual([
        2,
        [
          { id: 1, label: 'a' },
          { id: 2, label: 'B' },
        ],
      ]);
      await client.query('drop table beds');
    });

    it('keeps others away from locked rows until the transaction ends', async () => {
      await client.query('create table beds (id int primary key, ward varchar(10), free int)');
      await client.query("insert into beds values (1, 'a', 3), (2, 'a', 5), (3, 'b', 7)");
      const [first, second] = [await rig.client(), await rig.client()];
      for (const asked of [
        'select free from beds where id = 1 for update',
        'select free from beds where free < 6 order by id for update',
      ]) {
        await first.query('begin');
        await first.query(asked);
        await second.query('begin');
        const waiting = second.query<{ free: number }>('select free from beds where id = 1 for update');
        await first.query('update beds set free = free - 1 where id = 1');
        const { rows } = await first.query<{ free: number }>('select free from beds where id = 1');
        await first.query('commit');
        expect((await waiting).rows).toEqual(rows);
        await second.query('commit');
      }
      const { rows } = await client.query('select id from beds order by free desc limit 2 for update');
      expect(rows).toEqual([{ id: 3 }, { id: 2 }]);
      await client.query('drop table beds');
    });

    it('compares text as PostgreSQL does, where IRIS ignores case', async () => {
      const { rows } = await client.query('select id from patients where name = $1', ['Ann']);
      expect(rows).toEqual([{ id: 1 }]);
    });

    it('reports errors with the SQLSTATE of PostgreSQL, and with the position of what cannot be translated', async () => {
      const stateOf = async (sql: string): Promise<unknown> =>
        client.query(sql).then(
          () => 'none',
          (error: unknown) => [(error as pg.DatabaseError).code, (error as pg.DatabaseError).position],
        );
      expect(await stateOf("insert into patients (id, name) values (1, 'again')")).toEqual(['23505', undefined]);
      expect(await stateOf('select * from nowhere')).toEqual(['42P01', '15']);
      expect(await stateOf("select 'é', p.nothing from patients p")).toEqual(['42703', '13']);
      expect(await stateOf("select 'é', name ~ '\\w' from patients")).toEqual(['0A000', '18']);
      expect(await stateOf('selec 1')).toEqual(['42601', '1']);
      expect(await stateOf('select (select v from (values (1), (2)) as t(v))')).toEqual(['21000', undefined]);
      expect(await stateOf('select sqrt(-id) / 2, 1 / id from patients')).toEqual(['2201F', undefined]);
      expect(await stateOf('select ln(id - id) from patients')).toEqual(['2201E', undefined]);
      expect(await stateOf('select exp(1000.5::float8)')).toEqual(['22003', undefined]);
    });

    it('keeps or undoes what a transaction did, and allows a failed one only to end', async () => {
      await client.query('begin');
      await client.query("insert into patients (id, name) values (3, 'gone')");
      await client.query('rollback');
      await client.query('begin');
      await client.query("insert into patients (id, name) values (4, 'kept')");
      await client.query('savepoint s');
      await expect(client.query("insert into patients (id, name) values (4, 'twice')")).rejects.toMatchObject({
        code: '23505',
      });
      await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' });
      await client.query('rollback to savepoint s');
      await client.query('commit');
      const { rows } = await client.query('select id from patients where id > 2');
      expect(rows).toEqual([{ id: 4 }]);
    });

    it('runs all statements of one query or none', async () => {
      await expect(
        client.query(
          "insert into patients (id, name) values (5, 'a'); insert into patients (id, name) values (1, 'b')",
        ),
      ).rejects.toMatchObject({ code: '23505' });
      expect((await client.query('select id from patients where id = 5')).rowCount).toBe(0);
    });

    it('is cancelled by process id, on another connection', async () => {
      const other = await rig.client();
      await rig.direct.query('begin; lock table sqluser.patients in access exclusive mode');
      const waiting = other.query('select count(*) from patients').then(
        () => 'answered',
        (error: unknown) => (error as pg.DatabaseError).code,
      );
      await eventually(
        async () => (await rig.direct.query('select 1 from pg_locks where not granted')).rows.length > 0,
      );
      const { processID, secretKey } = other as unknown as { processID: number; secretKey: number };
      await cancel(rig.running.proxy.port, processID, secretKey);
      expect(await waiting).toBe('57014');
      await rig.direct.query('rollback');
      expect((await other.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    });

    it('ends what exceeds the timeout of its client, and waits for locks as long as it says', async () => {
      const other = await rig.client();
      const failure = async (text: string): Promise<unknown> =>
        other.query(text).then(
          () => 'answered',
          (error: unknown) => (error as pg.DatabaseError).code,
        );
      await rig.direct.query('begin; select from sqluser.patients for update');
      await other.query("set statement_timeout = '100ms'");
      expect(await failure('update patients set score = 1')).toBe('57014');
      await other.query('reset statement_timeout');
      expect(await failure('select id from patients where id = 1 for update nowait')).toBe('55P03');
      await other.query("set lock_timeout = '1s'");
      expect(await failure('update patients set score = score')).toBe('55P03');
      await rig.direct.query('rollback');
      expect(await failure('select id from patients where id = 1 for update nowait')).toBe('answered');
    });

    it('shows its tables to psql, and the SQL that is sent to IRIS', async () => {
      const asked = await run('psql', [
        rig.url,
        '-X',
        '-A',
        '-c',
        '\\dt',
        '-c',
        '\\d patients',
        '-c',
        'explain (translate) select id from patients limit 3',
      ]);
      expect(asked?.out).toContain('public|patients|table|');
      expect(asked?.out).toContain('name|character varying(50)|||');
      expect(asked?.out).toContain('"patients_pkey" PRIMARY KEY');
      expect(asked?.out).toContain('SELECT id FROM patients LIMIT 3');
    });

    it('reads and returns rows by COPY', async () => {
      const input =
        'create table beds (id int, ward text); \\copy beds from stdin csv\n1,"North, 1"\n2,\n\\.\n\\copy (select * from beds order by id) to stdout\n';
      const copied = await run('psql', [rig.url, '-X', '-q'], {}, input.replace('; ', ';\n'));
      expect(copied?.out).toBe('1\tNorth, 1\n2\t\\N\n');
      const binary = 'copy (select id, ward from beds order by id) to stdout (format binary)';
      const asked = (url: string, text: string): ReturnType<typeof run> => run('psql', [url, '-X', '-q', '-c', text]);
      const direct = await asked(where, binary.replace('beds', 'sqluser.beds'));
      expect((await asked(rig.url, binary))?.out).toBe(direct?.out);
    });

    it('leaves every process at READ COMMITTED, whatever a client has set', async () => {
      const other = await rig.client();
      await other.query('/*iris*/ SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED');
      await other.end();
      await eventually(async () => {
        await client.query('select count(*) from patients');
        return [...rig.standIn.connections].every(({ isolation }) => isolation === 'read committed');
      });
      const ran = [...rig.standIn.connections].flatMap(({ isolations }) => isolations.slice(5));
      expect(ran.length).toBeGreaterThan(0);
    });
  });

  describe('on IRIS 2023.1 with a licence of one unit', () => {
    let rig: IrisRig;

    beforeAll(async () => {
      rig = await IrisRig.start({
        where,
        jar,
        version: '2023.1',
        licenceUnits: 1,
        pool: { size: 100, mode: 'session' },
      });
    });

    afterAll(async () => rig.close());

    it('writes with the syntax of that version', async () => {
      const client = await rig.client();
      await client.query('create table t (id int)');
      await client.query('insert into t values (1), (2), (3)');
      expect((await client.query('select id from t order by id limit 1 offset 1')).rows).toEqual([{ id: 2 }]);
      const named = await client.query('with x as (select id from t where id > 1) select count(*) from x, x as y');
      expect(named.rows).toEqual([{ count: '4' }]);
      await expect(client.query('select id from t intersect select 1')).rejects.toMatchObject({ code: '0A000' });
      await expect(client.query('/*iris*/ select id from t LIMIT 1')).rejects.toMatchObject({ code: '42601' });
      await client.end();
    });

    it('never opens the connection from which on each would cost a licence', async () => {
      const asked = Array.from({ length: 30 }, async () => {
        const client = await rig.client();
        await client.query('select 1');
        await client.end();
      });
      await Promise.all(asked);
      expect(rig.standIn.licences.units).toBe(1);
      const { active, idle } = rig.running.proxy.host.pools.totals(0);
      expect(active + idle).toBeLessThanOrEqual(24);
    });
  });
});

async function cancel(port: number, processId: number, secretKey: number): Promise<void> {
  const key = Buffer.alloc(4);
  key.writeInt32BE(secretKey);
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(cancelRequest(processId, key)));
    socket.on('close', () => resolve());
    socket.on('error', () => resolve());
    socket.resume();
  });
}
