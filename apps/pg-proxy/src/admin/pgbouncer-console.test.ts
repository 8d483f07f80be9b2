import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { cancelRequest, query } from '@medrex/pg-wire';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { longestMs } from '../config/durations.ts';
import { proxyConfig } from '../config/proxy-config.ts';
import { ProxyRig } from '../testing/proxy-rig.ts';
import type { WireClient } from '../testing/wire-client.ts';
import { show, viewNames } from './show.ts';

let rig: ProxyRig;
afterEach(() => rig.close());

async function atConsole(config: object = {}): Promise<WireClient> {
  rig = await ProxyRig.start({ config: { admin: { users: ['app'] }, pool: { size: 2 }, ...config } });
  return rig.in({ database: 'pgbouncer' });
}

/** What tools look for, by name and in this order: PgBouncer 1.25. */
const columns: Readonly<Record<string, string>> = {
  pools:
    'database user cl_active cl_waiting cl_active_cancel_req cl_waiting_cancel_req sv_active sv_active_cancel sv_being_canceled sv_idle sv_used sv_tested sv_login maxwait maxwait_us pool_mode load_balance_hosts',
  clients:
    'type user database replication state addr port local_addr local_port connect_time request_time wait wait_us close_needed ptr link remote_pid tls application_name prepared_statements id',
  servers:
    'type user database replication state addr port local_addr local_port connect_time request_time wait wait_us close_needed ptr link remote_pid tls application_name prepared_statements id',
  sockets:
    'type user database replication state addr port local_addr local_port connect_time request_time wait wait_us close_needed ptr link remote_pid tls application_name prepared_statements id recv_pos pkt_pos pkt_remain send_pos send_remain pkt_avail send_avail',
  databases:
    'name host port database force_user pool_size min_pool_size reserve_pool_size server_lifetime pool_mode load_balance_hosts max_connections current_connections max_client_connections current_client_connections paused disabled',
  users:
    'name pool_size reserve_pool_size pool_mode max_user_connections current_connections max_user_client_connections current_client_connections',
  stats:
    'database total_server_assignment_count total_xact_count total_query_count total_received total_sent total_xact_time total_query_time total_wait_time total_client_parse_count total_server_parse_count total_bind_count avg_server_assignment_count avg_xact_count avg_query_count avg_recv avg_sent avg_xact_time avg_query_time avg_wait_time avg_client_parse_count avg_server_parse_count avg_bind_count',
  stats_totals:
    'database server_assignment_count xact_count query_count bytes_received bytes_sent xact_time query_time wait_time client_parse_count server_parse_count bind_count',
  stats_averages:
    'database server_assignment_count xact_count query_count bytes_received bytes_sent xact_time query_time wait_time avg_client_parse_count avg_server_parse_count avg_bind_count',
  totals: 'name value',
  config: 'key value default changeable',
  lists: 'list items',
  mem: 'name size used free memtotal',
  state: 'key value',
  peers: 'peer_id host port pool_size',
  peer_pools: 'peer_id cl_active_cancel_req cl_waiting_cancel_req sv_active_cancel sv_login',
  dns_hosts: 'hostname ttl addrs',
  dns_zones: 'zonename serial count',
  version: 'version',
};

describe('the console for tools made for PgBouncer', () => {
  it('shows cancel requests that are on their way', async () => {
    const console = await atConsole();
    const cancels = (): Promise<string[]> =>
      console.ask(query('select cl_active_cancel_req, sv_active_cancel, sv_being_canceled from medrex.pools'));
    rig.postgres.heldCancels = [];
    const client = await rig.in();
    client.send(query('hang'));
    await eventually(() => rig.postgres.backends.some(({ heard }) => heard.includes('hang')));
    const { processId, secretKey } = client.key!;
    connect({ host: '127.0.0.1', port: rig.port }).end(cancelRequest(processId, Buffer.from(secretKey)));
    await eventually(() => rig.postgres.heldCancels?.length === 1);
    expect(await cancels()).toContain('D 1,1,0');
    rig.postgres.backends[0]!.cancel();
    await client.until('Z');
    expect(await cancels()).toContain('D 1,1,1');
    for (const letGo of rig.postgres.heldCancels) letGo();
    await eventually(async () => (await cancels()).includes('D 0,0,0'));
  });

  it('has exactly the columns of PgBouncer, because some tools count them', async () => {
    await atConsole();
    const { proxy, observability } = rig.running;
    const { host } = proxy;
    const config = proxyConfig.parse(JSON.parse(readFileSync(join(rig.folder, 'config.json'), 'utf8')));
    const { epochOf } = observability;
    const context = { host, config, epochOf, users: new Map(), consoleSessions: new Set<never>(), pendingLogins: 0 };
    const shown = Object.keys(columns).map((view) => [
      view,
      show(view, context)?.columns.map(({ name }) => name) ?? [],
    ]);
    for (const [view, names] of shown as [string, string[]][]) {
      expect([view, ...names]).toEqual([view, ...(columns[view]?.split(' ') ?? [])]);
    }
    expect(viewNames).toEqual(expect.arrayContaining(Object.keys(columns)));
  });

  it('shows settings with the names and units of PgBouncer, and a matching version', async () => {
    const console = await atConsole({
      clientsMax: 150,
      ignoreStartupParameters: ['options', 'pooled'],
      applicationNameAddHost: true,
      pool: { size: 2, waitTimeoutMs: 1_500, idleTimeoutMs: longestMs },
      users: { '*': { backendsMax: 9 } },
    });
    expect(await console.ask(query('show config'))).toEqual(
      expect.arrayContaining([
        ...[
          'D admin_users,app,,yes',
          'D application_name_add_host,1,0,yes',
          'D auth_type,scram-sha-256,scram-sha-256,yes',
        ],
        ...['D default_pool_size,2,20,yes', 'D ignore_startup_parameters,options, pooled,,yes'],
        ...['D listen_port,0,6432,no', 'D max_client_conn,150,10000,yes', 'D max_user_connections,9,0,yes'],
        ...['D pool_mode,transaction,transaction,yes', 'D query_wait_timeout,1.5,15,yes'],
        ...['D server_idle_timeout,0,600,yes', 'D pool.size,2,20,yes'],
      ]),
    );
    const [, version = ''] = await console.ask(query('show version'));
    expect(version).toMatch(/^D PgBouncer 1\.25\.\d+ /);
  });

  it('shows connection times as text in SHOW, and as timestamps in tables', async () => {
    const console = await atConsole();
    for (const view of ['clients', 'sockets', 'active_sockets']) {
      const shown = (await console.ask(query(`show ${view}`))).join('\n');
      expect(shown).toMatch(/,(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC),\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC,0,0,/);
    }
    const asked = "select count(*) from medrex.clients where connect_time > now() - interval '1 hour'";
    expect(await console.ask(query(asked))).toContain('D 1');
  });

  it('has the names of PgBouncer for totals', async () => {
    const names = (await (await atConsole()).ask(query('show totals'))).map((word) =>
      word.replace(/^D|,.*/g, '').trim(),
    );
    const [bytes, prepared] = [
      ['client_bytes', 'server_bytes'],
      ['ps_client_parse_count', 'ps_server_parse_count', 'ps_bind_count'],
    ];
    expect(names).toEqual(
      expect.arrayContaining([...bytes, ...prepared].flatMap((name) => [`total_${name}`, `avg_${name}`])),
    );
  });

  it('lists databases matched by * by their own names while they are used, and only modes of their own', async () => {
    const console = await atConsole({
      databases: { '*': { upstream: 'main' }, own: { upstream: 'main', mode: 'session' } },
    });
    const databases = async (): Promise<string[]> =>
      (await console.ask(query('select name, pool_mode, current_client_connections from medrex.databases'))).slice(
        1,
        -2,
      );
    const always = ['D own,session,0', 'D pgbouncer,statement,1'];
    expect((await databases()).sort()).toEqual(always);
    await rig.in({ database: 'app' });
    expect((await databases()).sort()).toEqual(['D app,null,1', ...always]);
  });

  it('counts bytes, times and messages of each database, even after its pools are gone', async () => {
    const console = await atConsole();
    const client = await rig.in();
    await client.ask(query('select 1'));
    await client.ask(query('select 1'));
    const [row = ''] = (await console.ask(query('show stats_totals'))).filter((word) => word.startsWith('D app'));
    const [, assigned, transactions, queries, received, sent] = row.split(',').map(Number);
    // The login has a backend, too.
    expect([assigned, transactions, queries]).toEqual([3, 2, 2]);
    expect(received).toBe(2 * 'Q....select 1.'.length);
    expect(sent).toBeGreaterThan(50);
    expect(await console.ask(query('show lists'))).toContain('D used_clients,2');
    expect((await console.ask(query('show users'))).join()).toContain('D app,,,null,0,1,0,2');
  });

  it('keeps new clients out of a disabled database without disconnecting others', async () => {
    const console = await atConsole();
    const client = await rig.in();
    expect(await console.ask(query('DISABLE app'))).toEqual(['C DISABLE', 'Z I']);
    expect(await rig.open().until('closed')).toEqual([
      ...['FATAL 55000 database "app" is not currently accepting connections'],
    ]);
    expect((await client.ask(query('select 1'))).at(-1)).toBe('Z I');
    expect(await console.ask(query('ENABLE app'))).toEqual(['C ENABLE', 'Z I']);
    await rig.in();
  });

  it('disconnects one client by its id', async () => {
    const console = await atConsole();
    const [one, other] = [await rig.in({ parameters: { application_name: 'one' } }), await rig.in()];
    const idsOf = async (where: string): Promise<string[]> =>
      (await console.ask(query(`select id from medrex.clients where ${where}`)))
        .filter((word) => word.startsWith('D '))
        .map((word) => word.slice(2));
    const [first] = await idsOf("application_name = 'one'");
    expect(await console.ask(query(`KILL_CLIENT ${first}`))).toEqual(['C KILL_CLIENT', 'Z I']);
    expect((await one.until('closed'))[0]).toMatch(/^FATAL 57P01/);
    expect((await other.ask(query('select 1'))).at(-1)).toBe('Z I');
    const visitor = await rig.in({ database: 'medrex' });
    await console.ask(query(`KILL_CLIENT ${(await idsOf("database = 'medrex'"))[0]}`));
    expect((await visitor.until('closed'))[0]).toMatch(/^FATAL 57P01/);
    expect(await idsOf("database = 'medrex'")).toEqual([]);
    expect((await console.ask(query('KILL_CLIENT 4000000')))[0]).toBe('ERROR 42704 client not found');
    expect((await console.ask(query('KILL_CLIENT app')))[0]).toMatch(/^ERROR 42601/);
  });

  it('lists databases, pools, users and traffic by name, with the console among them', async () => {
    const databases = { zoo: { upstream: 'main' }, app: { upstream: 'main' }, Lab: { upstream: 'main' } };
    rig = await ProxyRig.start({ config: { admin: { users: ['app'] }, databases } });
    for (const database of ['zoo', 'app', 'Lab']) await (await rig.in({ database })).ask(query('select 1'));
    const console = await rig.in({ database: 'pgbouncer' });
    const firsts = async (what: string): Promise<string[]> =>
      (await console.ask(query(`SHOW ${what}`))).flatMap((line) => /^D (\w+)/.exec(line)?.[1] ?? []);
    for (const what of ['DATABASES', 'POOLS', 'STATS', 'STATS_TOTALS'])
      expect(await firsts(what)).toEqual(['Lab', 'app', 'pgbouncer', 'zoo']);
    expect(await firsts('USERS')).toEqual([...(await firsts('USERS'))].sort());
  });

  it('reports the parameters of a server before a driver asks', async () => {
    await atConsole();
    const told: string[] = [];
    const wordOf = (type: number, message: Buffer): undefined => {
      if (type === 'S'.charCodeAt(0)) told.push(message.toString('utf8', 5).split('\0').slice(0, 2).join(' '));
    };
    await rig.in({ database: 'pgbouncer', wordOf });
    expect(told).toEqual(
      expect.arrayContaining([
        ...['server_encoding UTF8', 'is_superuser off', 'session_authorization app', 'in_hot_standby off'],
        'default_transaction_read_only off',
      ]),
    );
  });

  it('shows no default for settings that have none', async () => {
    const console = await atConsole();
    expect(await console.ask(query('SHOW CONFIG'))).toContain('D auth.userFile,users.txt,null,yes');
  });

  it('waits until the connections replaced by RECONNECT are gone', async () => {
    const console = await atConsole();
    const client = await rig.in();
    await client.ask(query('begin'));
    expect(await console.ask(query('WAIT_CLOSE app'))).toEqual(['C WAIT_CLOSE', 'Z I']);
    await console.ask(query('RECONNECT'));
    console.send(query('WAIT_CLOSE'));
    const answered = console.until('Z');
    await client.ask(query('select 1'));
    await client.ask(query('select 1'));
    expect(await Promise.race([answered, Promise.resolve('waits')])).toBe('waits');
    await client.ask(query('commit'));
    expect(await answered).toEqual(['C WAIT_CLOSE', 'Z I']);
    await eventually(() => rig.postgres.open.length <= 1);
  });

  it.each([
    ['PAUSE nothing', 'ERROR 3D000 no such database: nothing'],
    ['KILL nothing', 'ERROR 3D000 no such database: nothing'],
    ['RESUME', 'ERROR 55000 pooler is not paused/suspended'],
    ['RESUME app', 'ERROR 55000 database app is not paused'],
    ['ENABLE', 'ERROR 42601 a database is required'],
    ['RELOAD app', 'ERROR 42601 RELOAD takes no name'],
    ['SHOW POOLS app', 'ERROR 42601 SHOW POOLS takes no name'],
    ['SHOW nothing', 'ERROR 42704 there is no "nothing" to show'],
    ['SUSPEND', 'ERROR 0A000 there is no SUSPEND'],
    ['SHOW FDS', 'ERROR 0A000 sockets are handed to nobody'],
    ['SET default_pool_size = 5', 'ERROR 0A000 "default_pool_size" cannot be changed by SET'],
    ["SET pool.size = '5'", 'ERROR 0A000 "pool.size" cannot be changed by SET'],
  ])('explains what is wrong with %s', async (text, told) => {
    const console = await atConsole();
    expect((await console.ask(query(text)))[0]).toBe(told);
    expect((await console.ask(query('SHOW HELP')))[0]).toMatch(/^NOTICE 00000 Console usage:\n\tSHOW POOLS/);
  });
});
