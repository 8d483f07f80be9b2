import { describe, expect, it } from '@jest/globals';
import { Identities } from '../config/identities.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { proxyConfig } from '../config/proxy-config.ts';
import { tuningNotes } from './tuning-notes.ts';

const notes = (
  config: object,
  forced: readonly (readonly [string, string])[] = [],
  filesMax = Infinity,
): readonly string[] =>
  tuningNotes(
    {
      config: proxyConfig.parse({
        upstreams: { main: {} },
        databases: { clinic: { upstream: 'main' } },
        auth: { userFile: 'users.txt' },
        ...config,
      }),
      users: new Map(),
      identities: new Identities(
        [],
        new Map(forced.map(([name, as]) => [name, { user: undefined, database: undefined, as, password: undefined }])),
      ),
    } as unknown as LoadedConfig,
    filesMax,
  );

describe('tuningNotes', () => {
  it('are empty if everything can be granted', () => {
    expect(notes({})).toEqual([]);
  });

  it('report what limits, the licence or the pool size itself do not allow', () => {
    expect(
      notes({ upstreams: { main: { backendsMax: 10 } }, users: { portal: { size: 4, min: 8, reserve: 2 } } }),
    ).toEqual([
      'pool clinic/portal: min is 4 instead of 8, because of its size',
      'pool clinic/*: size is 10 instead of 20, because of a limit across pools',
      'pool clinic/*: reserve is 0 instead of 5, because of a limit across pools',
    ]);
    const iris = { kind: 'iris', iris: { version: '2025.1', jars: ['driver.jar'] } };
    expect(notes({ upstreams: { main: iris }, pool: { size: 40 } })).toContain(
      'pool clinic/*: size is 24 instead of 40, because of the licence',
    );
  });

  it('report how many clients the limit of open files allows', () => {
    expect(notes({ clientsMax: 891 }, [], 1_024)).toEqual([]);
    expect(notes({ clientsMax: 892 }, [], 1_024)).toEqual([
      'clientsMax 892: there is room for 892 clients and backends together, because this process may open 1024 files (ulimit -n, LimitNOFILE)',
    ]);
  });

  it('report the same for many pools once', () => {
    const databases = Object.fromEntries(Array.from('abcde', (name) => [name, { upstream: 'main' }]));
    expect(notes({ databases, upstreams: { main: { backendsMax: 10 } }, pool: { reserve: 0 } })).toEqual([
      'pool a/*, b/*, c/* and 2 more: size is 10 instead of 20, because of a limit across pools',
    ]);
  });

  it('report rules of users whose pools belong to another user', () => {
    const databases = Object.fromEntries(Array.from('abc', (name) => [name, { upstream: 'main' }]));
    const users = {
      '*': { backendsMax: 30, lifetimeMs: 60_000 },
      portal: { size: 4, backendsMax: 8, mode: 'session', databases: ['a', 'c'] },
      ward: { backendsMax: 30, clientsMax: 2 },
      proxy: { size: 10 },
    };
    expect(
      notes({ databases, users, pool: { reserve: 0 } }, [...['a', 'b'].map((name) => [name, 'proxy'] as const)]),
    ).toEqual(['users.portal: logs in at the server as proxy, whose rules apply instead of size, backendsMax, in a']);
  });

  it('report timeouts that are never reached', () => {
    const notice = 'pool clinic/*: noticeAfterMs has no effect, because no client waits longer than waitTimeoutMs 5000';
    expect(notes({ pool: { waitTimeoutMs: 5_000 } })).toEqual([
      'pool clinic/*: reserve is never used, because no client waits longer than waitTimeoutMs 5000',
      notice,
    ]);
    expect(notes({ pool: { waitTimeoutMs: 5_000, reserve: 0 } })).toEqual([notice]);
  });
});
