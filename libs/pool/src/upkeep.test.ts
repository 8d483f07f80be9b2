import { describe, expect, it } from '@jest/globals';
import { aName, aPolicy, PoolRig } from './testing/index.ts';

describe('upkeep', () => {
  it('keeps a minimum open while the pool has a client, and removes the pool after the last one', () => {
    const rig = new PoolRig({ settings: { max: 5, min: 2, idleTimeoutMs: 1_000 } });
    const a = rig.client('a');
    rig.after(100);
    expect(rig.events()).toEqual(['open 1 minimum', 'open 2 minimum']);
    rig.opened(1, 2);
    rig.after(1_000);
    expect(rig.events()).toEqual([]);
    rig.leave(a);
    rig.after(100);
    expect(rig.events()).toEqual(['close 1 idle_timeout', 'close 2 idle_timeout']);
    rig.closed(1, 2);
    rig.after(100);
    expect(rig.events()).toEqual(['forgotten ehr/app']);
    expect(rig.pools.totals(rig.nowMs)).toMatchObject({ pools: 0, counts: { connects: { minimum: 2 } } });
  });

  it('opens no backend for a minimum while closing ones take all places', () => {
    const rig = new PoolRig({ settings: { max: 1, min: 1 } });
    rig.checkin(rig.holder('a'));
    rig.pools.reconnect({}, rig.nowMs);
    rig.after(100);
    expect(rig.events()).toEqual(['close 1 reconnect']);
    rig.closed(1);
    rig.after(100);
    expect(rig.events()).toEqual(['open 2 minimum']);
  });

  it('keeps the minimum of a kept pool without clients', () => {
    const settings = { max: 5, min: 2, idleTimeoutMs: 1_000, lifetimeMs: 5_000 };
    const rig = new PoolRig({ settings, kept: [aName()] });
    rig.after(100);
    expect(rig.events()).toEqual(['open 1 minimum', 'open 2 minimum']);
    rig.opened(1, 2);
    rig.after(1_000);
    expect(rig.events()).toEqual([]);
    rig.closed(1, 2);
    rig.after(100);
    expect(rig.events()).toEqual(['open 3 minimum', 'open 4 minimum']);
    rig.pools.reload(aPolicy({ settings }), rig.nowMs);
    rig.opened(3, 4);
    rig.after(1_000);
    expect(rig.events()).toEqual(['close 3 idle_timeout', 'close 4 idle_timeout']);
    rig.closed(3, 4);
    rig.after(100);
    expect(rig.events()).toEqual(['forgotten ehr/app']);
    expect(rig.pools.totals(rig.nowMs).pools).toBe(0);
    rig.pools.reload(aPolicy({ settings, kept: [aName()] }), rig.nowMs);
    rig.after(100);
    expect(rig.events()).toEqual(['open 5 minimum', 'open 6 minimum']);
  });

  it('retries the login of a kept pool, and keeps no minimum of a vacated one', () => {
    const rig = new PoolRig({ settings: { min: 1, backoffMinMs: 1_000 }, kept: [aName()] });
    rig.after(100);
    rig.openFailed(1, 'not there', true);
    rig.after(100);
    expect(rig.events()).toEqual(['open 1 minimum']);
    rig.after(1_000);
    expect(rig.events()).toEqual(['open 2 minimum']);
    rig.opened(2);
    const who = rig.client('who', { database: 'other' });
    rig.pools.closeWithoutClients(({ database }) => database === 'ehr', who, rig.nowMs);
    rig.after(1_000);
    expect(rig.events()).toContain('close 2 reconnect');
    rig.closed(2);
    rig.after(1_000);
    expect(rig.pools.figures(rig.nowMs).map(({ name }) => name.database)).toEqual(['other']);
  });

  it('closes backends that were unused for the idle timeout, down to the minimum', () => {
    const rig = new PoolRig({ settings: { max: 3, min: 1, idleTimeoutMs: 1_000 } });
    const clients = ['a', 'b', 'c'].map((name) => rig.holder(name));
    for (const client of clients) rig.checkin(client);
    rig.after(999);
    expect(rig.events()).toEqual([]);
    rig.checkout(clients[0]!); // the one used last
    rig.after(1);
    expect(rig.events()).toEqual(['close 1 idle_timeout', 'close 2 idle_timeout']);
  });

  it('replaces a backend at the end of its lifetime, once no client has it', () => {
    const rig = new PoolRig({ settings: { lifetimeMs: 5_000 } });
    const [a, b] = [rig.holder('a'), rig.holder('b')];
    rig.checkin(a);
    rig.after(5_000);
    expect(rig.events()).toEqual(['close 1 lifetime']);
    rig.checkin(b);
    expect(rig.events()).toEqual(['close 2 lifetime']);
  });

  it('checks backends that were silent, a few at once, and returns them to their old order', () => {
    const rig = new PoolRig({ settings: { max: 3, checkAfterMs: 30_000 } });
    const clients = ['a', 'b', 'c'].map((name) => rig.holder(name));
    for (const client of clients) {
      rig.nowMs += 1;
      rig.checkin(client);
    }
    rig.after(30_000);
    expect(rig.events()).toEqual(['check 1']);
    rig.pools.checked(rig.backend(1), true, rig.nowMs);
    expect(rig.checkout(clients[0]!)).toBe(3);
    rig.checkin(clients[0]!);
    rig.after(1);
    expect(rig.events()).toEqual(['check 2']);
    rig.pools.checked(rig.backend(2), false, rig.nowMs);
    expect(rig.events()).toEqual(['close 2 check_failed']);
    rig.closed(2);
    rig.after(29_999);
    expect(rig.events()).toEqual(['check 1']);
    rig.after(5_000);
    expect(rig.events()).toEqual(['close 1 check_timeout', 'check 3']);
  });

  it('opens no backend for a client that may get the one being checked', () => {
    const rig = new PoolRig({ settings: { checkAfterMs: 30_000 } });
    const a = rig.holder('a');
    rig.checkin(a);
    rig.after(30_000);
    rig.checkout(a);
    expect(rig.events()).toEqual(['check 1']);
    rig.pools.checked(rig.backend(1), true, rig.nowMs);
    expect(rig.events()).toEqual(['grant a 1']);
  });

  it('reports figures for each pool and in total', () => {
    const rig = new PoolRig({ settings: { max: 1 } });
    rig.holder('a');
    rig.checkout(rig.client('b'));
    rig.checkout(rig.client('c', { database: 'billing' }));
    rig.nowMs += 250;
    rig.checkout(rig.client('d'));
    expect(rig.pools.figures(rig.nowMs)).toMatchObject([
      { name: { database: 'ehr' }, clients: 3, active: 1, waiting: 2, longestWaitMs: 250, opening: 0 },
      { name: { database: 'billing' }, clients: 1, active: 0, waiting: 1, longestWaitMs: 250, opening: 1 },
    ]);
    expect(rig.pools.totals(rig.nowMs)).toMatchObject({ pools: 2, clients: 4, waiting: 3, active: 1, opening: 1 });
  });
});
