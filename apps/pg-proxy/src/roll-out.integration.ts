import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { cancelRequest } from '@medrex/pg-wire';
import { connect } from 'node:net';
import pg from 'pg';
import { Instances } from './testing/instances.ts';

/** Each with a pool of its own, so that all of their connections are in use. */
const clients = 200;
const rollOuts = Number(process.env['MEDREX_ROLL_OUTS'] ?? 3);

describeReal('POSTGRES', 'two instances of pg-proxy on one port', (where) => {
  const table = `roll_out_${process.pid}`;
  let direct: pg.Client;
  let instances: Instances;

  beforeEach(async () => {
    direct = new pg.Client({ connectionString: where });
    await direct.connect();
    await direct.query(`create table ${table} (worker int, at int)`);
    // node-postgres reads what comes.
    const drain = { quietMs: 5_000, boundaryAfterMs: 0, timeoutMs: 20_000 };
    instances = await Instances.start(where, 2, { drain, pool: { size: 20, waitTimeoutMs: 60_000 } });
  });

  afterEach(async () => {
    await instances.close();
    await direct.query(`drop table ${table}`);
    await direct.end();
  });

  it(`fail no transaction of 200 pooled clients in ${rollOuts} rolling restarts of both`, async () => {
    const pools = Array.from({ length: clients }, () => aPool(instances.url));
    const failures: string[] = [];
    let isOver = false;
    let committed = 0;
    const work = async (pool: pg.Pool, worker: number): Promise<void> => {
      for (let at = 0; !isOver; at++) {
        try {
          const client = await pool.connect();
          try {
            await client.query('begin');
            await client.query(`insert into ${table} values ($1, $2)`, [worker, at]);
            // Some transactions last while the instance goes.
            if (at % 10 === 0) await client.query('select pg_sleep(0.2)');
            await client.query('commit');
            committed++;
          } finally {
            client.release();
          }
        } catch (error) {
          failures.push(`${(error as { code?: string }).code ?? ''} ${(error as Error).message}`);
        }
        await new Promise((rest) => setTimeout(rest, worker % 4 === 0 ? 300 : 20));
      }
    };
    const workers = pools.map((pool, worker) => work(pool, worker));
    try {
      await eventually(() => committed > 400, 30_000);
      for (let time = 0; time < rollOuts; time++) {
        for (const id of [1, 2]) {
          await instances.stop(id);
          await instances.launch(id);
        }
      }
    } finally {
      isOver = true;
      await Promise.all(workers);
      await Promise.all(pools.map((pool) => pool.end()));
    }
    expect(failures).toEqual([]);
    const { rows } = await direct.query<{ count: string }>(`select count(*) from ${table}`);
    expect(Number(rows[0]?.count)).toBe(committed);
  });

  it('cancel requests for clients of the other instance, and nothing else', async () => {
    const two = await Promise.all([1, 2].map((id) => connected(instances.ownUrl(id))));
    const asked = two.map((client) =>
      client.query('select pg_sleep(60)').then(
        () => 'done',
        (error: unknown) => (error as { code: string }).code,
      ),
    );
    const running = async (): Promise<number> => {
      const { rows } = await direct.query<{ count: string }>(
        `select count(*) from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'`,
      );
      return Number(rows[0]?.count);
    };
    await eventually(async () => (await running()) === 2);
    await cancelAt(instances.ownUrl(2), two[0]!);
    expect(await asked[0]).toBe('57014');
    // A server tells of the error first, and shows then that it rests.
    await eventually(async () => (await running()) === 1);
    await cancelAt(instances.ownUrl(1), two[1]!);
    expect(await asked[1]).toBe('57014');
    await Promise.all(two.map((client) => client.end()));
  });
});

function aPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 1, idleTimeoutMillis: 0 });
  pool.on('error', () => undefined);
  // As the documentation of pg asks for: also of a client that somebody has taken.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

async function connected(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** As pg cancels, but by another instance. */
async function cancelAt(connectionString: string, client: pg.Client): Promise<void> {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const key = Buffer.alloc(4);
  key.writeInt32BE(secretKey);
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(connectionString).port) });
  socket.write(cancelRequest(processID, key));
  socket.resume();
  await new Promise((closed) => socket.once('close', closed));
}
