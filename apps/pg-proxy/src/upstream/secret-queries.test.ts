import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { Secret } from '@medrex/privacy';
import type { LoadedConfig } from '../config/load-config.ts';
import { proxyConfig } from '../config/proxy-config.ts';
import { ScriptedPostgres } from '../testing/scripted-postgres.ts';
import { SecretQueries } from './secret-queries.ts';
import { UpstreamLogins } from './upstream-logins.ts';

describe('connections for auth.query', () => {
  let postgres: ScriptedPostgres;
  let queries: SecretQueries;
  let disabled: string[];

  beforeEach(async () => {
    postgres = await ScriptedPostgres.start();
    const config = proxyConfig.parse({
      upstreams: { main: { host: '127.0.0.1', port: postgres.port } },
      databases: { '*': { upstream: 'main' } },
      auth: { query: { user: 'asker', password: { env: 'ASKER' } } },
    });
    const loaded = {
      config,
      queryPassword: new Secret('secret'),
      queryPasswords: new Map(),
      users: new Map(),
      authorities: new Map(),
      certificates: new Map(),
    } as unknown as LoadedConfig;
    queries = new SecretQueries(loaded, new UpstreamLogins(loaded), Buffer.alloc(32), (database) =>
      disabled.includes(database),
    );
    disabled = [];
  });
  afterEach(async () => {
    queries.close();
    await postgres.close();
  });

  it('are one for each database, as long as it is open', async () => {
    for (const database of ['clinic', 'clinic', 'lab']) await queries.query('app', database);
    expect([queries.size, postgres.backends.length]).toEqual([2, 2]);
    for (const backend of postgres.backends) backend.socket.destroy();
    await eventually(() => queries.size === 0);
    await queries.query('app', 'clinic');
    expect([queries.size, postgres.backends.length]).toEqual([1, 3]);
  });

  it('do not ask about a database closed by DISABLE', async () => {
    disabled.push('clinic');
    await expect(queries.query('app', 'clinic')).rejects.toMatchObject({
      report: { sqlstate: '55000', message: 'database "clinic" is not currently accepting connections' },
    });
    await queries.query('app', 'lab');
    expect([queries.size, postgres.backends.length]).toEqual([1, 1]);
  });
});
