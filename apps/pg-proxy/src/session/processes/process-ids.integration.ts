import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import type pg from 'pg';
import { pidOf, RealRig } from '../../testing/real-rig.ts';

const processOf = (client: pg.Client): number => (client as unknown as { processID: number }).processID;

const ended = (client: pg.Client): Promise<string | undefined> =>
  new Promise((resolve) => client.once('error', (error) => resolve((error as pg.DatabaseError).code)));

type Ask = (id: number) => pg.QueryConfig;

const int4 = (id: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(id);
  return bytes;
};

/** As drivers send it. */
const ways: [string, Ask][] = [
  ['a number in the text', (id) => ({ text: `select pg_terminate_backend(${id}) as done` })],
  ['a string in the text', (id) => ({ text: `SELECT PG_TERMINATE_BACKEND('${id}'::int4) as done` })],
  ['a parameter', (id) => ({ text: 'select pg_terminate_backend($1) as done', values: [id] })],
  ['a binary parameter', (id) => ({ text: 'select pg_terminate_backend($1) as done', values: [int4(id)] })],
  ['a named statement', (id) => ({ name: 'end', text: 'select pg_terminate_backend($1) as done', values: [id] })],
];

describeReal('POSTGRES', 'process ids of clients', (where) => {
  describe.each(['session', 'transaction'] as const)('in %s mode', (mode) => {
    let rig: RealRig;
    beforeAll(async () => {
      rig = await RealRig.start(where, mode, 4);
    });
    afterAll(() => rig.close());

    it.each(ways)('end the session of a client that rests: %s', async (_way, ask) => {
      const [victim, killer] = [await rig.client(), await rig.client()];
      const told = ended(victim);
      expect((await killer.query(ask(processOf(victim)))).rows).toEqual([{ done: true }]);
      expect(await told).toBe('57P01');
      expect((await killer.query('select 1 as still')).rows).toEqual([{ still: 1 }]);
      await killer.end();
    });

    it.each(ways)('end the session of a client in its transaction: %s', async (_way, ask) => {
      const [victim, killer] = [await rig.client(), await rig.client()];
      await victim.query('begin');
      const told = ended(victim);
      expect((await killer.query(ask(processOf(victim)))).rows).toEqual([{ done: true }]);
      expect(await told).toBe('57P01');
      await killer.end();
    });

    it.each(ways)('end the session of who asks: %s', async (_way, ask) => {
      const client = await rig.client();
      await expect(client.query(ask(processOf(client)))).rejects.toMatchObject({ code: '57P01' });
    });

    it('cancel what a client runs', async () => {
      const [victim, other] = [await rig.client(), await rig.client()];
      const asked = victim.query('select pg_sleep(60)').catch((error: unknown) => (error as pg.DatabaseError).code);
      const busy = `select from pg_stat_activity where state = 'active' and query = 'select pg_sleep(60)'`;
      await eventually(async () => (await rig.direct.query(busy)).rowCount === 1);
      await other.query('select pg_cancel_backend($1)', [processOf(victim)]);
      expect(await asked).toBe('57014');
      await Promise.all([victim.end(), other.end()]);
    });

    it('name a session that waits for a lock, in a text or as a parameter', async () => {
      const [holder, waiter, other] = [await rig.client(), await rig.client(), await rig.client()];
      await holder.query('begin; select pg_advisory_xact_lock(4711)');
      const waiting = waiter.query('select pg_advisory_xact_lock(4711)');
      const named = { name: 'blocked', text: `select cardinality(pg_blocking_pids(${processOf(waiter)})) as count` };
      await eventually(async () => (await other.query<{ count: number }>(named)).rows[0]?.count === 1);
      const asked = await other.query('select cardinality(pg_blocking_pids($1)) as count', [processOf(waiter)]);
      expect(asked.rows).toEqual([{ count: 1 }]);
      // A text that comes again is looked at by what differs in it.
      for (let times = 0; times < 3; times++) expect((await other.query(named.text)).rows).toEqual([{ count: 1 }]);
      await holder.query('commit');
      await waiting;
      await Promise.all([holder.end(), waiter.end(), other.end()]);
    });

    it('show in the views of the server what a session does, at rest or not', async () => {
      const [seen, other] = [await rig.client(), await rig.client()];
      const id = processOf(seen);
      const rests = await other.query('select state from pg_stat_activity where pid = $1', [id]);
      expect(rests.rows).toEqual([{ state: 'idle' }]);
      const asked = seen.query('select pg_sleep(60)').catch((error: unknown) => (error as pg.DatabaseError).code);
      const busy = {
        name: 'busy',
        text: `select wait_event from pg_stat_activity where pid = $1 and state = 'active'`,
      };
      await eventually(async () => (await other.query({ ...busy, values: [id] })).rows.length === 1);
      const asItsArgument = await other.query(`select state from pg_stat_get_activity(${id})`);
      expect(asItsArgument.rows).toEqual([{ state: 'active' }]);
      await other.query('select pg_cancel_backend($1)', [id]);
      expect(await asked).toBe('57014');
      await seen.query('select pg_advisory_lock(4712)');
      const locks = await other.query(`select objid from pg_locks where locktype = 'advisory' and pid = ${id}`);
      expect(locks.rows).toEqual([{ objid: 4712 }]);
      await Promise.all([seen.end(), other.end()]);
    });

    it('differ for clients that come when another has just left, as long as another backend is idle', async () => {
      const two = await Promise.all([rig.client(), rig.client()]);
      await Promise.all(two.map((client) => client.end()));
      // Both are reset by now: of one that comes back later the turn is later, too.
      await eventually(async () => (await rig.busy()) === 0);
      const told: number[] = [];
      for (let login = 0; login < 4; login++) {
        const client = await rig.client();
        told.push(processOf(client));
        await client.end();
        await eventually(async () => (await rig.busy()) === 0);
      }
      for (const [at, id] of told.slice(1).entries()) expect(id).not.toBe(told[at]);
    });

    it('are none that the server gives to others, and an unknown number stays as it is', async () => {
      const client = await rig.client();
      if (mode === 'session') expect(processOf(client)).toBe(await pidOf(client));
      else expect(processOf(client)).toBeGreaterThan(2 ** 22);
      const nobody = await client.query('select pg_terminate_backend(2147483647) as done, 2147483646 as number');
      expect(nobody.rows).toEqual([{ done: false, number: 2_147_483_646 }]);
      await client.end();
    });
  });
});
