import { afterEach, describe, expect, it } from '@jest/globals';
import { query } from '@medrex/pg-wire';
import { holds, ProxyRig } from '../testing/proxy-rig.ts';
import { ScriptedPostgres } from '../testing/scripted-postgres.ts';
import { HostNameWatch } from './host-name-watch.ts';

/** Names that are looked up each time that `tick` is called. */
function names(answers: Readonly<Record<string, (readonly string[] | undefined)[]>>, inUse: ReadonlySet<string>) {
  const [gone, asked]: [string[], string[]] = [[], []];
  let nowMs = 0;
  const found = new HostNameWatch({
    now: () => nowMs,
    upstreams: () => ({
      main: { host: 'db', lookupMs: 1_000 },
      copies: { host: 'one,192.0.2.1,/var/run,two', lookupMs: 5_000 },
      still: { host: 'three', lookupMs: 0 },
    }),
    lookup: (name) => {
      asked.push(name);
      const answer = answers[name]?.shift();
      return answer === undefined ? Promise.reject(new Error('nobody knows')) : Promise.resolve(answer);
    },
    addressesInUse: (_upstream, host) => (host === 'db' ? inUse : new Set()),
    addressesGone: (upstream, host, addresses) => gone.push(`${upstream} ${host} ${[...addresses].join(' ')}`),
  });
  const tick = async (ms: number): Promise<void> => {
    nowMs += ms;
    found.tick(nowMs);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { asked, found, gone, tick };
}

describe('names of servers', () => {
  it('are looked up as often as their upstream says, one at a time; addresses are not', async () => {
    const { asked, found, tick } = names({ db: [['192.0.2.7', '192.0.2.8']] }, new Set());
    await tick(0);
    for (let tenths = 0; tenths < 52; tenths++) await tick(100);
    expect(asked).toEqual(['db', 'db', 'db', 'db', 'db', 'one', 'two']);
    expect(found.figures()).toEqual([
      { host: 'db', addresses: ['192.0.2.7', '192.0.2.8'], inMs: 800 },
      { host: 'one', addresses: [], inMs: 4_900 },
      { host: 'two', addresses: [], inMs: 5_000 },
    ]);
  });

  it('lose an address that four answers in a row have lacked; a failed lookup does not count', async () => {
    const [one, two] = [['192.0.2.1'], ['192.0.2.2']];
    const answers = [two, two, two, one, two, two, undefined, [], two, two, two, two];
    const { gone, tick } = names({ db: answers }, new Set([...one, ...two]));
    await tick(0);
    for (let second = 0; second < 9; second++) await tick(1_000);
    expect(gone).toEqual([]);
    await tick(1_000);
    expect(gone).toEqual(['main db 192.0.2.1']);
    for (let second = 0; second < 2; second++) await tick(1_000);
    expect(gone).toHaveLength(1);
  });
});

describe('a server whose name moves to another address', () => {
  let [rig, server]: [ProxyRig, ScriptedPostgres | undefined] = [undefined!, undefined];
  afterEach(async () => {
    await rig.close();
    await server?.close();
  });

  it('has its backends replaced as soon as they are free', async () => {
    server = await ScriptedPostgres.start();
    const { port } = server;
    let [addresses, lookups] = [['127.0.0.1'], 0];
    rig = await ProxyRig.start({
      upstreams: { named: { host: 'localhost', port, lookupMs: 1 } },
      config: { databases: { app: { upstream: 'named' } }, admin: { users: ['app'] } },
      lookup: () => Promise.resolve(addresses).finally(() => lookups++),
    });
    const console = await rig.in({ database: 'pgbouncer' });
    const shown = async (what: string): Promise<string> => (await console.ask(query(`SHOW ${what}`))).join('\n');
    const [held, free] = [await rig.in(), await rig.in()];
    await held.ask(query('begin'));
    await free.ask(query('select'));
    await holds(() => expect(lookups).toBeGreaterThan(4));
    expect(server.open).toHaveLength(2);
    expect(await shown('SERVERS')).toContain('127.0.0.1');
    addresses = ['192.0.2.1', '192.0.2.2'];
    await holds(() => expect(server?.open).toHaveLength(1));
    expect(await shown('DNS_HOSTS')).toMatch(/^D localhost,[01],192\.0\.2\.1,192\.0\.2\.2$/m);
    expect((await held.ask(query('commit'))).at(-1)).toBe('Z I');
    await holds(() => expect(server?.open).toHaveLength(0));
    const metrics = await rig.telemetry.metrics.text();
    expect(metrics).toContain('medrex_pg_proxy_disconnects_total{reason="moved"} 2');
    addresses = ['127.0.0.1'];
    expect((await held.ask(query('select'))).at(-1)).toBe('Z I');
  });
});
