import { afterEach, describe, expect, it } from '@jest/globals';
import { query } from '@medrex/pg-wire';
import { holds, ProxyRig } from '../testing/proxy-rig.ts';
import { ScriptedPostgres } from '../testing/scripted-postgres.ts';
import type { WireClient } from '../testing/wire-client.ts';
import { HostRotation } from './host-rotation.ts';

describe('HostTurns', () => {
  const hosts = 'a, b,c';

  it('belong to one pool, and are forgotten with it', () => {
    const [turns, listed] = [new HostRotation(), { host: hosts, loadBalanceHosts: 'round-robin' } as const];
    const first = (whose: string): string | undefined => turns.hostsFor('main', listed, whose)[0];
    expect([first('one'), first('one'), first('other')]).toEqual(['a', 'b', 'a']);
    turns.forget('main', 'other');
    expect([first('one'), first('other')]).toEqual(['c', 'a']);
  });

  it('begin with the next host for each connection of the same pool', () => {
    const [turns, listed] = [new HostRotation(), { host: hosts, loadBalanceHosts: 'round-robin' } as const];
    const first = (whose: string): string | undefined => turns.hostsFor('main', listed, whose)[0];
    expect(['x', 'y', 'x', 'y', 'x', 'x'].map(first)).toEqual(['a', 'a', 'b', 'b', 'c', 'a']);
    expect(turns.hostsFor('main', listed, 'x')).toEqual(['b', 'c', 'a']);
  });

  it('stay with one host until it fails, if they are not balanced', () => {
    const [turns, listed] = [new HostRotation(), { host: hosts, loadBalanceHosts: 'disable' } as const];
    const order = (whose: string): string => turns.hostsFor('main', listed, whose).join('');
    expect([order('x'), order('y')]).toEqual(['abc', 'abc']);
    turns.failed('main', listed, 'a');
    // Another connection noticed it, too.
    turns.failed('main', listed, 'a');
    expect([order('x'), order('y')]).toEqual(['bca', 'bca']);
  });

  it('know a list that has become shorter', () => {
    const turns = new HostRotation();
    const listed = { host: hosts, loadBalanceHosts: 'disable' } as const;
    turns.failed('main', listed, 'a');
    turns.failed('main', listed, 'b');
    expect(turns.hostsFor('main', { ...listed, host: 'a' }, 'x')).toEqual(['a']);
    expect(turns.hostsFor('main', { ...listed, host: 'a,b' }, 'x')).toEqual(['a', 'b']);
  });
});

describe('an upstream of several hosts', () => {
  const servers: ScriptedPostgres[] = [];
  let rig: ProxyRig | undefined;

  afterEach(async () => {
    await rig?.close();
    await Promise.all(servers.splice(0).map((server) => server.close()));
    rig = undefined;
  });

  const start = async (loadBalanceHosts: string): Promise<ProxyRig> => {
    const first = await ScriptedPostgres.start(0, '127.0.0.1');
    servers.push(first, await ScriptedPostgres.start(first.port, '127.0.0.2'));
    const copies = { host: '127.0.0.1,127.0.0.2', port: first.port, loadBalanceHosts };
    rig = await ProxyRig.start({
      upstreams: { copies },
      config: {
        databases: { app: { upstream: 'copies' } },
        pool: { size: 4 },
        admin: { users: ['other'] },
      },
    });
    return rig;
  };
  const inTransactions = async (from: ProxyRig, count: number): Promise<WireClient[]> => {
    const clients: WireClient[] = [];
    for (let at = 0; at < count; at++) {
      const client = await from.in();
      await client.ask(query('begin'));
      clients.push(client);
    }
    return clients;
  };
  const shares = (): number[] => servers.map(({ open }) => open.filter(({ heard }) => heard.length > 0).length);

  it('has backends at each of them, and each is cancelled where it is', async () => {
    const from = await start('round-robin');
    const clients = await inTransactions(from, 4);
    expect(shares()).toEqual([2, 2]);
    for (const client of clients) {
      client.send(query('hang'));
      from.cancel(client.key);
    }
    await holds(() =>
      expect(servers.flatMap(({ open }) => open.map(({ cancelled }) => cancelled))).toEqual([
        ...Array.from({ length: 4 }, () => ['hang']),
      ]),
    );
  });

  it('has all backends at one of them if they are not balanced', async () => {
    await inTransactions(await start('disable'), 3);
    expect(shares()).toEqual([3, 0]);
  });

  it.each(['round-robin', 'disable'])('has backends at those that are reachable, %s', async (balance) => {
    const from = await start(balance);
    await servers[0]!.goAway();
    await inTransactions(from, 4);
    expect(shares()).toEqual([0, 4]);
    // In the same login, which does not fail.
    expect(from.lines.join()).not.toContain('could not be opened');
  });

  it('does not translate process ids, which would be ambiguous', async () => {
    const from = await start('round-robin');
    const [one, other] = await inTransactions(from, 2);
    const text = `select pg_terminate_backend(${other!.key!.processId})`;
    await one!.ask(query(text));
    expect(servers.flatMap(({ open }) => open.flatMap(({ heard }) => heard))).toContain(text);
  });

  it('is listed with its hosts and how they are balanced', async () => {
    const from = await start('disable');
    const operator = await from.in({ user: 'other', database: 'pgbouncer' });
    expect((await operator.ask(query('show databases'))).join()).toContain('127.0.0.1,127.0.0.2');
    expect(
      (await operator.ask(query("select load_balance_hosts from medrex.databases where name = 'app'"))).join(),
    ).toContain('disable');
  });
});
