import { afterEach, describe, expect, it } from '@jest/globals';
import { query } from '@medrex/pg-wire';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { holds, ProxyRig } from '../testing/proxy-rig.ts';
import { ScriptedPostgres } from '../testing/scripted-postgres.ts';

describe('a login shared by several users', () => {
  let rig: ProxyRig;
  afterEach(() => rig.close());

  const start = async (users: object, more: object = {}): Promise<void> => {
    rig = await ProxyRig.start({
      config: {
        databases: { app: { upstream: 'main', user: 'proxy', password: { file: 'secret' } } },
        pool: { size: 5, reserve: 0 },
        users,
        ...more,
      },
      files: { secret: 'secret' },
    });
  };

  it('has one pool, with the rules of its own name for size and backends; audit still names the client', async () => {
    await start(
      { app: { size: 4, backendsMax: 4 }, proxy: { size: 3, backendsMax: 1 } },
      { audit: { file: 'audit', flushMs: 1 } },
    );
    const [app, other] = [await rig.in(), await rig.in({ user: 'other' })];
    for (const client of [app, other, app]) await client.ask(query('select name from patients'));
    expect(rig.postgres.backends).toHaveLength(1);
    const [pool, ...more] = rig.running.proxy.host.pools.figures(0);
    expect([pool?.name.user, pool?.settings.max, pool?.clients, more.length]).toEqual(['proxy', 1, 2, 0]);
    await rig.running.observability.audit?.flush();
    const entries = readFileSync(join(rig.folder, 'audit.000001'), 'utf8').split('\n').slice(1, -1);
    expect(entries.map((line) => JSON.parse(line) as { user: string; as: string })).toMatchObject(
      ['app', 'other', 'app'].map((user) => ({ user, as: 'proxy' })),
    );
  });

  it('keeps the rules of its own user for each client', async () => {
    await start({ app: { waitTimeoutMs: 50, clientsMax: 1 }, proxy: { size: 1, clientsMax: 1 } });
    const [other, another] = [await rig.in({ user: 'other' }), await rig.in({ user: 'other' })];
    // The backend is there: this login waits for nothing.
    const app = await rig.in();
    await other.ask(query('begin'));
    expect(await app.ask(query('select 1'))).toContainEqual(expect.stringMatching(/^ERROR 53300/));
    another.send(query('select 1'));
    await rig.waiting(1);
    await other.ask(query('commit'));
    expect((await another.until('Z I')).at(-1)).toBe('Z I');
    expect(await rig.open().until('closed')).toContainEqual(expect.stringMatching(/FATAL 53300 too many connections/));
  });

  it('has the minimum of its backends before any client comes, if all clients of the database share it', async () => {
    await start(
      {},
      { databases: { app: { upstream: 'main', user: 'app', min: 2 }, own: { upstream: 'main', min: 2 } } },
    );
    await holds(() => expect(rig.postgres.open).toHaveLength(2));
    const [pool, ...more] = rig.running.proxy.host.pools.figures(0);
    expect([pool?.name.database, pool?.clients, more.length]).toEqual(['app', 0, 0]);
    await (await rig.in()).ask(query('select 1'));
    expect(rig.postgres.backends).toHaveLength(2);
  });
});

describe('a server that asks for the password itself', () => {
  it.each([
    [true, 'Z I'],
    [false, 'FATAL 28000 the upstream asks for a password without TLS'],
  ])('gets it without TLS where that is allowed: %j', async (allowCleartext, end) => {
    const server = await ScriptedPostgres.start();
    server.asksPassword = true;
    const rig = await ProxyRig.start({
      upstreams: { asking: { port: server.port, allowCleartext } },
      config: { databases: { app: { upstream: 'asking', user: 'proxy', password: { file: 'secret' } } } },
      files: { secret: 'secret' },
    });
    expect(await rig.open().until(allowCleartext ? 'Z I' : 'closed')).toContain(end);
    await rig.close();
    await server.close();
  });
});
