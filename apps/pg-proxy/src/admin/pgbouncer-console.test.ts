import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { cancelRequest, query } from '@medrex/pg-wire';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
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
    'database total_server_assignment_count total_xact_count total_query_count total_received total_sent total_xact_time total_query_time total_wait_time total_client_parse_count total_server_parse_count total_bind_count total_client_login_count avg_server_assignment_count avg_xact_count avg_query_count avg_recv avg_sent avg_xact_time avg_query_time avg_wait_time avg_client_parse_count avg_server_parse_count avg_bind_count avg_client_login_count',
  stats_totals:
    'database server_assignment_count xact_count query_count bytes_received bytes_sent xact_time query_time wait_time client_parse_count server_parse_count bind_count client_login_count',
  stats_averages:
    'database server_assignment_count xact_count query_count bytes_received bytes_sent xact_time query_time wait_time avg_client_parse_count avg_server_parse_count avg_bind_count avg_client_login_count',
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

describe('what tools of PgBouncer ask', () => {
  it('sees cancel requests that are on their way', async () => {
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

  it('has the columns of PgBouncer first', async () => {
    await atConsole();
    const { host } = rig.running.proxy;
    const config = proxyConfig.parse(JSON.parse(readFileSync(join(rig.folder, 'config.json'), 'utf8')));
    const sight = { host, config, users: new Map(), consoles: new Set<never>(), arrivals: 0 };
    const shown = Object.keys(columns).map((view) => [view, show(view, sight)?.columns.map(({ name }) => name) ?? []]);
    for (const [view, names] of shown as [string, string[]][]) {
      const expected = columns[view]?.split(' ') ?? [];
      expect([view, ...names.slice(0, expected.length)]).toEqual([view, ...expected]);
    }
    // Tools of Prometheus refuse any other number of them.
    expect(show('config', sight)?.columns).toHaveLength(4);
    expect(viewNames).toEqual(expect.arrayContaining(Object.keys(columns)));
  });

  it('counts bytes, times and messages of each database, also when its pools are gone', async () => {
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

  it('keeps everybody out of a database that is disabled, and those in who are', async () => {
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

  it('ends one client by its id', async () => {
    const console = await atConsole();
    const [one, other] = [await rig.in(), await rig.in()];
    const idsOf = async (database: string): Promise<string[]> =>
      (await console.ask(query(`select id from medrex.clients where database = '${database}' order by connect_time`)))
        .filter((word) => word.startsWith('D '))
        .map((word) => word.slice(2));
    const [first] = await idsOf('app');
    expect(await console.ask(query(`KILL_CLIENT ${first}`))).toEqual(['C KILL_CLIENT', 'Z I']);
    expect((await one.until('closed'))[0]).toMatch(/^FATAL 57P01/);
    expect((await other.ask(query('select 1'))).at(-1)).toBe('Z I');
    const visitor = await rig.in({ database: 'medrex' });
    await console.ask(query(`KILL_CLIENT ${(await idsOf('medrex'))[0]}`));
    expect((await visitor.until('closed'))[0]).toMatch(/^FATAL 57P01/);
    expect(await idsOf('medrex')).toEqual([]);
    expect((await console.ask(query('KILL_CLIENT 4000000')))[0]).toBe('ERROR 42704 client not found');
    expect((await console.ask(query('KILL_CLIENT app')))[0]).toMatch(/^ERROR 42601/);
  });

  it('waits until what RECONNECT replaces is gone', async () => {
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
    ['SUSPEND', 'ERROR 0A000 there is no SUSPEND'],
    ['SHOW FDS', 'ERROR 0A000 sockets are handed to nobody'],
    ['SET default_pool_size = 5', 'ERROR 0A000 "default_pool_size" cannot be changed by SET'],
    ["SET pool.size = '5'", 'ERROR 0A000 "pool.size" cannot be changed by SET'],
  ])('says what is wrong with %s', async (text, told) => {
    const console = await atConsole();
    expect((await console.ask(query(text)))[0]).toBe(told);
    expect((await console.ask(query('SHOW HELP')))[0]).toMatch(/^NOTICE 00000 SHOW POOLS/);
  });
});
