import { describe, expect, it } from '@jest/globals';
import { proxyConfig } from '../../config/proxy-config.ts';
import { ClientLimits } from './client-limits.ts';

const configOf = (more: object): ReturnType<typeof proxyConfig.parse> =>
  proxyConfig.parse({
    upstreams: { main: {} },
    databases: { '*': { upstream: 'main' } },
    auth: { userFile: 'users.txt' },
    ...more,
  });
const app = { database: 'clinic', user: 'app', application: 'psql' };

describe('ClientLimits', () => {
  it.each([
    ['database', { databases: { clinic: { upstream: 'main', clientsMax: 1 } } }, { user: 'x' }, { database: 'x' }],
    ['role', { users: { app: { clientsMax: 1 } } }, { database: 'x' }, { user: 'x' }],
    ['application', { applications: { 'p*': { clientsMax: 1 } } }, { application: 'pgAdmin' }, { application: 'x' }],
  ])('apply to a %s', (what, more, same, another) => {
    const limits = new ClientLimits<number>(configOf(more));
    limits.entered(1, app);
    expect(limits.refusal({ ...app, ...same })?.message).toContain(`too many connections for ${what}`);
    expect(limits.refusal({ ...app, ...another })).toBeUndefined();
    limits.left(1);
    expect(limits.refusal({ ...app, ...same })).toBeUndefined();
  });

  it('count existing clients when a RELOAD sets one', () => {
    const limits = new ClientLimits<number>(configOf({}));
    limits.entered(1, app);
    limits.reload(configOf({ users: { app: { clientsMax: 1 } }, clientsMax: 2 }));
    expect(limits.refusal(app)?.sqlstate).toBe('53300');
    limits.entered(2, { ...app, user: 'x' });
    expect(limits.refusal({ ...app, user: 'y' })?.message).toBe('sorry, too many clients already');
  });
});
