import { describe, expect, it } from '@jest/globals';
import { proxyConfig } from './proxy-config.ts';
import { applicationOf, settingsFor } from './scopes.ts';

const config = proxyConfig.parse({
  upstreams: { main: {} },
  databases: { clinic: { upstream: 'main', mode: 'session', size: 7 }, '*': { upstream: 'main', size: 3 } },
  users: { app: { size: 5, waitTimeoutMs: 900 }, '*': { queryTimeoutMs: 60_000 } },
  applications: { 'Grafana*': { mode: 'statement', waitTimeoutMs: 800 }, 'Grafana 11': { mode: 'transaction' } },
  auth: { userFile: 'users.txt' },
  pool: { waitTimeoutMs: 1_000 },
});

describe('a setting', () => {
  it.each([
    ['global', {}, { mode: 'transaction', size: 3, waitTimeoutMs: 1_000, queryTimeoutMs: 60_000 }],
    ['of a database', { database: 'clinic' }, { mode: 'session', size: 7 }],
    ['of a user', { database: 'clinic', user: 'app' }, { size: 5, waitTimeoutMs: 900, queryTimeoutMs: 0 }],
    [
      'of an application',
      { user: 'app', application: 'Grafana 10' },
      { mode: 'statement', waitTimeoutMs: 800, size: 5 },
    ],
    ['of the longest name', { database: 'clinic', application: 'Grafana 11' }, { mode: 'transaction' }],
  ])('%s gives way to a narrower one', (_scope, who, expected) => {
    expect(settingsFor(config, { database: 'other', user: 'other', ...who })).toMatchObject(expected);
  });

  it('of a session is overridden by that of a statement only', () => {
    const who = { database: 'clinic', user: 'app', application: 'Grafana' };
    const session = { waitTimeoutMs: 700 };
    expect(settingsFor(config, who, session).waitTimeoutMs).toBe(700);
    expect(settingsFor(config, who, session, { waitTimeoutMs: 600 }).waitTimeoutMs).toBe(600);
  });

  it('is not changed by an application without rules', () => {
    expect(applicationOf(config, 'psql')).toBeUndefined();
  });
});
