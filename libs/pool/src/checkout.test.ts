import { describe, expect, it } from '@jest/globals';
import { PoolRig } from './testing/index.ts';

describe('checkout', () => {
  it('opens a backend when none is idle, and grants it when it is open', () => {
    const rig = new PoolRig();
    const a = rig.client('a');
    expect(rig.checkout(a)).toBeUndefined();
    expect(rig.events()).toEqual(['open 1 demand']);
    rig.opened(1);
    expect(rig.events()).toEqual(['grant a 1']);
    expect(a.backend?.id).toBe(1);
  });

  it('hands out the backend that was used last, at once', () => {
    const rig = new PoolRig();
    const [a, b] = [rig.holder('a'), rig.holder('b')];
    rig.checkin(a);
    rig.checkin(b);
    expect(rig.checkout(rig.client('c'))).toBe(2);
    expect(rig.checkout(rig.client('d'))).toBe(1);
  });

  it('hands out the backend that was idle for longest if backends are used in turn', () => {
    const rig = new PoolRig({ settings: { isInTurn: true } });
    const [a, b] = [rig.holder('a'), rig.holder('b')];
    rig.checkin(a);
    rig.checkin(b);
    const c = rig.client('c');
    expect(rig.checkout(c)).toBe(1);
    rig.checkin(c);
    expect(rig.checkout(rig.client('d'))).toBe(2);
  });

  it('opens no more backends than clients are waiting, and no more than the maximum', () => {
    const rig = new PoolRig({ settings: { max: 3 } });
    for (const name of ['a', 'b', 'c', 'd', 'e']) rig.checkout(rig.client(name));
    expect(rig.events()).toEqual(['open 1 demand', 'open 2 demand', 'open 3 demand']);
  });

  it('limits the logins in progress, and starts the next one when a backend is open', () => {
    const rig = new PoolRig({ settings: { max: 9, openingMax: 2 } });
    for (const name of ['a', 'b', 'c']) rig.checkout(rig.client(name));
    expect(rig.events()).toEqual(['open 1 demand', 'open 2 demand']);
    rig.opened(2);
    expect(rig.events()).toEqual(['grant a 2', 'open 3 demand']);
  });

  it('serves waiting clients in the order of arrival, and skips one that has left', () => {
    const rig = new PoolRig({ settings: { max: 1 } });
    const a = rig.holder('a');
    const [b, c, d] = [rig.client('b'), rig.client('c'), rig.client('d')];
    for (const client of [b, c, d]) expect(rig.checkout(client)).toBeUndefined();
    rig.leave(c);
    rig.checkin(a);
    expect(rig.events()).toEqual(['grant b 1']);
    rig.checkin(b);
    expect(rig.events()).toEqual(['grant d 1']);
  });

  it('obeys the wait timeout of the client itself, wherever it is in the queue', () => {
    const rig = new PoolRig({ settings: { max: 1, waitTimeoutMs: 1_000, noticeAfterMs: 900 } });
    rig.holder('a');
    const [b, c, d] = [rig.client('b'), rig.client('c'), rig.client('d')];
    rig.pools.setWaitTimeout(c, 500);
    rig.pools.setWaitTimeout(d, 2_000);
    for (const client of [b, c, d]) rig.checkout(client);
    rig.after(499);
    expect(rig.events()).toEqual([]);
    rig.after(1);
    expect(rig.events()).toEqual(['refuse c timeout']);
    rig.after(500);
    expect(rig.events()).toEqual(['refuse b timeout', 'notice d 1']);
    rig.after(1_000);
    expect(rig.events()).toEqual(['refuse d timeout']);
  });

  it('counts the wait from an earlier begin that the client brings with it', () => {
    const rig = new PoolRig({ settings: { max: 1, waitTimeoutMs: 1_000 } });
    rig.holder('a');
    const [b, c, cameAtMs] = [rig.client('b'), rig.client('c'), rig.nowMs];
    rig.after(600);
    for (const client of [b, c]) rig.checkout(client);
    rig.pools.backdateWait(c, cameAtMs);
    rig.after(400);
    expect(rig.events()).toEqual(['refuse c timeout']);
    expect(rig.refusals.map(({ waitedMs }) => waitedMs)).toEqual([1_000]);
  });

  it.each([
    [120_000, 0.1],
    [15_000, 0.8],
    [13_000, 0.8],
  ])('uses up patience by what the pool allows, and 15 s at least: %i ms', (waitTimeoutMs, patienceUse) => {
    const rig = new PoolRig({ settings: { max: 1, waitTimeoutMs } });
    rig.holder('a');
    rig.checkout(rig.client('b'));
    rig.after(12_000);
    expect(rig.pools.load(rig.nowMs)).toMatchObject({ interactiveWaitMs: 12_000, patienceUse });
  });

  it('keeps the order of the others when one is cancelled, and may be repeated', () => {
    const rig = new PoolRig({ settings: { max: 1 } });
    const a = rig.holder('a');
    const [b, c] = [rig.client('b'), rig.client('c')];
    for (const client of [b, c]) rig.checkout(client);
    rig.pools.stopWaiting(b);
    rig.checkout(b);
    rig.checkin(a);
    rig.checkin(c);
    expect(rig.events()).toEqual(['grant c 1', 'grant b 1']);
  });

  it('throws for a client that has a backend, waits for one or has left', () => {
    const rig = new PoolRig({ settings: { max: 1 } });
    const [a, b] = [rig.holder('a'), rig.client('b')];
    rig.checkout(b);
    expect(() => rig.checkout(a)).toThrow('ehr/app: a client asked for a second backend');
    expect(() => rig.checkout(b)).toThrow('asked while it waits');
    expect(() => rig.checkin(b)).toThrow('does not have');
    rig.leave(b);
    expect(() => rig.checkout(b)).toThrow('after it left');
  });
});

describe('a wait', () => {
  it('gets a notice with its place after 5 s, and is refused after 15 s with 53300 and an estimate', () => {
    const rig = new PoolRig({ settings: { max: 1 } });
    let holder = rig.holder('a');
    // Three waits that end 400 ms apart give the estimate.
    const waiting = ['b', 'c', 'd', 'e', 'f'].map((name) => rig.client(name));
    for (const client of waiting) rig.checkout(client);
    for (const client of waiting.slice(0, 3)) {
      rig.after(400);
      rig.checkin(holder);
      holder = client;
    }
    expect(rig.events()).toEqual(['grant b 1', 'grant c 1', 'grant d 1']);
    rig.after(3_700);
    expect(rig.events()).toEqual([]);
    rig.after(100);
    expect(rig.events()).toEqual(['notice e 1', 'notice f 2']);
    expect(rig.notices[1]).toEqual({ position: 2, waiting: 2, waitedMs: 5_000, etaMs: 800, cause: 'busy' });
    rig.after(9_999);
    expect(rig.events()).toEqual([]);
    rig.after(1);
    expect(rig.events()).toEqual(['refuse e timeout', 'refuse f timeout']);
    expect(rig.pools.totals(rig.nowMs).counts.refusals).toMatchObject({ timeout: 2 });
    expect(rig.refusals[0]).toEqual({
      reason: 'timeout',
      sqlstate: '53300',
      waitedMs: 15_000,
      position: 1,
      etaMs: 400,
    });
  });

  it('gets a notice again when it is a new wait', () => {
    const rig = new PoolRig({ settings: { max: 1 } });
    const [a, b] = [rig.holder('a'), rig.client('b')];
    rig.checkout(b);
    rig.after(5_000);
    rig.checkin(a);
    rig.checkout(a);
    rig.checkin(b);
    rig.checkout(b);
    rig.after(5_000);
    expect(rig.events()).toEqual(['notice b 1', 'grant b 1', 'grant a 1', 'notice b 1']);
  });

  it('is refused at once when the queue is full', () => {
    const rig = new PoolRig({ settings: { max: 1, waitingMax: 1 } });
    rig.holder('a');
    rig.checkout(rig.client('b'));
    rig.checkout(rig.client('c'));
    expect(rig.events()).toEqual(['refuse c queue_full']);
    expect(rig.refusals).toEqual([
      { reason: 'queue_full', sqlstate: '53300', waitedMs: 0, position: 2, etaMs: undefined },
    ]);
  });

  it('opens the reserve after 5 s, which is closed when no client needs it', () => {
    const rig = new PoolRig({ settings: { max: 1, reserve: 1 } });
    const a = rig.holder('a');
    rig.checkout(rig.client('b'));
    rig.after(4_999);
    expect(rig.events()).toEqual([]);
    rig.after(1);
    expect(rig.events()).toEqual(['notice b 1', 'open 2 reserve']);
    rig.opened(2);
    rig.checkout(rig.client('c'));
    rig.after(14_000);
    rig.checkin(a);
    rig.events();
    rig.after(1);
    const [b, c] = rig.pools.clients().slice(1);
    rig.checkin(c!);
    expect(rig.events()).toEqual(['close 1 surplus']);
    rig.checkin(b!);
    expect(rig.pools.totals(rig.nowMs)).toMatchObject({ idle: 1, closing: 1, active: 0 });
  });
});

describe('a check-in', () => {
  it('with reset gives the backend to no client before the reset is done', () => {
    const rig = new PoolRig({ settings: { max: 1 } });
    const [a, b] = [rig.holder('a'), rig.client('b')];
    rig.checkout(b);
    rig.checkin(a, 'reset');
    expect(rig.events()).toEqual(['reset 1']);
    rig.pools.resetDone(rig.backend(1), true, rig.nowMs);
    expect(rig.events()).toEqual(['grant b 1']);
  });

  it('closes the backend if its reset fails or times out, and opens another when it has gone', () => {
    const rig = new PoolRig({ settings: { max: 1 } });
    const [a, b] = [rig.holder('a'), rig.client('b')];
    rig.checkin(a, 'reset');
    rig.pools.resetDone(rig.backend(1), false, rig.nowMs);
    rig.checkout(b);
    expect(rig.events()).toEqual(['reset 1', 'close 1 reset_failed']);
    rig.closed(1);
    rig.opened(2);
    rig.checkin(b, 'reset');
    rig.after(15_000);
    expect(rig.events()).toEqual(['open 2 demand', 'grant b 2', 'reset 2', 'close 2 reset_timeout']);
  });

  it('opens another backend for the waiting client if the reset fails', () => {
    const rig = new PoolRig({ settings: { max: 2 } });
    const a = rig.holder('a');
    rig.checkin(a, 'reset');
    rig.checkout(rig.client('b'));
    rig.pools.resetDone(rig.backend(1), false, rig.nowMs);
    expect(rig.events()).toEqual(['reset 1', 'close 1 reset_failed', 'open 2 demand']);
  });

  it('closes a backend that is not reusable, with the given reason', () => {
    const rig = new PoolRig();
    rig.checkin(rig.holder('a'), 'protocol');
    expect(rig.events()).toEqual(['close 1 protocol']);
  });

  it('closes the backend of a client that leaves with it', () => {
    const rig = new PoolRig();
    rig.leave(rig.holder('a'));
    expect(rig.events()).toEqual(['close 1 client_lost']);
  });
});

describe('a pinned backend', () => {
  it('counts as pinned until it is unpinned or checked in', () => {
    const rig = new PoolRig();
    const [a, b] = [rig.holder('a'), rig.holder('b')];
    rig.pools.pin(a);
    rig.pools.pin(a);
    expect(rig.pools.totals(rig.nowMs)).toMatchObject({ pinned: 1, active: 2 });
    rig.pools.pin(b);
    rig.pools.unpin(b);
    rig.checkin(a);
    expect(rig.pools.totals(rig.nowMs)).toMatchObject({ pinned: 0, active: 1 });
    expect(() => rig.pools.pin(a)).toThrow('cannot keep');
  });
});

describe('a backend whose connection is lost', () => {
  it('is replaced on demand if it was idle', () => {
    const rig = new PoolRig();
    const a = rig.holder('a');
    rig.checkin(a);
    rig.closed(1);
    expect(rig.events()).toEqual([]);
    expect(rig.pools.totals(rig.nowMs).counts.disconnects.upstream_closed).toBe(1);
    rig.checkout(a);
    expect(rig.events()).toEqual(['open 2 demand']);
  });

  it('is reported to its client if it was active, and the client may check out again', () => {
    const rig = new PoolRig({ settings: { max: 1 } });
    const [a, b] = [rig.holder('a'), rig.client('b')];
    rig.checkout(b);
    rig.closed(1);
    expect(rig.events()).toEqual(['open 2 demand', 'lost a']);
    expect(rig.pools.totals(rig.nowMs).counts.disconnects.lost).toBe(1);
    expect(rig.checkout(a)).toBeUndefined();
    rig.opened(2);
    expect(rig.events()).toEqual(['grant b 2']);
  });
});
