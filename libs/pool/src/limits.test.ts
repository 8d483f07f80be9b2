import { describe, expect, it } from '@jest/globals';
import type { PoolName } from './pool-policy.ts';
import { SharedLimits } from './shared-limits.ts';
import { aPolicy, PoolRig } from './testing/index.ts';

describe('a limit across pools', () => {
  const kinds = [
    ['database', { databaseMax: 2 }, { user: 'other' }],
    ['user', { userMax: 2 }, { database: 'billing' }],
    ['login', { loginMax: 2 }, { database: 'billing' }],
    ['upstream', { upstreamMax: 2 }, { database: 'billing', user: 'other' }],
  ] as const;
  it.each(kinds)(
    'of a %s holds for all its pools; an idle backend of one gives way to a client of another',
    (_, limit, at) => {
      const rig = new PoolRig({ settings: { max: 2 }, ...limit });
      const [a, b] = [rig.holder('a'), rig.holder('b')];
      const c = rig.client('c', at);
      rig.checkout(c);
      expect(rig.events()).toEqual([]);
      rig.checkin(a);
      expect(rig.events()).toEqual(['close 1 evicted']);
      rig.checkin(b); // one place is enough
      rig.closed(1);
      rig.opened(3);
      expect(rig.events()).toEqual(['open 3 demand', 'grant c 3']);
      expect(rig.pools.totals(rig.nowMs)).toMatchObject({ idle: 1, active: 1 });
      rig.checkout(rig.client('d', at));
      expect(rig.events()).toEqual(['close 2 evicted']);
    },
  );

  it('evicts the backend that was idle for longest', () => {
    const rig = new PoolRig({ databaseMax: 2 });
    const [a, b] = [rig.holder('a', { user: 'one' }), rig.holder('b', { user: 'two' })];
    rig.checkin(b);
    rig.after(1);
    rig.checkin(a);
    rig.checkout(rig.client('c', { user: 'three' }));
    expect(rig.events()).toEqual(['close 2 evicted']);
  });

  it('starves no pool behind one whose own clients always wait', () => {
    const rig = new PoolRig({ databaseMax: 1 });
    let holder = rig.holder('a', { user: 'busy' });
    rig.checkout(rig.client('c', { user: 'quiet' }));
    const grants: string[] = [];
    for (let turn = 0; turn < 30 && !grants.includes('close 1 evicted'); turn += 1) {
      const next = rig.client(`busy ${turn}`, { user: 'busy' });
      rig.checkout(next);
      rig.after(100);
      rig.checkin(holder);
      holder = next;
      grants.push(...rig.events());
    }
    expect(grants).toHaveLength(20); // 1.9 s for the busy pool
    rig.closed(1);
    expect(rig.events()).toEqual(['open 2 demand']);
  });

  it('gives a free place to the client that has waited for longest, even if its pool has backends of its own', () => {
    const rig = new PoolRig({ databaseMax: 1 });
    const a = rig.holder('a', { user: 'one' });
    rig.checkout(rig.client('b', { user: 'one' }));
    rig.after(1);
    rig.checkout(rig.client('c', { user: 'two' }));
    rig.after(3_000);
    rig.checkin(a);
    expect(rig.events()).toEqual(['grant b 1']);
  });

  it('gives a free place to the client that has waited for longest, even if an earlier one of its pool has left', () => {
    const rig = new PoolRig({ databaseMax: 1 });
    rig.holder('a', { user: 'one' });
    const first = rig.client('b', { user: 'two' });
    for (const client of [first, rig.client('c', { user: 'three' }), rig.client('d', { user: 'two' })]) {
      rig.checkout(client);
      rig.after(1);
    }
    rig.leave(first);
    rig.closed(1);
    rig.opened(2);
    expect(rig.events()).toEqual(['open 2 demand', 'lost a', 'grant c 2']);
  });

  it('closes no more backends than are above it when it is lowered', () => {
    const rig = new PoolRig({ settings: { max: 3 }, databaseMax: 3 });
    const holders = ['a', 'b', 'c'].map((handle) => rig.holder(handle));
    rig.pools.reload(aPolicy({ settings: { max: 3 }, databaseMax: 2 }), rig.nowMs);
    for (const holder of holders) rig.checkin(holder);
    expect(rig.events()).toEqual(['close 1 surplus']);
  });

  it('is changed by RELOAD, and removed with the last pool under it', () => {
    const rig = new PoolRig({ settings: { lifetimeMs: 1_000 }, databaseMax: 1 });
    const a = rig.holder('a');
    const b = rig.client('b');
    rig.checkout(b);
    expect(rig.events()).toEqual([]);
    rig.pools.reload(aPolicy({ settings: { lifetimeMs: 1_000 }, databaseMax: 2 }), rig.nowMs);
    expect(rig.events()).toEqual(['open 2 demand']);
    expect(rig.pools.limits()).toContainEqual({ kind: 'database', max: 2, count: 2, cause: 'limit' });
    for (const client of [a, b]) rig.leave(client);
    rig.closed(1, 2);
    rig.after(1);
    expect(rig.pools.limits()).toEqual([]);
  });

  it('is shared by two upstreams that are one licensed server', () => {
    const rig = new PoolRig({ licensedServer: 'iris:1972', loginMax: 1 });
    rig.holder('a');
    rig.checkout(rig.client('b', { upstream: 'the same' }));
    expect(rig.events()).toEqual([]);
  });

  it('applies to backends that are opened for a minimum too', () => {
    const rig = new PoolRig({ settings: { min: 2, openingMax: 4 }, databaseMax: 3 });
    for (const user of ['one', 'two']) rig.client(user, { user });
    rig.after(1);
    expect(rig.events()).toEqual(['open 1 minimum', 'open 2 minimum', 'open 3 minimum']);
  });

  it('no longer evicts backends for a pool that has moved to another upstream', () => {
    const rig = new PoolRig({ upstreamMax: 1 });
    const a = rig.holder('a');
    rig.checkout(rig.client('b', { user: 'other' }));
    const elsewhere = (name: PoolName): PoolName => (name.user === 'other' ? { ...name, upstream: 'second' } : name);
    rig.pools.reload(aPolicy({ upstreamMax: 1 }), rig.nowMs, elsewhere);
    expect(rig.events()).toEqual(['open 2 demand']);
    rig.checkin(a);
    expect(rig.events()).toEqual([]);
  });

  it('evicts one backend at a time: none while another is closing', () => {
    const rig = new PoolRig({ upstreamMax: 2 });
    const [a, b] = [rig.holder('a', { user: 'one' }), rig.holder('b', { user: 'two' })];
    rig.checkin(a);
    rig.checkin(b);
    rig.checkout(rig.client('c', { user: 'three' }));
    rig.after(100);
    expect(rig.events()).toEqual(['close 1 evicted']);
  });

  it('no longer blocks a pool whose own backend is about to be returned', () => {
    const rig = new PoolRig({ upstreamMax: 2 });
    const [a, b] = [rig.holder('a'), rig.holder('b', { user: 'other' })];
    rig.checkout(rig.client('c'));
    rig.checkin(a, 'reset');
    rig.checkin(b);
    expect(rig.events()).toEqual(['reset 1']);
  });

  it('no longer blocks a pool in which no client waits', () => {
    const rig = new PoolRig({ upstreamMax: 1 });
    const a = rig.holder('a');
    const b = rig.client('b', { user: 'other' });
    rig.checkout(b);
    rig.pools.stopWaiting(b);
    rig.checkin(a);
    expect(rig.events()).toEqual([]);
  });

  it('decides on eviction after a reset, when it is known which client wants the backend', () => {
    const rig = new PoolRig({ upstreamMax: 1 });
    const a = rig.holder('a');
    rig.checkout(rig.client('b', { user: 'other' }));
    rig.checkin(a, 'reset');
    expect(rig.events()).toEqual(['reset 1']);
    rig.pools.resetDone(rig.backend(1), true, rig.nowMs);
    expect(rig.events()).toEqual(['close 1 evicted']);
  });
});

describe('the limit of an application', () => {
  it('is removed with its last client', () => {
    const limits = new SharedLimits(aPolicy());
    const limit = limits.applicationOf('web');
    limit.clients = 1;
    limits.left(limit);
    expect(limits.applicationOf('web')).toBe(limit);
    limit.clients = 0;
    limits.left(limit);
    expect(limits.applicationOf('web')).not.toBe(limit);
  });

  it('applies across all pools, and lets clients of other applications pass', () => {
    const rig = new PoolRig({ applications: { bi: 1 } });
    const a = rig.holder('a', { application: 'bi' });
    const b = rig.client('b', { application: 'bi', database: 'billing' });
    const c = rig.client('c', { application: 'web', database: 'billing' });
    rig.checkout(b);
    rig.checkout(c);
    rig.opened(2);
    expect(rig.events()).toEqual(['open 2 demand', 'grant c 2']);
    rig.checkin(c);
    expect(rig.checkout(c)).toBe(2); // b waits for its application, not for a backend
    rig.checkin(c);
    rig.checkin(a);
    expect(rig.events()).toEqual(['grant b 2']);
  });

  it('applies to a client that changes its application name', () => {
    const rig = new PoolRig({ applications: { bi: 1 } });
    const a = rig.holder('a', { application: 'bi' });
    const b = rig.client('b', { application: 'bi' });
    rig.checkout(b);
    expect(rig.events()).toEqual([]);
    rig.pools.setApplication(a, 'web', rig.nowMs);
    expect(rig.events()).toEqual(['open 2 demand']);
    rig.pools.reload(aPolicy({ applications: { bi: 0 } }), rig.nowMs);
    rig.opened(2);
    expect(rig.events()).toEqual([]);
    rig.pools.setApplication(b, 'web', rig.nowMs);
    expect(rig.events()).toEqual(['grant b 2']);
  });

  it('counts less when the backend of one of its clients is lost', () => {
    const rig = new PoolRig({ applications: { bi: 1 } });
    rig.holder('a', { application: 'bi' });
    const b = rig.client('b', { application: 'bi', database: 'billing' });
    rig.checkout(b);
    rig.closed(1);
    expect(rig.events()).toContain('open 2 demand');
  });

  it('counts the backend of a client that changes its application name', () => {
    const rig = new PoolRig({ applications: { bi: 1 } });
    rig.pools.setApplication(rig.holder('a'), 'bi', rig.nowMs);
    rig.checkout(rig.client('b', { application: 'bi' }));
    expect(rig.events()).toEqual([]);
  });
});
