import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { query } from '@medrex/pg-wire';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProxyRig } from '../testing/proxy-rig.ts';
import { viewNames } from './show.ts';

let rig: ProxyRig;
afterEach(() => rig.close());

const secrets = ['user-secret-1', 'identity-secret-2', 'query-secret-3'];
const start = async (): Promise<void> => {
  rig = await ProxyRig.start({
    users: `"app" "secret"\n"other" "${secrets[0] ?? ''}"\n`,
    files: { identity: secrets[1] ?? '', query: secrets[2] ?? '' },
    config: {
      admin: { users: ['app'] },
      identities: [{ user: 'other', as: 'clerk', password: { file: 'identity' } }],
      users: { app: { size: 3 } },
      auth: { userFile: 'users.txt', query: { user: 'asker', password: { file: 'query' } } },
    },
  });
};
const change = (with_: (config: Record<string, object>) => object): void => {
  const file = join(rig.folder, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, object>;
  writeFileSync(file, JSON.stringify({ ...config, ...with_(config) }));
};

describe('RELOAD', () => {
  it('reports what needs a restart, and what is granted in part only', async () => {
    await start();
    const [console, client] = [await rig.in({ database: 'pgbouncer' }), await rig.in()];
    await client.ask(query('select 1'));
    change(({ listen, metrics }) => ({
      listen: { ...listen, port: 1 },
      metrics: { ...metrics, port: 0 },
      upstreams: { main: { port: rig.postgres.port, backendsMax: 2 } },
    }));
    expect(await console.ask(query('RELOAD'))).toEqual([
      'NOTICE 00000 listen.port stays as it was until a restart',
      'NOTICE 00000 pool app/app: size is 2 instead of 3, because of a limit across pools',
      'NOTICE 00000 pool app/app: reserve is 0 instead of 5, because of a limit across pools',
      ...['C RELOAD', 'Z I'],
    ]);
    const metrics = await (await fetch(rig.running.urls.metrics)).text();
    expect(metrics).toMatch(/^medrex_pg_proxy_settings_clamped(?:\{[^}]*\})? 2$/m);
  });

  it('warns that observing statements cannot be switched without a restart', async () => {
    await start();
    const console = await rig.in({ database: 'pgbouncer' });
    change(() => ({ statistics: { queriesMax: 500 }, classes: { isOn: false }, audit: { file: 'audit/log' } }));
    const told = await console.ask(query('RELOAD'));
    for (const key of ['statistics.queriesMax', 'classes.isOn', 'audit.file'])
      expect(told).toContain(`NOTICE 00000 ${key} stays as it was until a restart`);
    // As long as the file says something else, and no longer.
    expect(await console.ask(query('RELOAD'))).toEqual(told);
    change(() => ({ statistics: {}, classes: {}, audit: undefined }));
    expect(await console.ask(query('RELOAD'))).toEqual(['C RELOAD', 'Z I']);
  });

  it('replaces the idle backends of an upstream that has moved', async () => {
    await start();
    const [console, client, busy] = [await rig.in({ database: 'pgbouncer' }), await rig.in(), await rig.in()];
    await Promise.all([client.ask(query('begin')), busy.ask(query('begin'))]);
    await client.ask(query('commit'));
    change(() => ({ upstreams: { main: { host: 'localhost', port: rig.postgres.port } } }));
    const before = new Set(rig.postgres.open);
    expect(before.size).toBe(2);
    await console.ask(query('RELOAD'));
    await busy.ask(query('commit'));
    await eventually(() => !rig.postgres.open.some((backend) => before.has(backend)));
    expect((await client.ask(query('select 1'))).at(-1)).toBe('Z I');
  });
});

describe('the configuration', () => {
  it('is shown with the scope of each setting, and whether RELOAD changes it', async () => {
    await start();
    const rows = await (
      await rig.in({ database: 'pgbouncer' })
    ).ask(query('select key, value, scope, changeable from medrex.config'));
    expect(rows).toEqual(
      expect.arrayContaining([
        'D pool.mode,transaction,global,yes',
        'D users.app.size,3,user,yes',
        'D databases.app.upstream,main,database,yes',
        'D listen.port,0,global,no',
        'D identities.0.as,clerk,global,yes',
      ]),
    );
  });
});

describe('secrets', () => {
  it('appear in no table, message, log or metric', async () => {
    await start();
    const console = await rig.in({ database: 'pgbouncer' });
    // A login that fails upstream, and a question that fails: what they say is told and logged.
    const failed = await rig.open({ user: 'other', password: secrets[0] ?? '' }).until('closed');
    const lost = await rig.open({ user: 'nobody' }).until('closed');
    const shown: string[] = [];
    for (const view of viewNames) shown.push(...(await console.ask(query(`show ${view}`))));
    const metrics = await (await fetch(rig.running.urls.metrics)).text();
    const all = [...failed, ...lost, ...shown, ...rig.lines, metrics].join('\n');
    expect(failed[0]).toMatch(/^FATAL/);
    expect(rig.lines.join()).toContain('PG_PROXY_AUTH_QUERY');
    for (const secret of [...secrets, Buffer.from(secrets[0] ?? '').toString('base64')])
      expect(all).not.toContain(secret);
    expect(readFileSync('/proc/self/coredump_filter', 'utf8').trim()).toMatch(/^0+$/);
  });
});
