import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { bind, describe as describeMessage, execute, parse, query, sync, terminate } from '@medrex/pg-wire';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProxyRig } from '../testing/proxy-rig.ts';
import type { WireClient } from '../testing/wire-client.ts';

let rig: ProxyRig;
afterEach(async () => {
  await rig.close();
});

/** A proxy of which `app` is the administrator, and him at the console. */
async function atConsole(database = 'pgbouncer'): Promise<WireClient> {
  rig = await ProxyRig.start({ config: { admin: { users: ['app'] }, pool: { size: 2, waitTimeoutMs: 60_000 } } });
  return rig.in({ database });
}

describe('the console', () => {
  it.each(['pgbouncer', 'medrex'])('shows pools, clients, servers and counts at database %s', async (database) => {
    const console = await atConsole(database);
    const client = await rig.in();
    await client.ask(query('begin'));
    expect(await console.ask(query('SHOW POOLS'))).toEqual([
      ...['T', 'D app,app,1,0,0,0,1,0,0,0,0,0,0,0,0,transaction,null'],
      ...['D pgbouncer,pgbouncer,1,0,0,0,0,0,0,0,0,0,0,0,0,statement,null', 'C SHOW', 'Z I'],
    ]);
    const beside = 'select database, cl_idle, sv_pinned, paused, failing, upstream from medrex.pools';
    expect(await console.ask(query(beside))).toContain('D app,0,0,f,f,main');
    expect((await console.ask(query('show clients;')))[1]).toMatch(/^D C,app,app,none,active,127\.0\.0\.1,/);
    expect((await console.ask(query('show servers')))[1]).toMatch(/^D S,app,app,none,active,127\.0\.0\.1,/);
    expect(await console.ask(query('show classes'))).toContain('D app,app,main,interactive,1,null,0,0,0');
    await client.ask(query('commit'));
    const stats = await console.ask(query('show stats'));
    expect(stats[2]).toMatch(/^D pgbouncer,0,6,6,\d+,\d+,0,0,0,0,0,0,(?:0,){10}0$/);
    expect(stats[1]).toMatch(/^D app,2,1,2,\d+,\d+,\d+,\d+,\d+,0,0,0,(?:0,){10}0$/);
    const logins = 'select total_client_login_count from medrex.stats where database = $$app$$';
    expect(await console.ask(query(logins))).toContain('D 1');
    expect(await console.ask(query('show config'))).toContain('D pool.size,2,20,yes');
    const databases = await console.ask(query('show databases'));
    expect(databases[1]).toContain('D app,127.0.0.1,');
    expect(databases[2]).toContain('D pgbouncer,null,0,pgbouncer,pgbouncer,0,0,0,0,statement,null,0,0,0,1,0,0');
    expect((await console.ask(query('show version')))[1]).toContain('PgBouncer');
  });

  it('always shows the same login time for a client', async () => {
    const console = await atConsole();
    await rig.in();
    const moments = new Set<string>();
    for (let look = 0; look < 30; look++) {
      const [, moment = ''] = await console.ask(
        query("select connect_time from medrex.clients where database = 'app'"),
      );
      moments.add(moment);
    }
    expect([...moments]).toEqual([expect.stringMatching(/^D \d{4}-/)]);
  });

  it('limits users who may only look, counts them as clients, and always admits administrators', async () => {
    rig = await ProxyRig.start({
      config: {
        admin: { users: ['app'], statsUsers: ['other'] },
        clientsMax: 3,
        users: { '*': { clientsMax: 2 } },
      },
    });
    const refused = (client: WireClient): Promise<string[]> => client.until('closed');
    for (const user of ['other', 'other', 'app', 'app', 'app']) await rig.in({ user, database: 'pgbouncer' });
    expect(await refused(rig.open({ user: 'other', database: 'pgbouncer' }))).toEqual([
      'FATAL 53300 too many connections for role "other"',
    ]);
    expect(await refused(rig.open({ user: 'app' }))).toEqual(['FATAL 53300 sorry, too many clients already']);
  });

  it('admits users who may only look even when there are too many clients', async () => {
    rig = await ProxyRig.start({ config: { admin: { statsUsers: ['other'] }, clientsMax: 1 } });
    await rig.in();
    const watcher = await rig.in({ user: 'other', database: 'pgbouncer' });
    watcher.send(terminate());
    await watcher.until('closed');
    await rig.in({ user: 'other', database: 'pgbouncer' });
  });

  it('answers drivers in the extended protocol', async () => {
    const console = await atConsole();
    const messages = [
      parse({ name: '', text: 'show version', parameterTypes: [] }),
      bind({ portal: '', statement: '', parameterFormats: [], parameters: [], resultFormats: [] }),
      describeMessage({ kind: 'portal', name: '' }),
      execute({ portal: '', rowsMax: 0 }),
    ];
    const words = await console.ask(...messages, sync());
    expect(words.map((word) => word.slice(0, 1)).join('')).toBe('12TDCZ');
  });

  it('waits at PAUSE for the last transaction, and goes on at RESUME', async () => {
    const console = await atConsole();
    const [busy, client] = [await rig.in(), await rig.in()];
    await busy.ask(query('begin'));
    console.send(query('PAUSE app'));
    client.send(query('select 1'));
    expect(await busy.ask(query('commit'))).toEqual(['C COMMIT', 'Z I']);
    expect(await console.until('Z')).toEqual(['C PAUSE', 'Z I']);
    expect(rig.postgres.open).toHaveLength(0);
    expect(await console.ask(query('RESUME'))).toEqual(['C RESUME', 'Z I']);
    expect((await client.until('Z')).at(-1)).toBe('Z I');
  });

  it('replaces backends at RECONNECT, and disconnects clients at KILL', async () => {
    const console = await atConsole();
    const client = await rig.in();
    await client.ask(query('select 1'));
    expect(await console.ask(query('RECONNECT'))).toEqual(['C RECONNECT', 'Z I']);
    expect(await client.ask(query('select 1'))).toEqual(['T', 'D 2', 'C SELECT 1', 'Z I']);
    expect(await console.ask(query('KILL app'))).toEqual(['C KILL', 'Z I']);
    expect(await client.until('closed')).toEqual(['FATAL 57P01 terminating connection due to administrator command']);
  });

  it('cancels running statements at KILL', async () => {
    const console = await atConsole();
    const [busy, inside] = [await rig.in(), await rig.in()];
    await inside.ask(query('begin'));
    busy.send(query('hang'));
    await eventually(() => rig.postgres.backends.some(({ heard }) => heard.includes('hang')));
    expect(await console.ask(query('KILL'))).toEqual(['C KILL', 'Z I']);
    const told = ['FATAL 57P01 terminating connection due to administrator command'];
    expect([await busy.until('closed'), await inside.until('closed')]).toEqual([told, told]);
    await eventually(() => rig.postgres.open.length === 0);
    expect(rig.postgres.backends.flatMap(({ cancelled }) => cancelled)).toEqual(['hang']);
    const late = rig.open();
    await eventually(() => rig.running.proxy.host.clients.size === 1);
    expect(await console.ask(query('RESUME'))).toEqual(['C RESUME', 'Z I']);
    await late.until('Z I');
    expect((await late.ask(query('select 1'))).at(-1)).toBe('Z I');
  });

  it('reloads the configuration, and keeps the old one if the new one is invalid', async () => {
    const console = await atConsole();
    const file = join(rig.folder, 'config.json');
    const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...config, pool: { size: 3 } }));
    expect(await console.ask(query('RELOAD'))).toEqual(['C RELOAD', 'Z I']);
    expect(rig.running.proxy.host.pools.figures(0).every(({ settings }) => settings.max === 3)).toBe(true);
    writeFileSync(file, JSON.stringify({ ...config, pool: { size: -1 } }));
    expect((await console.ask(query('RELOAD')))[0]).toContain('pool.size');
  });

  it('reports unknown commands, and ends at Terminate', async () => {
    const console = await atConsole();
    expect(await console.ask(query('nonsense'))).toEqual(['ERROR 42601 syntax error at or near "nonsense"', 'Z I']);
    expect(await console.ask(query('show secrets'))).toEqual(['ERROR 42704 there is no "secrets" to show', 'Z I']);
    expect(await console.ask(query(''))).toEqual(['I', 'Z I']);
    console.send(terminate());
    expect(await console.until('closed')).toEqual([]);
  });

  it('does not count a user twice who leaves and comes back at once', async () => {
    rig = await ProxyRig.start({
      config: {
        admin: { statsUsers: ['app'] },
        users: { app: { clientsMax: 1 } },
        auth: { userFile: 'users.txt', method: 'trust' },
      },
    });
    for (let turn = 0; turn < 50; turn++) {
      const visitor = await rig.in({ database: 'pgbouncer', password: '' });
      visitor.send(terminate());
    }
  });

  it('gives the same data as tables, with WHERE, ORDER BY and parameters', async () => {
    const console = await atConsole();
    const client = await rig.in();
    await client.ask(query('begin'));
    expect(
      await console.ask(query('SELECT database, cl_active FROM medrex.pools WHERE user_name = current_user')),
    ).toEqual([...['T', 'D app,1', 'C SELECT 1', 'Z I']]);
    const messages = [
      parse({ name: 's', text: 'select key from medrex.config where key like $1 order by 1', parameterTypes: [] }),
      describeMessage({ kind: 'statement', name: 's' }),
      bind({
        portal: '',
        statement: 's',
        parameterFormats: [],
        resultFormats: [1],
        parameters: [Buffer.from('pool.reserve%')],
      }),
      execute({ portal: '', rowsMax: 1 }),
      execute({ portal: '', rowsMax: 1 }),
      sync(),
    ];
    expect(await console.ask(...messages)).toEqual([
      ...['1', 't', 'T', '2', 'D pool.reserve', 's', 'D pool.reserveAfterMs', 's', 'Z I'],
    ]);
    expect(await console.ask(query('begin; select 1; select nonsense'))).toEqual([
      ...['C BEGIN', 'T', 'D 1', 'C SELECT 1', 'ERROR 42703 column "nonsense" does not exist', 'Z E'],
    ]);
    expect((await console.ask(query('select 1')))[0]).toMatch(/^ERROR 25P02/);
    expect(await console.ask(query('rollback'))).toEqual(['C ROLLBACK', 'Z I']);
  });

  it('answers while the upstream is down, and knows what drivers ask at the start', async () => {
    const console = await atConsole();
    await rig.postgres.close();
    const asked =
      "SET application_name = 'Grafana'; SHOW application_name; SELECT version(); SHOW transaction_isolation";
    const words = await console.ask(query(asked));
    expect(words.filter((word) => word.startsWith('D'))).toEqual([
      // SQLAlchemy reads the version there.
      ...['D Grafana', expect.stringMatching(/^D PostgreSQL 15.0 .*pg-proxy/), 'D read committed'],
    ]);
    expect(await console.ask(query('SELECT count(*) FROM medrex.servers'))).toEqual(['T', 'D 0', 'C SELECT 1', 'Z I']);
  });

  it('answers in any database for users who may look, and leaves everything else to the server', async () => {
    await atConsole();
    const client = await rig.in();
    await rig.in({ user: 'other' });
    expect(await client.ask(query('select count(*) > 0 from medrex.clients'))).toEqual([
      'T',
      'D t',
      'C SELECT 1',
      'Z I',
    ]);
    expect(rig.postgres.backends.flatMap(({ heard }) => heard).join()).not.toContain('medrex');
    const prepared = [
      parse({ name: '', text: 'select name from medrex.databases', parameterTypes: [] }),
      bind({ portal: '', statement: '', parameterFormats: [], parameters: [], resultFormats: [] }),
      execute({ portal: '', rowsMax: 0 }),
    ];
    expect(await client.ask(...prepared, sync())).toEqual(['1', '2', 'D app', 'D pgbouncer', 'C SELECT 2', 'Z I']);
    const elsewhere = [parse({ name: '', text: "select 'medrex.pools'", parameterTypes: [] }), ...prepared.slice(1)];
    expect((await client.ask(...elsewhere, sync())).at(-1)).toBe('Z I');
    expect(rig.postgres.backends.flatMap(({ heard }) => heard)).toContain("parse select 'medrex.pools'");
    const other = await rig.in({ user: 'other' });
    await other.ask(query('select 1 from medrex.pools'));
    expect(rig.postgres.backends.flatMap(({ heard }) => heard)).toContain('select 1 from medrex.pools');
  });

  it('lets some users look without acting', async () => {
    rig = await ProxyRig.start({ config: { admin: { statsUsers: ['other'] } } });
    const console = await rig.in({ user: 'other', database: 'medrex' });
    expect((await console.ask(query('show pools'))).at(-1)).toBe('Z I');
    expect(await console.ask(query('PAUSE'))).toEqual(['ERROR 42501 this user may use SHOW, but not PAUSE', 'Z I']);
  });

  it('admits administrators only, and does not exist without any', async () => {
    await atConsole();
    expect(await rig.open({ user: 'other', database: 'medrex' }).until('closed')).toEqual([
      ...['FATAL 42501 this user may not use the console'],
    ]);
    await rig.close();
    rig = await ProxyRig.start();
    expect(await rig.open({ database: 'pgbouncer' }).until('closed')).toEqual([
      ...['FATAL 3D000 database "pgbouncer" does not exist'],
    ]);
  });
});
