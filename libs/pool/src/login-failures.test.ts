import { describe, expect, it } from '@jest/globals';
import { PoolRig } from './testing/index.ts';

describe('a login that the upstream refuses', () => {
  it('refuses all waiting clients at once with the error of the upstream', () => {
    const rig = new PoolRig();
    for (const name of ['a', 'b', 'c']) rig.checkout(rig.client(name));
    rig.openFailed(1, 'no such role');
    expect(rig.events()).toEqual(['open 1 demand', 'open 2 demand']); // the other login may succeed
    rig.openFailed(2, 'no such role');
    expect(rig.events()).toEqual(['refuse a upstream', 'refuse b upstream', 'refuse c upstream']);
    expect(rig.refusals[0]).toEqual({ reason: 'upstream', error: 'no such role', waitedMs: 0 });
  });

  it('refuses later clients at once until the next attempt, which the first client after the backoff makes', () => {
    const rig = new PoolRig();
    const a = rig.client('a');
    rig.checkout(a);
    rig.openFailed(1, 'no such role');
    rig.checkout(a);
    expect(rig.events()).toEqual(['open 1 demand', 'refuse a upstream', 'refuse a upstream']);
    rig.after(50);
    for (const client of [a, rig.client('b')]) rig.checkout(client);
    expect(rig.events()).toEqual(['open 2 demand']); // one attempt, not one for each client
    rig.opened(2);
    expect(rig.events()).toEqual(['grant a 2', 'open 3 demand']);
  });

  it('keeps clients waiting that open backends may serve, and gives them the error at their timeout', () => {
    const rig = new PoolRig();
    const a = rig.holder('a');
    const [b, c] = [rig.client('b'), rig.client('c')];
    for (const client of [b, c]) rig.checkout(client);
    rig.openFailed(2, 'password expired');
    expect(rig.events()).toEqual(['open 2 demand']);
    rig.checkin(a);
    expect(rig.events()).toEqual(['grant b 1']);
    for (let ms = 0; ms < 15_000; ms += 5_000) {
      rig.after(5_000);
      for (const backend of rig.pools.backends())
        if (backend.state === 'opening') rig.openFailed(backend.id, 'expired');
    }
    expect(rig.events().at(-1)).toBe('refuse c upstream');
    expect(rig.refusals).toEqual([{ reason: 'upstream', error: 'expired', waitedMs: 15_000 }]);
  });
});

describe('a login that may succeed later', () => {
  it('is retried at once when the server accepts connections again', () => {
    const rig = new PoolRig({ settings: { backoffMinMs: 5_000, backoffMaxMs: 5_000 } });
    rig.checkout(rig.client('a'));
    rig.openFailed(1, 'not there', true);
    rig.after(10);
    rig.pools.endBackoff('elsewhere', rig.nowMs);
    expect(rig.events()).toEqual(['open 1 demand']);
    rig.pools.endBackoff('main', rig.nowMs);
    expect(rig.events()).toEqual(['open 2 demand']);
  });

  it('keeps clients waiting that come before the next attempt', () => {
    const rig = new PoolRig({ settings: { backoffMinMs: 5_000, backoffMaxMs: 5_000 } });
    rig.checkout(rig.client('a'));
    rig.openFailed(1, 'starting up', true);
    rig.checkout(rig.client('b'));
    expect(rig.events()).toEqual(['open 1 demand']);
  });

  it('is retried with growing pauses while clients wait', () => {
    const rig = new PoolRig({ settings: { backoffMinMs: 100, backoffMaxMs: 1_000 } });
    const a = rig.client('a');
    rig.checkout(a);
    const attempts: number[] = [];
    for (let id = 1; id <= 6; id += 1) {
      while (!rig.events().includes(`open ${id} demand`)) rig.after(10);
      attempts.push(rig.nowMs);
      rig.openFailed(id, 'starting up', true);
    }
    const pauses = attempts.slice(1).map((at, place) => at - attempts[place]!);
    expect(pauses).toEqual([50, 100, 200, 400, 500]); // half of each pause is jitter, here 0
    expect(a.isWaiting).toBe(true);
  });

  it('gives its cause in the notice, and ends the wait with the error of the upstream', () => {
    const rig = new PoolRig({ settings: { backoffMinMs: 60_000, backoffMaxMs: 60_000 } });
    rig.checkout(rig.client('a'));
    rig.openFailed(1, 'starting up', true);
    rig.after(5_000);
    expect(rig.notices).toEqual([{ position: 1, waiting: 1, waitedMs: 5_000, etaMs: undefined, cause: 'upstream' }]);
    rig.after(10_000);
    expect(rig.refusals).toEqual([{ reason: 'upstream', error: 'starting up', waitedMs: 15_000 }]);
  });

  it('is one that times out: the next attempt follows its backoff', () => {
    const rig = new PoolRig({ settings: { max: 1, connectTimeoutMs: 1_000, backoffMinMs: 500 } });
    rig.checkout(rig.client('a'));
    rig.after(1_000);
    rig.closed(1);
    expect(rig.events()).toEqual(['open 1 demand', 'close 1 login_timeout']);
    rig.after(249);
    expect(rig.events()).toEqual([]);
    rig.after(1);
    expect(rig.events()).toEqual(['open 2 demand']);
  });

  it('is one that times out, or whose connection is lost', () => {
    const rig = new PoolRig({ settings: { max: 1, backoffMinMs: 0 } });
    rig.checkout(rig.client('a'));
    rig.after(5_000);
    rig.opened(1); // too late
    rig.closed(1);
    expect(rig.events()).toEqual(['open 1 demand', 'notice a 1', 'close 1 login_timeout', 'open 2 demand']);
    rig.closed(2);
    expect(rig.events()).toEqual(['open 3 demand']);
    expect(rig.pools.totals(rig.nowMs).counts.disconnects).toMatchObject({ login_timeout: 1, login_failed: 1 });
  });
});

describe('a server that accepts no further session', () => {
  const others = { login: { database: 'other' }, database: { user: 'other' }, upstream: { database: 'o', user: 'o' } };

  it.each(Object.entries(others))('makes an idle backend of another pool of that %s be closed', (_, at) => {
    const rig = new PoolRig();
    rig.checkin(rig.holder('a', at));
    rig.checkout(rig.client('b'));
    rig.openFailed(2, 'too many connections', 'full');
    expect(rig.events()).toEqual(['open 2 demand', 'close 1 evicted']);
    rig.closed(1);
    rig.after(100);
    rig.opened(3);
    expect(rig.events()).toEqual(['open 3 demand', 'grant b 3']);
  });

  it('makes the longest idle backend under each limit that it may mean be closed', () => {
    const rig = new PoolRig();
    const places = [others.upstream, others.login, others.database, others.login, { upstream: 'mirror' }];
    const holders = places.map((at, place) => rig.holder(`a${place}`, at));
    for (const holder of holders) {
      rig.after(1);
      rig.checkin(holder);
    }
    rig.checkout(rig.client('b'));
    rig.openFailed(6, 'too many connections', 'full');
    expect(rig.events()).toEqual(['open 6 demand', 'close 3 evicted', 'close 2 evicted', 'close 1 evicted']);
  });

  it('closes no backend of other pools for a minimum', () => {
    const rig = new PoolRig({ settings: { min: 1 } });
    rig.checkin(rig.holder('a', others.login));
    rig.client('b');
    rig.after(0);
    rig.openFailed(2, 'too many connections', 'full');
    expect(rig.events()).toEqual(['open 2 minimum']);
  });
});
