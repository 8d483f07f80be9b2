import { describe, expect, it } from '@jest/globals';
import type { PoolName } from './pool-policy.ts';
import { aName, aPolicy, PoolRig } from './testing/index.ts';

describe('PAUSE', () => {
  it('closes idle backends at once and active ones at their check-in, and has finished when all are gone', () => {
    const rig = new PoolRig();
    const [a, b] = [rig.holder('a'), rig.holder('b')];
    rig.checkin(a);
    rig.pools.pause({}, rig.nowMs);
    expect(rig.events()).toEqual(['close 1 paused']);
    rig.closed(1);
    expect(rig.pools.isCommandDone({})).toBe(false);
    rig.checkin(b, 'reset');
    rig.closed(2);
    expect(rig.events()).toEqual(['close 2 paused']);
    expect(rig.pools.isCommandDone({})).toBe(true);
  });

  it('lets clients wait until RESUME, for longer than usual', () => {
    const rig = new PoolRig();
    const a = rig.client('a');
    rig.pools.pause({}, rig.nowMs);
    rig.checkout(a);
    rig.after(20_000);
    expect(rig.events()).toEqual(['notice a 1']);
    expect(rig.notices[0]?.cause).toBe('paused');
    rig.pools.resume({}, rig.nowMs);
    rig.after(1_000);
    expect(rig.events()).toEqual(['open 1 demand']);
    rig.opened(1);
    expect(rig.events()).toEqual(['grant a 1']);
  });

  it('refuses clients after the timeout of a pause', () => {
    const rig = new PoolRig();
    rig.pools.pause({}, rig.nowMs);
    rig.checkout(rig.client('a'));
    rig.after(120_000);
    expect(rig.refusals).toEqual([{ reason: 'paused', sqlstate: '57P03', waitedMs: 120_000 }]);
  });

  it('applies to one database only, and to its pools that are created later', () => {
    const rig = new PoolRig();
    rig.pools.pause({ database: 'ehr' }, rig.nowMs);
    rig.checkout(rig.client('a'));
    rig.checkout(rig.client('b', { database: 'billing' }));
    rig.checkout(rig.client('c', { user: 'other' }));
    expect(rig.events()).toEqual(['open 1 demand']);
    rig.pools.resume({ database: 'ehr', user: 'other' }, rig.nowMs);
    rig.checkout(rig.client('d', { user: 'third' }));
    expect(rig.events()).toEqual(['open 2 demand']);
    rig.pools.resume({}, rig.nowMs);
    expect(rig.events()).toEqual(['open 3 demand', 'open 4 demand']);
  });
});

describe('RECONNECT', () => {
  it('replaces each backend once no client has it', () => {
    const rig = new PoolRig();
    const [a, b] = [rig.holder('a'), rig.holder('b')];
    rig.checkin(a);
    rig.pools.reconnect({}, rig.nowMs);
    expect(rig.events()).toEqual(['close 1 reconnect']);
    rig.checkin(b, 'reset');
    expect(rig.events()).toEqual(['close 2 reconnect']);
    rig.closed(1, 2);
    rig.checkout(a);
    rig.opened(3);
    rig.checkin(a);
    expect(rig.events()).toEqual(['open 3 demand', 'grant a 3']);
  });
});

describe('a server whose address has changed', () => {
  it('gets its backends at the former address replaced, each once no client has it', () => {
    const rig = new PoolRig();
    const [a, b] = [rig.holder('a'), rig.holder('b')];
    rig.checkin(a);
    rig.pools.replaceMoved(({ id }) => id === 2, rig.nowMs);
    expect(rig.events()).toEqual([]);
    rig.checkin(b);
    expect(rig.events()).toEqual(['close 2 moved']);
    rig.pools.replaceMoved(({ id }) => id === 1, rig.nowMs);
    expect(rig.events()).toEqual(['close 1 moved']);
  });
});

describe('DRAIN', () => {
  it('moves a client without a backend at once, an active one at its check-in, and a waiting one after it was served', () => {
    const rig = new PoolRig({ settings: { max: 1 } });
    const [a, b, c] = [rig.holder('a'), rig.client('b'), rig.client('c')];
    rig.checkout(b);
    rig.pools.drain({}, rig.nowMs);
    expect(rig.events()).toEqual(['move c']);
    rig.leave(c);
    rig.checkin(a);
    expect(rig.events()).toEqual(['grant b 1', 'move a']);
    rig.leave(a);
    rig.checkin(b);
    expect(rig.events()).toEqual(['move b']);
    rig.leave(b);
    expect(rig.events()).toEqual(['close 1 drained']);
    expect(rig.pools.isCommandDone({})).toBe(false);
    rig.closed(1);
    expect(rig.pools.isCommandDone({})).toBe(true);
  });

  it('moves a client whose wait was refused', () => {
    const rig = new PoolRig({ settings: { max: 1, noticeAfterMs: 60_000 } });
    rig.holder('a');
    rig.checkout(rig.client('b'));
    rig.pools.drain({}, rig.nowMs);
    rig.after(15_000);
    expect(rig.events()).toEqual(['refuse b timeout', 'move b']);
  });

  it('serves a client that has not left yet, and closes only backends that no client can need', () => {
    const rig = new PoolRig();
    const [a, b] = [rig.holder('a'), rig.holder('b')];
    rig.checkin(a);
    rig.pools.drain({}, rig.nowMs);
    expect(rig.checkout(a)).toBe(1);
    rig.checkin(a);
    rig.leave(a);
    expect(rig.events()).toEqual(['move a', 'move a', 'close 1 drained']);
    rig.checkin(b);
    expect(rig.events()).toEqual(['move b']);
  });

  it('applies to pools that are created later', () => {
    const rig = new PoolRig();
    rig.pools.drain({ database: 'ehr' }, rig.nowMs);
    for (const database of ['ehr', 'billing']) rig.client(database, { database });
    const isDraining = rig.pools.figures(rig.nowMs).map((pool) => [pool.name.database, pool.isDraining]);
    expect(isDraining).toEqual([
      ['ehr', true],
      ['billing', false],
    ]);
  });

  it('is ended by RESUME: clients stay, and new ones too', () => {
    const rig = new PoolRig();
    const a = rig.holder('a');
    rig.pools.drain({}, rig.nowMs);
    rig.pools.resume({}, rig.nowMs);
    rig.checkin(a);
    rig.client('b');
    expect(rig.events()).toEqual([]);
    expect(rig.pools.figures(rig.nowMs)).toMatchObject([{ isDraining: false, clients: 2, idle: 1 }]);
  });
});

describe('KILL', () => {
  it('drops clients and backends at once, whatever their state, and lets later clients wait', () => {
    const rig = new PoolRig();
    const [a, b, c] = [rig.holder('a'), rig.holder('b'), rig.client('c')];
    rig.checkin(a);
    rig.checkout(a);
    rig.checkout(c);
    rig.pools.kill({}, rig.nowMs);
    expect(rig.events()).toEqual(['close 1 killed', 'close 2 killed', 'drop a', 'drop b', 'drop c']);
    for (const client of [a, b, c]) rig.leave(client);
    rig.closed(1, 2);
    const d = rig.client('d');
    rig.checkout(d);
    expect(rig.events()).toEqual([]);
    rig.pools.resume({}, rig.nowMs);
    expect(rig.events()).toEqual(['open 3 demand']);
  });
});

describe('RELOAD', () => {
  it('closes backends above the new maximum: idle ones now, the others at their check-in even if clients wait', () => {
    const rig = new PoolRig({ settings: { max: 3 } });
    const [a, b, c] = [rig.holder('a'), rig.holder('b'), rig.holder('c')];
    rig.checkin(a);
    rig.pools.reload(aPolicy({ settings: { max: 1 } }), rig.nowMs);
    expect(rig.events()).toEqual(['close 1 surplus']);
    rig.checkout(a);
    rig.checkin(b);
    expect(rig.events()).toEqual(['close 2 surplus']);
    rig.closed(1, 2);
    rig.checkin(c);
    expect(rig.events()).toEqual(['grant a 3']);
  });

  it('opens backends for waiting clients when the maximum is raised', () => {
    const rig = new PoolRig({ settings: { max: 1 } });
    rig.holder('a');
    rig.checkout(rig.client('b'));
    rig.pools.reload(aPolicy({ settings: { max: 2 } }), rig.nowMs);
    expect(rig.events()).toEqual(['open 2 demand']);
  });

  it('renames pools, keeps their clients and replaces their backends', () => {
    const rig = new PoolRig({ upstreamMax: 2 });
    const [a, b, c] = [rig.holder('a'), rig.holder('b'), rig.client('c')];
    rig.checkin(a);
    rig.checkout(rig.client('elsewhere', { upstream: 'copy' }));
    expect(rig.events()).toEqual(['open 3 demand']);
    const others: Readonly<Record<string, string>> = { main: 'copy', copy: 'main' };
    const nameOf = (name: PoolName): PoolName => ({ ...name, upstream: others[name.upstream] ?? '' });
    rig.pools.reload(aPolicy({ upstreamMax: 2 }), rig.nowMs, nameOf);
    expect(rig.events()).toEqual(['close 1 reconnect']);
    expect([a.pool.name.upstream, rig.client('d', { upstream: 'copy' }).pool]).toEqual(['copy', a.pool]);
    // Two backends of `copy` are closing or in use: their places are free when they have gone.
    rig.checkout(c);
    expect(rig.events()).toEqual([]);
    rig.closed(1);
    expect(rig.events()).toEqual(['open 4 demand']);
    rig.opened(3, 4);
    rig.checkin(b);
    expect(rig.events()).toEqual(['close 3 reconnect', 'open 5 demand', 'grant c 4', 'close 2 reconnect']);
    const limits = rig.pools.limits().filter(({ kind }) => kind === 'upstream');
    expect(limits.map(({ count }) => count)).toEqual([2, 2]);
  });

  it('retries at once for waiting clients if logins had failed at the former upstream', () => {
    const rig = new PoolRig();
    rig.checkout(rig.client('a'));
    rig.openFailed(1, 'gone', true);
    expect(rig.events()).toEqual(['open 1 demand']);
    rig.pools.reload(aPolicy(), rig.nowMs, (name) => ({ ...name, upstream: 'copy' }));
    expect(rig.events()).toEqual(['open 2 demand']);
  });

  it('applies nothing of a configuration with one error', () => {
    const rig = new PoolRig({ settings: { max: 1 } });
    rig.client('a');
    rig.client('b', { database: 'billing' });
    const half = aPolicy({ settings: { max: 5 } });
    const wrong = {
      ...half,
      settings: (name: { database: string }) => ({
        ...half.settings(aName(name)),
        max: name.database === 'billing' ? 0 : 5,
      }),
    };
    expect(() => rig.pools.reload(wrong, rig.nowMs)).toThrow('pool billing/app: max 0: at least 1');
    expect(rig.pools.figures(rig.nowMs).map(({ settings }) => settings.max)).toEqual([1, 1]);
  });

  it('clamps to the licence of IRIS, and reports the asked and the given value', () => {
    const rig = new PoolRig();
    rig.client('a');
    const policy = aPolicy({ settings: { max: 30, reserve: 5, min: 25 }, loginMax: 24, licensedServer: 'iris' });
    const clamps = [
      { subject: 'ehr/app', setting: 'max', configured: 30, applied: 24, cause: 'licence' },
      { subject: 'ehr/app', setting: 'reserve', configured: 5, applied: 0, cause: 'licence' },
      { subject: 'ehr/app', setting: 'min', configured: 25, applied: 24, cause: 'max' },
    ];
    expect(rig.pools.reload(policy, rig.nowMs)).toEqual(clamps);
    expect(rig.pools.figures(rig.nowMs)[0]).toMatchObject({ clamps, settings: { max: 24, reserve: 0, min: 24 } });
  });
});
