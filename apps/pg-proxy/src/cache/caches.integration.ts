import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import type pg from 'pg';
import { RealRig } from '../testing/real-rig.ts';
import type { CacheCounts } from '@medrex/cache';
import type { CacheName } from './caches.ts';

describeReal('POSTGRES', 'cached answers', (where) => {
  let rig: RealRig;
  let reader: pg.Client;
  let writer: pg.Client;
  const caches = () => rig.running.proxy.host.caches!;
  const counts = (name: CacheName = 'rows'): CacheCounts => ({ ...caches().answers[name].counts });
  /** Caches are on when what is defined is known. */
  const settled = () =>
    eventually(
      () =>
        caches().databases().length > 0 &&
        caches()
          .databases()
          .every(([, { isOn }]) => isOn),
      10_000,
    );
  const value = async (client: pg.Client, text = 'select a from ward where id = 1'): Promise<unknown> =>
    (await client.query<Record<string, unknown>>(text)).rows[0]?.['a'];
  /** Whether what is asked now comes from the cache. */
  const isHit = async (ask: () => Promise<unknown>, name: CacheName = 'rows'): Promise<boolean> => {
    const before = counts(name).hits;
    await ask();
    return counts(name).hits === before + 1;
  };

  beforeEach(async () => {
    rig = await RealRig.start(where, 'transaction', 5, undefined, {
      cache: { rules: [{}], metadata: true, pollMs: 300, ttlMs: 60_000 },
    });
    await rig.direct.query(`set search_path to ${rig.schema}`);
    await rig.direct.query(`create table ward (id int primary key, a text);
      create table bed (id int primary key, a text, ward int references ward on delete cascade);
      create table other (id int primary key, a text);
      create view full_ward as select w.id, w.a from ward w;
      create function add_bed() returns int language plpgsql as $$ begin insert into bed values (77, 'f', 1); return 1; end $$;
      create procedure rename() language sql as $$ update ward set a = 'called' where id = 1 $$;
      insert into ward values (1, 'one'), (2, 'two'); insert into bed values (1, 'b', 1); insert into other values (1, 'o')`);
    [reader, writer] = [await rig.client(), await rig.client()];
    await settled();
    // What was defined directly has been seen.
    await reader.query('select 1');
    await eventually(() => caches().databases()[0]![1].relations >= 4, 10_000);
  });
  afterEach(() => rig.close());

  it('are all that heavy reads get while the proxy is on its second rung', async () => {
    const rung = (): number => rig.running.proxy.host.overload.rung.level;
    const known = "select count(*), min(a) as a from ward /*workload_class='analytical'*/";
    const unknown = "select count(*), max(a) as a from ward /*workload_class='analytical'*/";
    await value(reader, known);
    const [waiting, ...busy] = await Promise.all(Array.from({ length: 6 }, () => rig.client()));
    for (const client of busy) await client.query('begin');
    // Interactive work that waits for a second is what the rung stands for.
    const waited = value(waiting!, 'select a from ward where id = 2');
    await eventually(() => rung() === 2, 10_000);
    expect(await isHit(() => value(writer, known))).toBe(true);
    const refused = {
      code: '53300',
      message: expect.stringContaining('analytical work is answered only from the cache'),
    };
    await expect(reader.query(unknown)).rejects.toMatchObject(refused);
    await expect(reader.query({ name: 'heavy', text: unknown })).rejects.toMatchObject(refused);
    for (const client of busy) await client.query('commit');
    expect(await waited).toBe('two');
    // Nothing is left of the refusals: who asks for the same again fills the cache.
    const { overload, now } = rig.running.proxy.host;
    for (const laterMs of [0, 6_000, 12_000, 18_000]) overload.tick(now() + laterMs);
    expect(rung()).toBe(0);
    expect(await value(reader, unknown)).toBe('two');
    expect(await isHit(() => value(writer, unknown))).toBe(true);
  });

  describe('in the simple protocol', () => {
    it('are served without the server', async () => {
      expect(await value(reader)).toBe('one');
      expect(await isHit(() => value(reader))).toBe(true);
      expect(await isHit(() => value(writer))).toBe(true);
      const direct = await rig.direct.query('select * from ward order by id');
      const [first, again] = [
        await reader.query('select * from ward order by id'),
        await reader.query('select * from ward order by id'),
      ];
      expect(again.rows).toEqual(direct.rows);
      expect(again.fields).toEqual(first.fields);
    });

    it.each([
      ["update ward set a = 'new' where id = 1", 'new'],
      ["with u as (update ward set a = 'cte' where id = 1 returning 1) select * from u", 'cte'],
      ["select 1; update ward set a = 'second' where id = 1; select 2", 'second'],
      ["update full_ward set a = 'view' where id = 1", 'view'],
      ['call rename()', 'called'],
      ["do $$ begin update ward set a = 'done' where id = 1; end $$", 'done'],
      ['delete from ward where id = 1', undefined],
      ['truncate ward cascade', undefined],
      ["prepare p as update ward set a = 'p' where id = 1; execute p", 'p'],
      ["begin; update ward set a = 'block' where id = 1; commit", 'block'],
    ])('are dropped after %s', async (text, expected) => {
      for (let time = 0; time < 2; time++) expect(await value(reader)).toBe('one');
      await writer.query(text);
      expect(await value(reader)).toBe(expected);
      expect(await value(writer)).toBe(expected);
    });

    it('are dropped when the protocol runs a write prepared by SQL', async () => {
      await writer.query('prepare later as update ward set a = $1 where id = 1');
      for (let time = 0; time < 2; time++) expect(await value(reader)).toBe('one');
      const { connection } = writer as unknown as {
        connection: {
          bind(options: { statement: string; values: readonly string[] }): void;
          execute(options: object): void;
          sync(): void;
          once(event: string, then: () => void): void;
        };
      };
      await new Promise<void>((resolve) => {
        connection.once('readyForQuery', resolve);
        connection.bind({ statement: 'later', values: ['bound'] });
        connection.execute({});
        connection.sync();
      });
      expect(await value(reader)).toBe('bound');
    });

    it('are dropped after a COPY', async () => {
      const count = async () => (await reader.query<{ a: string }>('select count(*) as a from ward')).rows[0]!.a;
      expect([await count(), await count()]).toEqual(['2', '2']);
      const copied = writer as unknown as {
        connection: {
          query(text: string): void;
          sendCopyFromChunk(chunk: Buffer): void;
          endCopyFrom(): void;
          once(event: string, then: () => void): void;
        };
      };
      await new Promise<void>((resolve) => {
        const { connection } = copied;
        connection.once('copyInResponse', () => {
          connection.sendCopyFromChunk(Buffer.from('3\tthree\n'));
          connection.endCopyFrom();
        });
        connection.once('readyForQuery', resolve);
        connection.query('copy ward from stdin');
      });
      expect(await count()).toBe('3');
    });

    it('are dropped after writes through foreign keys, functions and triggers', async () => {
      const beds = async () => (await reader.query<{ a: string }>('select count(*) as a from bed')).rows[0]!.a;
      expect([await beds(), await beds()]).toEqual(['1', '1']);
      await writer.query('select add_bed()');
      expect(await beds()).toBe('2');
      await writer.query('delete from ward where id = 1');
      expect(await beds()).toBe('0');
      await writer.query(`create function log_it() returns trigger language plpgsql as
        $$ begin insert into bed values (5, 't', null); return new; end $$;
        create trigger logging after insert on other for each row execute function log_it()`);
      await settled();
      expect([await beds(), await beds()]).toEqual(['0', '0']);
      await writer.query(`insert into other values (9, 'x')`);
      expect(await beds()).toBe('1');
    });

    it('stay after a ROLLBACK, and after a write to another table', async () => {
      await value(reader);
      await writer.query("begin; update ward set a = 'gone' where id = 1; rollback");
      await writer.query('begin');
      await writer.query("update ward set a = 'gone' where id = 1");
      await writer.query('savepoint s');
      await writer.query("update ward set a = 'gone too' where id = 1");
      await writer.query('rollback to s');
      expect(await value(reader)).toBe('one');
      await writer.query('rollback');
      await writer.query("update other set a = 'x'");
      expect(await isHit(() => value(reader))).toBe(true);
      expect(await value(reader)).toBe('one');
    });

    it('are not used within a transaction, which sees its own writes', async () => {
      await value(reader);
      await writer.query('begin');
      await writer.query("update ward set a = 'mine' where id = 1");
      expect(await value(writer)).toBe('mine');
      expect(await value(reader)).toBe('one');
      await writer.query('commit');
      expect(await value(reader)).toBe('mine');
    });

    it('are separate for different settings, and not kept for volatile functions', async () => {
      await writer.query("set datestyle to 'German'");
      const day = (client: pg.Client) => client.query<{ a: unknown }>("select '2026-01-02'::date::text as a from ward");
      for (let time = 0; time < 2; time++) {
        expect((await day(reader)).rows[0]?.a).toBe('2026-01-02');
        expect((await day(writer)).rows[0]?.a).toBe('02.01.2026');
      }
      for (const text of [
        'select random() as a from ward',
        'select now() as a from ward',
        "select 'now'::timestamp as a from ward",
      ]) {
        await reader.query(text);
        expect(await isHit(() => reader.query(text))).toBe(false);
      }
    });

    it('are not kept for rows that depend on the user', async () => {
      await writer.query('alter table ward enable row level security');
      await settled();
      await value(reader);
      expect(await isHit(() => value(reader))).toBe(false);
    });

    it('are neither served to nor kept for a session with a table of its own', async () => {
      await value(reader);
      await writer.query("create temp table ward (id int, a text); insert into ward values (1, 'temporary')");
      expect(await value(writer)).toBe('temporary');
      expect(await value(reader)).toBe('one');
    });
  });

  describe('in the extended protocol', () => {
    const ask = (client: pg.Client, id: number, more: object = {}) =>
      client.query<{ a: string }>({ text: 'select a from ward where id = $1', values: [id], ...more });

    it('are served by text and parameters, and dropped after a write', async () => {
      expect((await ask(reader, 1)).rows[0]?.a).toBe('one');
      expect((await ask(reader, 2)).rows[0]?.a).toBe('two');
      expect(await isHit(() => ask(reader, 1))).toBe(true);
      expect(await isHit(() => ask(writer, 2))).toBe(true);
      await writer.query({ text: 'update ward set a = $1 where id = 1', values: ['new'] });
      expect((await ask(reader, 1)).rows[0]?.a).toBe('new');
    });

    it('are served for prepared statements, which exist when a backend is needed', async () => {
      for (let time = 0; time < 3; time++) expect((await ask(reader, 1, { name: 'n' })).rows[0]?.a).toBe('one');
      // Prepared nowhere: what it asks was known.
      expect(await isHit(() => ask(writer, 1, { name: 'other' }))).toBe(true);
      await writer.query("update ward set a = 'new' where id = 1");
      expect((await ask(writer, 1, { name: 'other' })).rows[0]?.a).toBe('new');
      expect((await ask(reader, 1, { name: 'n' })).rows[0]?.a).toBe('new');
      expect(await isHit(() => ask(reader, 1, { name: 'n' }))).toBe(true);
    });

    it('are separate for different formats', async () => {
      const binary = (client: pg.Client) =>
        client.query({ text: 'select id as a from ward where id = $1', values: [1], binary: true } as pg.QueryConfig);
      const text = (client: pg.Client) => client.query({ text: 'select id as a from ward where id = $1', values: [1] });
      for (let time = 0; time < 2; time++) {
        expect((await binary(reader)).rows).toEqual([{ a: 1 }]);
        expect((await text(reader)).rows).toEqual([{ a: 1 }]);
      }
      expect(counts()).toMatchObject({ hits: 2, misses: 2 });
    });

    it('are not kept for a parameter whose meaning changes with the day', async () => {
      const day = () => reader.query({ text: 'select a from ward where $1::date is not null', values: ['today'] });
      await day();
      expect(await isHit(day)).toBe(false);
    });

    it('leave errors and later statements unchanged', async () => {
      await ask(reader, 1);
      await ask(reader, 1);
      await expect(reader.query({ text: 'select a from ward where id = $1', values: ['x'] })).rejects.toMatchObject({
        code: '22P02',
      });
      await expect(reader.query('select 1/0 as a from ward')).rejects.toMatchObject({ code: '22012' });
      await expect(reader.query('select 1/0 as a from ward')).rejects.toMatchObject({ code: '22012' });
      expect((await ask(reader, 1)).rows[0]?.a).toBe('one');
    });
  });

  it('are requested from the server once when many clients ask at the same time', async () => {
    const clients = await Promise.all(Array.from({ length: 10 }, () => rig.client()));
    const text = 'select count(*) as a from generate_series(1, 2000000), ward';
    const answers = await Promise.all(clients.map((client) => value(client, text)));
    expect(new Set(answers)).toEqual(new Set(['4000000']));
    expect(counts()).toMatchObject({ misses: 1, awaited: 9 });
  });

  it('can be waited for and cancelled, and waiting clients ask themselves when the first one leaves', async () => {
    const [first, second, third] = await Promise.all([rig.client(), rig.client(), rig.client()]);
    const text = 'select count(*) as a from generate_series(1, 3000000), ward';
    const gone = value(first, text).catch(() => 'gone');
    await eventually(() => counts().misses === 1);
    const cancelled = value(second, text).catch((error: unknown) => (error as { code?: string }).code);
    const answered = value(third, text);
    await eventually(() => counts().awaited === 2);
    const processId = (second as unknown as { processID: number; secretKey: number }).processID;
    const victim = [...rig.running.proxy.host.clients].find((client) => client.processId === processId);
    victim?.waitCancelled({ severity: 'ERROR', sqlstate: '57014', message: 'canceling statement due to user request' });
    expect(await cancelled).toBe('57014');
    (first as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    expect(await answered).toBe('6000000');
    expect(await gone).toBe('gone');
    expect(await value(second)).toBe('one');
  });

  describe('about definitions', () => {
    const columns = "select column_name as a from information_schema.columns where table_name = 'ward' order by 1";

    it('are served again, and dropped by DDL at once', async () => {
      await reader.query(columns);
      expect(await isHit(() => reader.query(columns), 'metadata')).toBe(true);
      await writer.query('alter table ward add extra int');
      expect((await writer.query(columns)).rows).toContainEqual({ a: 'extra' });
      expect((await reader.query(columns)).rows).toContainEqual({ a: 'extra' });
    });

    it('are dropped after DDL of others within the polling interval', async () => {
      await reader.query(columns);
      await rig.direct.query('alter table ward add outside int');
      await eventually(async () => (await reader.query<{ a: string }>(columns)).rows.some(({ a }) => a === 'outside'));
    });

    it('are not dropped by writes to tables', async () => {
      await reader.query(columns);
      await writer.query("update ward set a = 'new'");
      expect(await isHit(() => reader.query(columns), 'metadata')).toBe(true);
    });

    it('are separate for different users and search paths', async () => {
      const other = await rig.client({ options: '-c search_path=pg_catalog' });
      const visible =
        "select pg_table_is_visible(oid) as a from pg_class where relname = 'ward' and relnamespace = $1::text::regnamespace";
      for (let time = 0; time < 2; time++) {
        expect((await reader.query(visible, [rig.schema])).rows).toEqual([{ a: true }]);
        expect((await other.query(visible, [rig.schema])).rows).toEqual([{ a: false }]);
      }
    });
  });

  it('are dropped after writes of others that are reported by NOTIFY', async () => {
    await value(reader);
    await rig.direct.query(`update ward set a = 'outside' where id = 1; notify medrex_cache, '${rig.schema}.ward'`);
    await eventually(async () => (await value(reader)) === 'outside');
  });

  it('are dropped after writes and DDL of others reported by the triggers of the guide', async () => {
    await rig.direct.query(`create function medrex_cache_written() returns trigger language plpgsql as $$
      begin perform pg_notify('medrex_cache', tg_table_schema || '.' || tg_table_name); return null; end $$;
      create trigger medrex_cache after insert or update or delete or truncate on ward
        for each statement execute function medrex_cache_written()`);
    await eventually(() => caches().invalidated.outside > 0);
    await settled();
    await value(reader);
    const others = () => reader.query('select * from other');
    await others();
    await rig.direct.query("update ward set a = 'outside' where id = 1");
    await eventually(async () => (await value(reader)) === 'outside');
    expect(await isHit(others)).toBe(true);
    // The same trigger does not make a write of ours one that nobody can see into.
    await writer.query("update ward set a = 'inside' where id = 1");
    expect(await value(reader)).toBe('inside');
    expect(await isHit(others)).toBe(true);
  });

  it('are not served while the connection that watches the server is down', async () => {
    await value(reader);
    const lost = caches().invalidated.lost;
    await rig.direct.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'medrex pg-proxy cache'`,
    );
    await eventually(() => caches().invalidated.lost > lost);
    expect(await isHit(() => value(reader))).toBe(false);
    await settled();
    await value(reader);
    expect(await isHit(() => value(reader))).toBe(true);
  });

  it('are not served while the outcome of an interrupted write is unknown', async () => {
    await value(reader);
    const pid = (await writer.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid;
    const lost = writer
      .query("update ward set a = 'late' where id = 1 and pg_sleep(1) is not null")
      .catch(() => 'lost');
    await eventually(
      async () =>
        (await rig.direct.query(`select 1 from pg_stat_activity where pid = ${pid} and wait_event = 'PgSleep'`))
          .rowCount === 1,
    );
    for (const { handle } of rig.running.proxy.host.pools.backends())
      if (handle?.key?.processId === pid) handle.socket.destroy();
    await lost;
    expect(await isHit(() => value(reader))).toBe(false);
    await eventually(async () => (await value(reader)) === 'late', 10_000);
    await eventually(() => isHit(() => value(reader)), 10_000);
    expect(await value(reader)).toBe('late');
  });
});
