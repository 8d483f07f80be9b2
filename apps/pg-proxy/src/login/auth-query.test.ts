import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { losslessText, md5Password, query, scramVerifier, writeVerifier } from '@medrex/pg-wire';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProxyRig } from '../testing/proxy-rig.ts';

let rig: ProxyRig;
afterEach(() => rig.close());

const verifier = (password: string): string => writeVerifier(scramVerifier(password, Buffer.alloc(16, 7), 64));
const start = async (auth: object = {}, more: object = {}): Promise<void> => {
  rig = await ProxyRig.start({
    users: '"operator" "secret"\n',
    files: { 'query-secret': 'secret\n' },
    config: {
      auth: { userFile: 'users.txt', query: { user: 'asker', password: { file: 'query-secret' } }, ...auth },
      ...more,
    },
  });
  rig.postgres.authid.set('app', verifier('secret'));
};
const askers = (): number =>
  rig.postgres.backends.filter(({ parameters }) => parameters.get('user') === 'asker').length;

describe('auth.query', () => {
  it('verifies a client by the verifier of the upstream and logs in there with the keys from its proof', async () => {
    await start();
    const client = await rig.in({ parameters: { search_path: 'evil', options: '-c role=postgres' } });
    expect((await client.ask(query('select 1'))).at(-1)).toBe('Z I');
    const [asker] = rig.postgres.backends;
    // Nothing that the client sent is part of that session.
    expect([...(asker?.parameters ?? [])]).toEqual([
      ['user', 'asker'],
      ['database', 'app'],
    ]);
    expect(asker?.heard).toEqual([expect.stringContaining('rolname = $1')]);
  });

  it('refuses a wrong password and a missing user in the same words', async () => {
    await start();
    rig.postgres.authid.set('locked', null);
    for (const options of [{ password: 'wrong' }, { user: 'nobody' }, { user: 'locked' }]) {
      const client = rig.open(options);
      const user = options.user ?? 'app';
      expect(await client.until('closed')).toEqual([`FATAL 28P01 password authentication failed for user "${user}"`]);
    }
  });

  it.each(['scram-sha-256', 'md5', 'password'])(
    'tells a role that may not log in only after it has authenticated, by %s',
    async (method) => {
      await start({ method, allowCleartext: true });
      rig.postgres.nologin.add('app');
      if (method === 'md5') rig.postgres.authid.set('app', md5Password('app', 'secret'));
      expect(await rig.open().until('closed')).toEqual(['FATAL 28000 role "app" is not permitted to log in']);
      const wrong = await rig.open({ password: 'wrong' }).until('closed');
      expect(wrong).toEqual(['FATAL 28P01 password authentication failed for user "app"']);
    },
  );

  it.each([verifier('secret'), null])('tells it at once where no proof is needed: %s', async (secret) => {
    await start({ method: 'trust' });
    rig.postgres.authid.set('app', secret);
    rig.postgres.nologin.add('app');
    expect(await rig.open().until('closed')).toEqual(['FATAL 28000 role "app" is not permitted to log in']);
  });

  it('admits a known user without a secret where no proof is needed', async () => {
    const app = { upstream: 'main', user: 'app', password: { file: 'query-secret' } };
    await start({ method: 'trust' }, { databases: { app } });
    rig.postgres.authid.set('locked', null);
    await rig.in({ user: 'locked' });
    expect(await rig.open({ user: 'nobody' }).until('closed')).toEqual(['FATAL 28000 role "nobody" does not exist']);
  });

  it.each(['scram-sha-256', 'password'])(
    'knows users and databases by their bytes in LATIN1, by %s',
    async (method) => {
      await start({ method, allowCleartext: true }, { databases: { '*': { upstream: 'main' } } });
      const [user, database] = ['Jürgen', 'Größen'].map((name) => losslessText(Buffer.from(name, 'latin1')));
      rig.postgres.authid.set(user!, verifier('secret'));
      const client = await rig.in({ user: user!, database: database! });
      expect((await client.ask(query('select 1'))).at(-1)).toBe('Z I');
      const { parameters } = rig.postgres.backends.at(-1)!;
      expect([parameters.get('user'), parameters.get('database')]).toEqual([user, database]);
    },
  );

  it('asks once for a hundred clients that come together', async () => {
    await start();
    await Promise.all(Array.from({ length: 100 }, () => rig.in()));
    const asked = rig.postgres.backends.flatMap(({ heard }) => heard.filter((text) => text.includes('pg_authid')));
    expect([asked.length, askers()]).toEqual([1, 1]);
  });

  it('of a database is used for that database and no other', async () => {
    const own = { user: 'reader', password: { file: 'query-secret' }, sql: 'SELECT rolname, x FROM pg_authid' };
    const databases = { app: { upstream: 'main', authQuery: own }, other: { upstream: 'main' } };
    await start({ query: undefined }, { databases });
    const client = await rig.in();
    expect((await client.ask(query('select 1'))).at(-1)).toBe('Z I');
    expect(rig.postgres.backends[0]?.parameters.get('user')).toBe('reader');
    expect(rig.postgres.backends[0]?.heard).toEqual([expect.stringContaining(own.sql)]);
    expect(await rig.open({ database: 'other' }).until('closed')).toEqual([
      'FATAL 28P01 password authentication failed for user "app"',
    ]);
  });

  it('may run in a database that only `*` matches', async () => {
    const asked = { user: 'asker', password: { file: 'query-secret' }, database: 'postgres' };
    await start({ query: asked }, { databases: { '*': { upstream: 'main' } } });
    await rig.in();
    expect(rig.postgres.backends[0]?.parameters.get('database')).toBe('postgres');
  });

  it('also provides md5 secrets', async () => {
    await start(
      { method: 'md5' },
      { databases: { app: { upstream: 'main', user: 'app', password: { file: 'query-secret' } } } },
    );
    rig.postgres.authid.set('app', md5Password('app', 'secret'));
    await rig.in();
    expect(await rig.open({ password: 'no' }).until('closed')).toHaveLength(1);
  });

  it('is not used for users of the file', async () => {
    await start();
    await rig.in({ user: 'operator' });
    expect(askers()).toBe(0);
  });

  it('runs in the configured database', async () => {
    await start(
      { query: { user: 'asker', password: { file: 'query-secret' }, database: 'users' } },
      {
        databases: { app: { upstream: 'main' }, users: { upstream: 'main', database: 'people' } },
      },
    );
    await rig.in();
    expect(rig.postgres.backends[0]?.parameters.get('database')).toBe('people');
  });

  it('reports a missing database when it runs in the one that the client names', async () => {
    const databases = { '*': { upstream: 'main' } };
    await start({}, { databases });
    rig.postgres.missing.add('typo');
    const told = 'FATAL 3D000 database "typo" does not exist';
    expect(await rig.open({ database: 'typo' }).until('closed')).toEqual([told]);
    expect(rig.lines.join('')).not.toContain('PG_PROXY_AUTH_QUERY');
    await rig.close();
    const query = { user: 'asker', password: { file: 'query-secret' }, database: 'users' };
    await start({ query }, { databases });
    rig.postgres.missing.add('typo').add('users');
    expect(await rig.open({ database: 'typo' }).until('closed')).toEqual([
      'FATAL 57P03 users cannot be looked up at the moment',
    ]);
  });

  it('refuses clients while the upstream refuses its own user, without showing secrets, and takes a new secret by RELOAD', async () => {
    await start();
    writeFileSync(join(rig.folder, 'query-secret'), 'outdated');
    rig.running.reload();
    expect(await rig.open().until('closed')).toEqual(['FATAL 57P03 users cannot be looked up at the moment']);
    await eventually(() => rig.lines.some((line) => line.includes('PG_PROXY_AUTH_QUERY')));
    expect(rig.lines.find((line) => line.includes('PG_PROXY_AUTH_QUERY'))).toContain('"sqlstate":"28P01"');
    expect(rig.lines.join('')).not.toMatch(/outdated|SCRAM-SHA-256\$/);
    writeFileSync(join(rig.folder, 'query-secret'), 'secret');
    rig.running.reload();
    await rig.in();
  });

  it('finds a password changed at the upstream as soon as the new one is tried again', async () => {
    await start();
    await rig.in();
    rig.postgres.authid.set('app', verifier('new'));
    await eventually(() => rig.in({ password: 'new' }));
  });

  it('keeps the old configuration after an invalid RELOAD', async () => {
    await start();
    const file = join(rig.folder, 'config.json');
    const config = JSON.parse(readFileSync(file, 'utf8')) as { auth: object };
    writeFileSync(file, JSON.stringify({ ...config, auth: { query: { user: 'asker', database: 'none' } } }));
    expect(() => rig.running.reload()).toThrow('auth.query.database: there is no none');
    await rig.in();
    // Whoever has sent SIGHUP to a process elsewhere sees it there.
    const failed = async (): Promise<string | undefined> => {
      const text = await (await fetch(rig.running.urls.metrics)).text();
      return /^medrex_pg_proxy_reload_failed (.*)$/m.exec(text)?.[1];
    };
    expect(rig.lines.filter((line) => line.includes('"level":"error"'))).toEqual([
      expect.stringContaining('pg-proxy could not reload its configuration, and keeps the old one'),
    ]);
    expect(await failed()).toBe('1');
    writeFileSync(file, JSON.stringify(config));
    rig.running.reload();
    expect(await failed()).toBe('0');
  });
});
