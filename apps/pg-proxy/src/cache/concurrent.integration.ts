import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import type pg from 'pg';
import { RealRig } from '../testing/real-rig.ts';

const tables = [0, 1, 2, 3] as const;
type Table = (typeof tables)[number];
/** Until so much was read, or so much time has gone. */
const readsMin = 4_000;
const runMs = 90_000;

/** Every way in which a writer goes on to `version`; true: it is committed. What is never committed is negative. */
const ways: readonly ((client: pg.Client, table: string, version: number) => Promise<boolean>)[] = [
  async (client, table, version) => {
    await client.query(`update ${table} set v = ${version}`);
    return true;
  },
  async (client, table, version) => {
    await client.query({ name: `u_${table}`, text: `update ${table} set v = $1`, values: [version] });
    return true;
  },
  async (client, table, version) => {
    await client.query('begin');
    await client.query(`update ${table} set v = -1`);
    await client.query(`update ${table} set v = $1`, [version]);
    await client.query('commit');
    return true;
  },
  async (client, table) => {
    await client.query('begin');
    await client.query(`update ${table} set v = -2`);
    await client.query('rollback');
    return false;
  },
  async (client, table, version) => {
    await client.query(`begin; update ${table} set v = -3; savepoint s`);
    await client.query(`update ${table} set v = -4`);
    await client.query('rollback to s');
    await client.query(`update ${table} set v = ${version}; release s; commit`);
    return true;
  },
  async (client, table, version) => {
    await client.query('begin');
    await client.query(`truncate ${table}`);
    await client.query(`insert into ${table} values (${version})`);
    await client.query('commit');
    return true;
  },
  async (client, table, version) => {
    await client.query(`select 1; update ${table} set v = ${version}; select 2`);
    return true;
  },
  async (client, table, version) => {
    await client.query('select set_version($1, $2)', [table, version]);
    return true;
  },
  async (client, table, version) => {
    await client.query(`with new as (update ${table} set v = ${version} returning v) select * from new`);
    return true;
  },
  async (client, table) => {
    await client.query(`update ${table} set v = -5 / (v - v)`).catch(() => undefined);
    return false;
  },
  async (client, table) => {
    await client.query('begin');
    await client.query(`update ${table} set v = -6`);
    await client.query('select 1 / 0').catch(() => undefined);
    expect((await client.query('commit')).command).toBe('ROLLBACK');
    return false;
  },
  async (client, table, version) => {
    await client.query(`do $$ begin update ${table} set v = ${version}; end $$`);
    return true;
  },
  async (client, table, version) => {
    await client.query(`create index if not exists i_${table} on ${table} (v); drop index i_${table}`);
    await client.query(`update ${table} set v = ${version}`);
    return true;
  },
];

describeReal('POSTGRES', 'many clients that read and write through the caches', (where) => {
  let rig: RealRig;
  beforeEach(async () => {
    rig = await RealRig.start(where, 'transaction', 6, undefined, {
      cache: { rules: [{}], metadata: true, hitRatioMin: 0, entryBytesMax: 10_000 },
      // On a busy machine what looks analytical would be refused.
      classes: { isOn: false },
    });
    await rig.direct.query(`set search_path to ${rig.schema}`);
    for (const table of tables)
      await rig.direct.query(`create table t${table} (v int); insert into t${table} values (0)`);
    await rig.direct.query(`create view pair as select t0.v as a, t1.v as b from t0, t1;
      create function set_version(what text, version int) returns void language plpgsql as
      $$ begin execute format('update %I set v = $1', what) using version; end $$`);
  });
  afterEach(() => rig.close());

  it('see nothing older than the last commit before they asked, and nothing that was rolled back', async () => {
    const acknowledged = new Map<Table, number>(tables.map((table) => [table, 0]));
    const asked = new Map<Table, number>(tables.map((table) => [table, 0]));
    const endMs = performance.now() + runMs;
    let reads = 0;
    let writes = 0;
    const isOver = (): boolean => (reads >= readsMin && writes >= 8 * ways.length) || performance.now() > endMs;
    const check = (table: Table, seen: number | undefined, atLeast: number): void => {
      reads++;
      if (seen === undefined) return; // between TRUNCATE and INSERT nobody looks, but a join may find nothing
      expect(seen).toBeGreaterThanOrEqual(atLeast);
      expect(seen).toBeLessThanOrEqual(asked.get(table)!);
    };
    const write = async (table: Table): Promise<void> => {
      const client = await rig.client();
      for (let turn = table; !isOver(); turn++) {
        const version = acknowledged.get(table)! + 1;
        asked.set(table, version);
        const isCommitted = await ways[turn % ways.length]!(client, `t${table}`, version);
        writes++;
        if (isCommitted) acknowledged.set(table, version);
        // So that something is read between.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const read = async (
      of: Table,
      ask: (client: pg.Client) => Promise<pg.QueryResult<{ v: number }>>,
    ): Promise<void> => {
      const client = await rig.client();
      while (!isOver()) {
        const atLeast = acknowledged.get(of)!;
        check(of, (await ask(client)).rows[0]?.v, atLeast);
      }
    };
    const readBoth = async (): Promise<void> => {
      const client = await rig.client();
      while (!isOver()) {
        const [first, second] = [acknowledged.get(0)!, acknowledged.get(1)!];
        const [row] = (await client.query<{ a: number; b: number }>('select * from pair')).rows;
        check(0, row?.a, first);
        check(1, row?.b, second);
      }
    };
    await Promise.all([
      ...tables.map(write),
      ...tables.map((table) => read(table, (client) => client.query(`select v from t${table}`))),
      ...tables.map((table) =>
        read(table, (client) => client.query({ text: `select v from t${table} where v >= $1`, values: [0] })),
      ),
      ...tables.map((table) =>
        read(table, (client) => client.query({ name: 'n', text: `select v from t${table} where $1`, values: [true] })),
      ),
      readBoth(),
      readBoth(),
    ]);
    const { hits, kept, overtaken } = rig.running.proxy.host.caches!.answers.rows.counts;
    expect(hits).toBeGreaterThan(reads / 50);
    expect(kept).toBeGreaterThan(50);
    expect(overtaken).toBeGreaterThan(0);
    await eventually(async () => {
      const client = await rig.client();
      for (const table of tables)
        expect((await client.query<{ v: number }>(`select v from t${table}`)).rows[0]?.v).toBe(acknowledged.get(table));
      return true;
    });
  }, 150_000);
});
