import { afterAll, beforeAll, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import fc from 'fast-check';
import { session } from '../testing/random-steps.ts';
import { randomSchema } from '../testing/random-texts.ts';
import { RealRig, type Mode } from '../testing/real-rig.ts';
import { SessionPairs, type OpenClient } from '../testing/session-pairs.ts';
import { WireClient } from '../testing/wire-client.ts';

/** MEDREX_FUZZ_RUNS=5000 and MEDREX_FUZZ_SEED run more, and others; a failure names the seed and the path. */
const runs = Number(process.env.MEDREX_FUZZ_RUNS ?? 40);
const seed = Number(process.env.MEDREX_FUZZ_SEED ?? 1);
const clients = 4;

// In session mode a client keeps its backend until it leaves; nobody may have to wait for one.
describeReal('POSTGRES', 'random sessions through pg-proxy in transaction mode', (where) =>
  sessions(where, 'transaction', 2),
);
describeReal('POSTGRES', 'random sessions through pg-proxy in session mode', (where) =>
  sessions(where, 'session', clients + 1),
);
// In statement mode a client that begins a block is disconnected.
describeReal('POSTGRES', 'random sessions through pg-proxy in statement mode', (where) =>
  sessions(where, 'statement', 2, (text) => !/(?:^|;)\s*(?:begin|start)\b/.test(text)),
);

function sessions(where: string, mode: Mode, backends: number, isSent?: (text: string) => boolean): void {
  let rig: RealRig;
  let lastTag = 0;
  const databases = { proxied: `random_${mode}_${process.pid}`, direct: `random_direct_${mode}_${process.pid}` };
  const role = 'random_role';

  beforeAll(async () => {
    rig = await RealRig.start(where, mode, backends, undefined, { classes: { isOn: false } });
    await rig.direct.query(`do $$ begin create role ${role}; exception when duplicate_object then null; end $$`);
    for (const database of Object.values(databases)) {
      await rig.direct.query(`create database ${database}`);
      const client = await rig.directClient({ connectionString: at(where, database).href });
      await client.query(randomSchema(clients));
      await client.end();
    }
    // Once a client of a pool has asked for currval, sequence values are kept for those who advanced them.
    const first = await rig.client({ connectionString: at(rig.url, databases.proxied).href });
    await first.query('select lastval()').catch(() => undefined);
    await first.end();
  });
  afterAll(async () => {
    for (const database of Object.values(databases)) await rig.direct.query(`drop database ${database} with (force)`);
    await rig.close();
  });

  const at = (href: string, database: string): URL => Object.assign(new URL(href), { pathname: `/${database}` });
  const opener =
    (url: URL): OpenClient =>
    async (place, wordOf) => {
      const user = decodeURIComponent(url.username);
      const password = url.password === '' ? 'secret' : decodeURIComponent(url.password);
      const options = `-c search_path=own${place},\\ public -c lock_timeout=800${place % 2 === 1 ? ' -S 9000' : ''}`;
      const parameters = { options, application_name: `random ${place}`, ...(place === 2 && { '_pq_.news': 'on' }) };
      return WireClient.in({
        port: Number(url.port),
        user,
        password,
        parameters,
        wordOf,
        minor: place === 3 ? 2 : 0,
        database: url.pathname.slice(1),
      });
    };

  /** Nobody must wait for a prepared transaction that nobody ends. */
  async function rollBackPrepared(of: RealRig, href: string): Promise<void> {
    const text = 'select gid, database from pg_prepared_xacts where database = any($1)';
    const { rows } = await of.direct.query<{ gid: string; database: string }>(text, [Object.values(databases)]);
    for (const { gid, database } of rows) {
      const client = await of.directClient({ connectionString: at(href, database).href });
      await client.query(`rollback prepared '${gid}'`);
      await client.end();
    }
  }

  it(
    'get the same answers as on connections of their own, whoever used the backend before',
    async () => {
      const { host } = rig.running.proxy;
      const hasBackend = (port: number): boolean =>
        [...host.clients].some((client) => client.socket.remotePort === port && client.backend !== undefined);
      const [proxied, direct] = [opener(at(rig.url, databases.proxied)), opener(at(where, databases.direct))];
      const nextTag = (): number => ++lastTag;
      const cleanUp = (): Promise<void> => rollBackPrepared(rig, where);
      await fc.assert(
        fc.asyncProperty(session(clients, isSent), async (one) =>
          SessionPairs.run({ proxied, direct, clients, hasBackend, nextTag, cleanUp, backends }, one),
        ),
        { numRuns: runs, seed, interruptAfterTimeLimit: 100_000 + runs * 1_000 },
      );
    },
    160_000 + runs * 1_000,
  );
}
