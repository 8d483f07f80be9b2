import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { bind, parse, query, sync } from '@medrex/pg-wire';
import type pg from 'pg';
import { RealRig } from '../testing/real-rig.ts';
import { accessOf, WireClient } from '../testing/wire-client.ts';

/** What of a text that fails is no difference here. */
const whatever = (): undefined => undefined;

/** Texts after each other, the last of which writes `log`, though what they name last does not. */
const byName: readonly (readonly string[])[] = [
  ['prepare p as insert into log values (1)', 'prepare p as select 1', 'execute p'],
  ['prepare p as insert into log values (1)', 'select 1/0; prepare p as select 1', 'execute p'],
  ['prepare p as select 1', 'deallocate p; prepare p as insert into log values (1)', 'execute p'],
  ['prepare p as insert into log values (1)', 'explain analyze execute p'],
];
const byCast = [
  'select p::text from pairs',
  'insert into texts select cast(p as text) from pairs',
  "insert into texts values ('(3)'::pair)",
  'select shown from shown',
  'insert into texts select made()',
  'insert into targets values (5)',
] as const;

describeReal('POSTGRES', 'cached answers from a table that has other names', (where) => {
  let rig: RealRig;
  let reader: pg.Client;
  let writer: pg.Client;
  const cache = { rules: [{}], pollMs: 60_000, ttlMs: 600_000, hitRatioMin: 0 };
  const database = new URL(where).pathname.slice(1);
  const caches = () => rig.running.proxy.host.caches!;
  const hits = (): number => caches().answers.rows.counts.hits;
  const counts = async (client: pg.Client, text = 'select count(*) as n from log'): Promise<string | undefined> =>
    (await client.query<{ n: string }>(text)).rows[0]?.n;
  const at = (url: string, name: string) => ({
    connectionString: Object.assign(new URL(url), { pathname: name }).href,
  });
  const allOn = () =>
    eventually(
      () =>
        caches()
          .databases()
          .every(([, { isOn }]) => isOn),
      10_000,
    );
  const expectForgotten = async (write: () => Promise<unknown>): Promise<void> => {
    await counts(reader);
    const before = hits();
    await counts(reader);
    expect(hits()).toBe(before + 1);
    await write();
    expect(await counts(reader)).toBe(await counts(rig.direct));
  };

  beforeEach(async () => {
    rig = await RealRig.start(where, 'transaction', 5, undefined, {
      cache,
      classes: { isOn: false },
      databases: { alias: { upstream: 'main', database }, '*': { upstream: 'main' } },
    });
    await rig.direct.query(`set search_path to ${rig.schema};
      create table log (id int); create type pair as (a int);
      create function text_of(p pair) returns text language plpgsql as $$ begin insert into log values (p.a); return 'x'; end $$;
      create cast (pair as text) with function text_of(pair) as assignment;
      create table pairs (p pair); insert into pairs values (row(1)::pair); create table texts (t text);
      create view shown as select p::text as shown from pairs;
      create function made() returns pair language sql stable as 'select row(4)::pair';
      create type target as (a int);
      create function target_of(i int) returns target language plpgsql as $$ begin insert into log values (i); return row(i); end $$;
      create cast (int as target) with function target_of(int) as assignment;
      create table targets (t target);
      create type single as (a int);
      create function number_of(p single) returns bigint language plpgsql stable as
        $$ begin return (select count(*) from log); end $$;
      create cast (single as bigint) with function number_of(single);
      create table singles (s single); insert into singles values (row(1)::single);
      create view numbers as select s::bigint as n from singles`);
    [reader, writer] = [await rig.client(), await rig.client()];
    await reader.query('select 1');
    await allOn();
  });
  afterEach(() => rig.close());

  it('are dropped when a statement runs under a name that meant another one', async () => {
    for (const texts of byName) {
      await expectForgotten(async () => {
        for (const text of texts) await writer.query(text).catch(whatever);
      });
      await writer.query('deallocate all');
    }
  });

  it('are dropped when SQL runs a statement that the protocol has named', async () => {
    const client = await WireClient.in({
      ...accessOf(rig.url),
      database,
      parameters: { options: `-c search_path=${rig.schema}` },
    });
    const insert = (name: string) =>
      parse({ name, text: 'insert into log values (1) returning id', parameterTypes: [] });
    await client.ask(query('begin'));
    const portal = { portal: 'c', statement: 's', parameterFormats: [], parameters: [], resultFormats: [] };
    await client.ask(insert('s'), bind(portal), sync());
    await expectForgotten(async () => {
      expect(await client.ask(query('fetch all from c'))).toContain('C FETCH 1');
      await client.ask(query('commit'));
    });
    await client.ask(query('prepare q as select 1'));
    await client.ask(query('deallocate q'));
    await client.ask(insert('q'), sync());
    await expectForgotten(() => client.ask(query('execute q')));
    client.close();
  });

  it.each(byCast)('end when a cast writes: %s', async (text) => {
    await expectForgotten(() => writer.query(text));
  });

  it.each(['select s::bigint as n from singles', 'select n from numbers'])(
    'are not cached when a cast reads: %s',
    async (text) => {
      for (let time = 0; time < 2; time++) await counts(reader, text);
      await writer.query('insert into log values (1)');
      expect(await counts(reader, text)).toBe(await counts(rig.direct, text));
    },
  );

  it('are dropped after a write through another name of the database, whether a rule covers that or not', async () => {
    const alias = await rig.client(at(rig.url, 'alias'));
    await expectForgotten(() => alias.query('insert into log values (1)'));
    await allOn();
    await expectForgotten(() => alias.query('insert into log values (1)'));
    rig.reload({
      cache: { ...cache, rules: [{ databases: [database] }] },
      databases: { alias: { upstream: 'main', database }, '*': { upstream: 'main' } },
    });
    await reader.query('select 1');
    await allOn();
    await expectForgotten(() => alias.query('insert into log values (1)'));
  });

  it('are dropped when a RELOAD gives a name to another database', async () => {
    const other = `proxy_other_${process.pid}`;
    await rig.direct.query(`create database ${other}`);
    try {
      const there = await rig.directClient(at(where, other));
      await there.query(`create schema ${rig.schema}; create table ${rig.schema}.log as select generate_series(1, 5)`);
      const alias = await rig.client(at(rig.url, 'alias'));
      await alias.query('select 1');
      await allOn();
      expect([await counts(alias), await counts(alias)]).toEqual(['0', '0']);
      rig.reload({ cache, databases: { alias: { upstream: 'main', database: other }, '*': { upstream: 'main' } } });
      expect(await counts(alias)).toBe('5');
      await Promise.all([there.end(), alias.end()]);
    } finally {
      await rig.direct.query(`drop database ${other} with (force)`);
    }
  });
});
