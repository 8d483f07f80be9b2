import { describe, expect, it } from '@jest/globals';
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
      expect(rig.pools.totals(0)).toMatchObject({ idle: 1, active: 1 });
      rig.checkout(rig.client('d', at));
      expect(rig.events()).toEqual(['close 2 evicted']);
    },
  );

  it('takes the place of the backend that was idle for longest', () => {
    const rig = new PoolRig({ databaseMax: 2 });
    const [a, b] = [rig.holder('a', { user: 'one' }), rig.holder('b', { user: 'two' })];
    rig.checkin(b);
    rig.after(1);
    rig.checkin(a);
    rig.checkout(rig.client('c', { user: 'three' }));
    expect(rig.events()).toEqual(['close 2 evicted']);
  });

  it('lets nobody starve behind a pool whose own clients always wait', () => {
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
});

describe('a limit of an application', () => {
  it('holds over all pools and lets others by', () => {
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

  it('follows a client that takes another name', () => {
    const rig = new PoolRig({ applications: { bi: 1 } });
    const a = rig.holder('a', { application: 'bi' });
    const b = rig.client('b', { application: 'bi' });
    rig.checkout(b);
    expect(rig.events()).toEqual([]);
    rig.pools.setApplication(a, 'web', 0);
    expect(rig.events()).toEqual(['open 2 demand']);
    rig.pools.reload(aPolicy({ applications: { bi: 0 } }), 0);
    rig.opened(2);
    expect(rig.events()).toEqual([]);
    rig.pools.setApplication(b, 'web', 0);
    expect(rig.events()).toEqual(['grant b 2']);
  });
});
