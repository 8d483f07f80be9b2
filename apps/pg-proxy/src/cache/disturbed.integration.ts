import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { SharedEpochs } from '@medrex/cache';
import { describeReal, TcpProxy, whereIs } from '@medrex/contracts/testing';
import { dice } from '@medrex/pg-wire/testing';
import { OwnRedis } from '@medrex/redis/testing';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { Instances } from '../testing/instances.ts';

/** Seconds of disturbance, and others, by MEDREX_FUZZ_RUNS=300 and MEDREX_FUZZ_SEED. */
const seconds = Number(process.env.MEDREX_FUZZ_RUNS ?? 20);
const seed = Number(process.env.MEDREX_FUZZ_SEED ?? 1);
const where = whereIs('POSTGRES');
/** What a busy machine adds between an answer and the clock that is read here. */
const slackMs = 250;

/** Something that can be written and read in several ways, and only grows. */
interface Kind {
  readonly define: string;
  /** Each brings what is read to `v`, or leaves it when it is there already. */
  readonly writes: readonly ((client: pg.Client, v: number) => Promise<unknown>)[];
  /** Each answers with one number. */
  readonly reads: readonly string[];
}

const run =
  (...texts: readonly string[]) =>
  async (client: pg.Client, v: number): Promise<void> => {
    for (const text of texts) await client.query(text.replaceAll('@', String(v)));
  };

const kinds: readonly Kind[] = [
  {
    define: 'create table plain (v int); insert into plain values (0); create view shown as select v from plain',
    writes: [
      run('update plain set v = greatest(v, @)'),
      (client, v) => client.query({ name: 'w', text: 'update plain set v = greatest(v, $1) where true', values: [v] }),
      run('begin', 'update plain set v = greatest(v, @)', 'commit'),
      run(
        'begin; savepoint s',
        'update plain set v = -1',
        'rollback to s; update plain set v = greatest(v, @); commit',
      ),
      run('begin', 'update plain set v = -2', 'rollback', 'select 1; update plain set v = greatest(v, @)'),
      run('prepare p as update plain set v = greatest(v, @)', 'prepare p as select 1 ', 'execute p', 'deallocate p'),
      run('with x as (update plain set v = greatest(v, @) returning v) select * from x'),
    ],
    reads: ['select v from plain', 'select v from shown', 'select max(a.v) as v from plain a, shown b'],
  },
  {
    define: `create table parent (id int primary key); insert into parent values (0);
      create table child (v int references parent on update cascade); insert into child values (0)`,
    writes: [run('update parent set id = @ where id < @')],
    reads: ['select v from child', 'select c.v from child c join parent p on p.id = c.v'],
  },
  {
    define: `create table parted (k int, v int) partition by list (k); create table part_1 partition of parted for values in (1);
      insert into parted values (1, 0)`,
    writes: [run('insert into part_1 values (1, @)'), run('update parted set v = greatest(v, @)')],
    reads: ['select max(v) as v from parted', 'select max(v) as v from part_1'],
  },
  {
    define: `create table source (v int); create table fed (v int); insert into fed values (0);
      create function feed() returns trigger language plpgsql as $$ begin update fed set v = greatest(v, new.v); return null; end $$;
      create trigger feed after insert on source for each row execute function feed();
      create function write_fed(n int) returns int language plpgsql as $$ begin update fed set v = greatest(v, n); return n; end $$`,
    writes: [
      run('insert into source values (@)'),
      run('select write_fed(@)'),
      run('do $$ begin perform write_fed(@); end $$'),
      run('begin; declare c cursor for select write_fed(@)', 'fetch all c', 'commit'),
    ],
    reads: ['select v from fed'],
  },
  {
    define: `create table base (v int); insert into base values (0); create materialized view kept as select max(v) as v from base`,
    writes: [
      run('insert into base values (@); refresh materialized view kept'),
      run('begin; insert into base values (@)', 'refresh materialized view kept; commit'),
    ],
    reads: ['select v from kept'],
  },
  {
    define: 'create table made (v int); insert into made values (0)',
    writes: [
      run('begin; drop table made; create table made as select @ as v; commit'),
      run('begin; truncate made; insert into made values (@); commit'),
      run('alter table made add column if not exists w int default 1; update made set v = @'),
    ],
    reads: ['select v from made', 'select max(v) as v from made'],
  },
];

interface Acknowledged {
  readonly v: number;
  readonly by: number;
  readonly atMs: number;
}

(where === undefined ? describeReal.bind(undefined, 'POSTGRES') : describeReal.bind(undefined, 'REDIS'))(
  'two instances of pg-proxy whose Redis, server and processes are disturbed',
  () => {
    let redis: OwnRedis;
    let ways: TcpProxy[];
    let instances: Instances;
    let direct: pg.Client;
    const schema = `disturbed_${process.pid}`;
    const roll = dice(seed);

    beforeEach(async () => {
      redis = await OwnRedis.start();
      ways = await Promise.all([1, 2].map(() => TcpProxy.to({ host: '127.0.0.1', port: redis.port })));
      direct = new pg.Client({ connectionString: where });
      direct.on('error', () => undefined);
      await direct.connect();
      await direct.query(`create schema ${schema}; set search_path to ${schema}`);
      for (const { define } of kinds) await direct.query(define);
      instances = await Instances.start(where!, 2, (id) => ({
        cache: {
          rules: [{}],
          metadata: true,
          hitRatioMin: 0,
          pollMs: 1_000,
          redis: { port: ways[id - 1]!.port, answers: true },
        },
        classes: { isOn: false },
        pool: { size: 8, waitTimeoutMs: 60_000 },
        // Else `medrex` is the console's.
        databases: { [new URL(where!).pathname.slice(1)]: { upstream: 'main' } },
        admin: { users: [decodeURIComponent(new URL(where!).username)] },
      }));
    });
    afterEach(async () => {
      redis.freeze(false);
      await instances.close();
      await Promise.all(ways.map((way) => way.close()));
      await direct.query(`drop schema ${schema} cascade`);
      await direct.end();
      await redis.close();
    });

    const connected = async (id: number): Promise<pg.Client> => {
      for (;;) {
        const client = new pg.Client({
          connectionString: instances.ownUrl(id),
          options: `-c search_path=${schema}`,
          application_name: schema,
        });
        client.on('error', () => undefined);
        try {
          await client.connect();
          return client;
        } catch {
          await delay(100);
        }
      }
    };

    it(
      'never show anything older than the last write here, or than a write elsewhere of more than 1.5 s ago',
      async () => {
        const endMs = performance.now() + seconds * 1_000;
        const isOver = (): boolean => performance.now() > endMs;
        const acknowledged: Acknowledged[][] = kinds.map(() => [{ v: 0, by: 0, atMs: -Infinity }]);
        const asked = kinds.map(() => 0);
        /** How often each has been killed: what it wrote before then another one has written. */
        const lives = [0, 0, 0];
        const history: string[] = [];
        let reads = 0;
        let staleMsMax = 0;

        const newestOf = (kind: number, by: number, atMs: number): number => {
          let newest = 0;
          for (const each of acknowledged[kind]!.slice(-200))
            if (each.by === by ? each.atMs <= atMs : each.atMs <= atMs - SharedEpochs.boundMs - slackMs)
              newest = Math.max(newest, each.v);
          return newest;
        };
        const write = async (kind: number): Promise<void> => {
          let clients = [await connected(1), await connected(2)];
          while (!isOver()) {
            const v = ++asked[kind]!;
            const id = 1 + roll(2);
            const by = id + 10 * lives[id]!;
            const { writes } = kinds[kind]!;
            try {
              // A second PREPARE fails as it should.
              await writes[roll(writes.length)]!(clients[id - 1]!, v).catch(async (error: unknown) => {
                if ((error as pg.DatabaseError).code !== '42P05') throw error;
                await run('execute p', 'deallocate p')(clients[id - 1]!, v);
              });
              acknowledged[kind]!.push({ v, by, atMs: performance.now() });
            } catch {
              await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
              clients = [await connected(1), await connected(2)];
            }
            await delay(20 + roll(60));
          }
          await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
        };
        const read = async (kind: number, id: number, how: number): Promise<void> => {
          let client = await connected(id);
          const { reads: texts } = kinds[kind]!;
          while (!isOver()) {
            const text = texts[roll(texts.length)]!;
            const by = id + 10 * lives[id]!;
            const atMs = performance.now();
            const least = newestOf(kind, by, atMs);
            const all = acknowledged[kind]!;
            const newest = all.at(-1)!;
            try {
              const query = [{ text }, { text, values: [] as unknown[] }, { name: text, text }, { text, binary: true }][
                how
              ]!;
              const { rows } = await client.query<{ v: number }>(query as pg.QueryConfig);
              reads++;
              const v = rows[0]!.v;
              if (v < newest.v)
                staleMsMax = Math.max(staleMsMax, atMs - (all.find((each) => each.v > v)?.atMs ?? atMs));
              if (v >= least && v <= asked[kind]!) continue;
              throw new RangeError(
                `seed ${seed}: at ${id} ${JSON.stringify(query)} gave ${v}, not ${least} to ${asked[kind]!}\n${history.slice(-20).join('\n')}`,
              );
            } catch (error) {
              if (error instanceof RangeError) throw error;
              void client.end().catch(() => undefined);
              client = await connected(id);
            }
          }
          await client.end().catch(() => undefined);
        };
        const admin = (...words: readonly string[]) => redis.ask(words).catch(() => undefined);
        const disturbances: Readonly<Record<string, () => Promise<unknown>>> = {
          'Redis stands still': async () => {
            redis.freeze();
            await delay(100 + roll(3_000));
            redis.freeze(false);
          },
          'Redis begins anew': async () => {
            await redis.kill();
            await delay(roll(2_000));
            await redis.restart();
          },
          'Redis begins again from a snapshot': async () => {
            await admin('SAVE');
            await delay(roll(1_000));
            await redis.kill();
            await redis.restart();
          },
          'Redis forgets': () => admin('FLUSHALL'),
          'Redis is full': async () => {
            await admin('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random', 'maxmemory', '1500000');
            await delay(roll(2_000));
            await admin('CONFIG', 'SET', 'maxmemory', '0');
          },
          'Redis cuts them off': () => admin('CLIENT', 'KILL', 'TYPE', 'pubsub'),
          'Redis wants a password': async () => {
            await admin('CONFIG', 'SET', 'requirepass', 'x');
            await admin('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
            await delay(roll(3_000));
            await redis.kill();
            await redis.restart();
          },
          'one is cut off from Redis': async () => {
            const way = ways[roll(2)]!;
            way.cut();
            await delay(roll(4_000));
            way.restore();
          },
          'one hears nothing from Redis': async () => {
            const way = ways[roll(2)]!;
            way.silence();
            await delay(roll(4_000));
            way.restore();
          },
          'one is killed': async () => {
            const id = 1 + roll(2);
            lives[id]!++;
            await instances.kill(id);
            await delay(roll(1_000));
            await instances.launch(id);
          },
          'one stands still': async () => {
            const id = 1 + roll(2);
            instances.freeze(id);
            await delay(roll(4_000));
            instances.freeze(id, false);
          },
          'the server ends who watches': () =>
            direct.query(
              `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'medrex pg-proxy%'`,
            ),
          'the server ends some': () =>
            direct.query(`select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()
              and application_name = '${schema}' and random() < 0.5`),
          'somebody cancels': () =>
            direct.query(
              `select pg_cancel_backend(pid) from pg_stat_activity where application_name = '${schema}' and state = 'active'`,
            ),
        };
        const disturb = async (): Promise<void> => {
          const names = Object.keys(disturbances);
          while (!isOver()) {
            const name = names[roll(names.length)]!;
            history.push(`${Math.round(performance.now())} ${name}`);
            await disturbances[name]!();
            history.push(`${Math.round(performance.now())} no longer: ${name}`);
            // So that they keep answers between.
            await delay(2_000 + roll(10_000));
          }
        };
        await Promise.all([
          disturb(),
          ...kinds.map((_, kind) => write(kind)),
          ...kinds.flatMap((_, kind) => [read(kind, 1, kind % 4), read(kind, 2, (kind + 1) % 4)]),
        ]);
        const hits: unknown[] = [];
        for (const id of [1, 2]) {
          const console = new pg.Client({
            connectionString: Object.assign(new URL(instances.ownUrl(id)), { pathname: '/pgbouncer' }).href,
          });
          await console.connect();
          hits.push(
            (await console.query<{ hits: string }>("select hits from medrex.caches where cache = 'rows'")).rows[0]
              ?.hits,
          );
          await console.end();
        }
        process.stdout.write(
          `${reads} reads, ${asked.reduce((sum, each) => sum + each, 0)} writes, hits since the last start ${hits.join(' and ')}; seen ${Math.round(staleMsMax)} ms late at most; ${history.length / 2} disturbances\n`,
        );
        expect(reads).toBeGreaterThan(100);
      },
      seconds * 1_000 + 120_000,
    );
  },
);
