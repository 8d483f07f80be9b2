import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { anId, anOutcome, aStatus, describeReal, statusStoreContract } from '@medrex/contracts/testing';
import type { PoolClient } from 'pg';
import { TestSchema } from '../testing/a-schema.ts';
import { WatchingPool } from '../testing/watching-pool.ts';
import { PostgresStatusStore } from './postgres-status-store.ts';

describeReal('POSTGRES', 'PostgresStatusStore', (url) => {
  statusStoreContract('PostgresStatusStore', async () => {
    const schema = new TestSchema(url);
    const store = await PostgresStatusStore.open({ pool: schema.pool(), schema: schema.name });
    return {
      store,
      dispose: async () => {
        await store.close();
        await schema.drop();
      },
    };
  });

  let schema: TestSchema;
  const open = (): Promise<PostgresStatusStore> =>
    PostgresStatusStore.open({ pool: schema.pool(), schema: schema.name });
  beforeEach(() => {
    schema = new TestSchema(url);
  });
  afterEach(() => schema.drop());
  const at = { topic: 'outcomes', partition: 0, offset: 7 };

  it('is made once by instances that start together, and each sees at once what the others noted', async () => {
    const stores = await Promise.all(Array.from({ length: 5 }, open));
    await Promise.all(
      stores.map((store, index) =>
        store.accepted(Array.from({ length: 50 }, (_, place) => aStatus({ opId: anId(`${index % 2}-${place}`) }))),
      ),
    );
    const ids = Array.from({ length: 100 }, (_, place) => anId(`${place % 2}-${Math.floor(place / 2)}`));
    for (const store of stores)
      expect((await store.get(ids)).every((status) => status?.state === 'pending')).toBe(true);
  });

  it('takes the same runs from several instances in any order, and no run is lost to a deadlock', async () => {
    const stores = await Promise.all([open(), open(), open()]);
    const ids = Array.from({ length: 1_500 }, (_, index) => anId(index));
    const orders = [ids, [...ids].reverse(), [...ids.slice(700), ...ids.slice(0, 700)]];
    await Promise.all(
      stores.map((store, index) => store.accepted((orders[index] ?? []).map((opId) => aStatus({ opId, seq: index })))),
    );
    const winners = new Set((await stores[0].get(ids)).map((status) => status?.seq));
    expect([...winners].every((seq) => seq !== undefined)).toBe(true);
    await Promise.all(
      stores.map((store, index) =>
        store.settled(
          (orders[index] ?? []).map((opId) => ({ outcome: anOutcome({ opId }), settledAtMs: 5 })),
          at,
        ),
      ),
    );
    expect((await stores[0].get(ids)).every((status) => status?.state === 'applied')).toBe(true);
  });

  it('notes a run and its position together or not at all', async () => {
    const store = await open();
    await store.settled([], { ...at, offset: 3 });
    const good = { outcome: anOutcome({ opId: anId(1) }), settledAtMs: 5 };
    const unwritable = { outcome: anOutcome({ opId: anId(2) }), settledAtMs: NaN };
    await expect(store.settled([good, unwritable], at)).rejects.toMatchObject({
      code: 'POSTGRES_FAILED',
      retryable: true,
    });
    expect(await store.get([anId(1), anId(2)])).toEqual([undefined, undefined]);
    expect(await store.position('outcomes', 0)).toBe(3);
  });

  it('settles in the order of a run that names one id twice', async () => {
    const store = await open();
    const [first, other] = [anOutcome({ opId: anId(1) }), anOutcome({ opId: anId(1), sourceHash: anId('other') })];
    const rows = [first, other].map((outcome) => ({ outcome, settledAtMs: 5 }));
    await store.settled(rows, at);
    expect(await store.get([anId(1)])).toMatchObject([{ sourceHash: first.sourceHash, outcome: first }]);
  });

  it('commits to the disk also in a database that would rather be fast', async () => {
    await open();
    await schema.sql('CREATE TABLE S.at_commit (how text)');
    await schema.sql(`CREATE FUNCTION S.note() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO S.at_commit VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$`);
    for (const table of ['status_operations', 'status_positions'])
      await schema.sql(`CREATE CONSTRAINT TRIGGER note AFTER INSERT OR DELETE ON S.${table}
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION S.note()`);
    const watch = async (_: string, client: PoolClient): Promise<void> => {
      await client.query("SET synchronous_commit = 'off'");
    };
    const pool = schema.closing(new WatchingPool(schema.options, watch));
    const store = await PostgresStatusStore.open({ pool, schema: schema.name });
    await store.accepted([aStatus({ opId: anId(1) })]);
    await store.settled([{ outcome: anOutcome({ opId: anId(2) }), settledAtMs: 5 }], at);
    await store.forget([anId(2)]);
    const seen = await schema.sql('SELECT how FROM S.at_commit');
    expect(seen.map(({ how }) => how)).toEqual(['on', 'on', 'on', 'on']); // accepted; settled, with its position; forgotten
  });

  it('says so when it is used after it was closed', async () => {
    const store = await open();
    await store.close();
    await expect(store.get([anId(1)])).rejects.toMatchObject({ code: 'POSTGRES_CLOSED' });
    await expect(store.forget([anId(1)])).rejects.toMatchObject({ code: 'POSTGRES_CLOSED' });
  });

  it('refuses tables of a newer release', async () => {
    await open();
    await schema.sql("UPDATE S.schema_versions SET version = 99 WHERE component = 'statuses'");
    await expect(open()).rejects.toMatchObject({ code: 'POSTGRES_SCHEMA_UNKNOWN', retryable: false });
  });
});
