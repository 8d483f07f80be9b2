import { describe, expect, it } from '@jest/globals';
import { rungs, slotCaps, workloadClasses, type PoolSettings, type WorkloadClass } from './index.ts';
import { aPolicy, PoolRig, type RigClient } from './testing/index.ts';

/** Lets this many clients of each class check out a backend; every open succeeds. */
function crowd(rig: PoolRig, of: Partial<Record<WorkloadClass, number>>): readonly RigClient[] {
  const clients = Object.entries(of).flatMap(([workClass, number]) =>
    Array.from({ length: number }, (_, at) => {
      const client = rig.client(`${workClass} ${at}`);
      rig.checkout(client, workClass as WorkloadClass);
      return client;
    }),
  );
  for (let opening = openingIn(rig); opening.length > 0; opening = openingIn(rig)) rig.opened(...opening);
  rig.events();
  return clients;
}

function openingIn(rig: PoolRig): readonly number[] {
  return rig.pools.backends().flatMap(({ id, state }) => (state === 'opening' ? [id] : []));
}

function activeIn(rig: PoolRig): Record<string, number> {
  const { classes } = rig.pools.figures(rig.nowMs)[0]!;
  return Object.fromEntries(workloadClasses.map((name) => [name, classes[name].active]));
}

/** Repeatedly checks in the backend held for longest; returns the classes of the clients that get it. */
function turnOver(rig: PoolRig, turns: number, msPerTurn: number): readonly string[] {
  const served: string[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    rig.nowMs += msPerTurn;
    const holders = rig.pools.backends().filter(({ state }) => state === 'active');
    const longest = holders.reduce((one, other) => (other.sinceMs < one.sinceMs ? other : one));
    const { client } = longest;
    rig.checkin(client!);
    for (const event of rig.events()) if (event.startsWith('grant')) served.push(event.split(' ')[1]!);
    rig.checkout(client!, client!.workClass); // it wants the next one at once
  }
  return served;
}

describe('slots', () => {
  const cases: readonly [number, Partial<PoolSettings>, Record<string, number>][] = [
    [1, {}, { others: 1, vector: 1, analytical: 1, bulk: 1 }],
    [2, {}, { others: 1, vector: 1, analytical: 1, bulk: 1 }],
    [3, {}, { others: 1, vector: 1, analytical: 1, bulk: 1 }],
    [4, {}, { others: 2, vector: 2, analytical: 1, bulk: 1 }],
    [10, {}, { others: 5, vector: 5, analytical: 3, bulk: 1 }],
    [24, {}, { others: 12, vector: 12, analytical: 7, bulk: 2 }],
    [
      10,
      { interactiveShareMin: 0, analyticalShareMax: 1, bulkShareMax: 1 },
      { others: 10, vector: 10, analytical: 10, bulk: 10 },
    ],
    [10, { interactiveShareMin: 1 }, { others: 1, vector: 1, analytical: 1, bulk: 1 }],
  ];
  it.each(cases)('of %i, %j, are shared out as %j', (max, changes, expected) => {
    const { others, of } = slotCaps({ ...aPolicy().settings({} as never), max, ...changes });
    expect({ others, vector: of.vector, analytical: of.analytical, bulk: of.bulk }).toEqual(expected);
  });

  it('are kept for interactive work whatever floods the pool, and no backends are opened for clients that may not have them', () => {
    const rig = new PoolRig({ settings: { max: 10 } });
    crowd(rig, { analytical: 30, bulk: 30, vector: 30 });
    expect(activeIn(rig)).toEqual({ interactive: 0, vector: 4, analytical: 1, bulk: 0, admin: 0 });
    expect(rig.pools.totals(rig.nowMs)).toMatchObject({ idle: 0, opening: 0, active: 5 });
    crowd(rig, { interactive: 5 });
    expect(activeIn(rig)).toMatchObject({ interactive: 5 });
  });

  it('may all be interactive or admin', () => {
    const rig = new PoolRig({ settings: { max: 4 } });
    crowd(rig, { interactive: 3, admin: 1 });
    expect(rig.pools.totals(rig.nowMs)).toMatchObject({ active: 4, waiting: 0 });
  });

  it('go to the next client of the class as soon as one is returned, even if that backend is closed', () => {
    const rig = new PoolRig({ settings: { max: 10 } });
    const [a] = crowd(rig, { bulk: 2, interactive: 3 });
    const [, , c] = rig.pools.clients();
    rig.checkin(c!);
    rig.events();
    rig.checkin(a!, 'state_left');
    expect(rig.events()).toEqual(['close 4 state_left', 'grant bulk 1 1']);
  });

  it('count only transactions that run a statement against a class; those idle in transaction count against the half of all classes', () => {
    const rig = new PoolRig({ settings: { max: 8 } });
    const clients = crowd(rig, { bulk: 6 });
    const setIdle = (isIdle: boolean): void => {
      for (const client of clients) rig.pools.setIdleInTransaction(client, isIdle, rig.nowMs);
      rig.opened(...openingIn(rig));
    };
    const held = [1, 2, 3, 4, 5].map(() => (setIdle(true), activeIn(rig)['bulk']));
    expect(held).toEqual([2, 3, 4, 4, 4]);
    setIdle(false);
    rig.checkin(clients[0]!);
    expect(activeIn(rig)).toMatchObject({ bulk: 3 });
    setIdle(true);
    expect(activeIn(rig)).toMatchObject({ bulk: 4 });
  });

  it('are lent to a class that was not served for two seconds, one at a time, except for a quarter of the shared ones', () => {
    const rig = new PoolRig({ settings: { max: 8, waitTimeoutMs: 60_000 } });
    crowd(rig, { bulk: 6 });
    const heldAfter = (ms: number): number => {
      rig.after(ms);
      rig.opened(...openingIn(rig));
      return activeIn(rig)['bulk']!;
    };
    expect([1_999, 1, 1_999, 1, 10_000].map(heldAfter)).toEqual([1, 2, 2, 3, 3]);
    crowd(rig, { interactive: 4, analytical: 1 });
    expect(activeIn(rig)).toMatchObject({ interactive: 4, analytical: 1 });
  });

  it('are not lent to a class that is being served, nor under overload', () => {
    const rig = new PoolRig({ settings: { max: 10, waitTimeoutMs: 60_000 } });
    crowd(rig, { bulk: 10 });
    for (let turn = 0; turn < 20; turn += 1) {
      turnOver(rig, 1, 1_500);
      rig.after(0);
    }
    expect(activeIn(rig)).toMatchObject({ bulk: 1 });
    rig.pools.stepTo(rungs[1], rig.nowMs);
    rig.after(5_000);
    expect([activeIn(rig)['bulk'], openingIn(rig)]).toEqual([1, []]);
  });

  it('do not open the reserve for a class that only waits for its own share', () => {
    const rig = new PoolRig({ settings: { max: 2, reserve: 2 } });
    crowd(rig, { analytical: 2, interactive: 1 });
    rig.after(6_000);
    expect(rig.events()).toEqual(['notice analytical 1 1']);
    rig.checkout(rig.client('interactive 9'));
    rig.after(5_000);
    expect(rig.events()).toEqual(['notice interactive 9 1', 'open 3 reserve']);
  });
});

describe('turns', () => {
  it('are eight, four, two and one for the waiting classes, and admin goes first', () => {
    const shares = { interactiveShareMin: 0, analyticalShareMax: 1, bulkShareMax: 1 };
    const rig = new PoolRig({ settings: { max: 16, openingMax: 16, ...shares } });
    crowd(rig, { interactive: 40, vector: 40, analytical: 40, bulk: 40 });
    const served = turnOver(rig, 150, 1);
    const times = (name: string): number => served.filter((one) => one === name).length;
    expect([times('interactive'), times('vector'), times('analytical'), times('bulk')]).toEqual([80, 40, 20, 10]);
    rig.checkout(rig.client('admin'), 'admin');
    expect(turnOver(rig, 1, 1)).toEqual(['admin']);
  });

  it('skip a class that does not wait, which has no more in a row later', () => {
    const shares = { interactiveShareMin: 0, analyticalShareMax: 1, bulkShareMax: 1 };
    const rig = new PoolRig({ settings: { max: 4, ...shares } });
    crowd(rig, { vector: 20, bulk: 20 });
    const served = turnOver(rig, 50, 1);
    expect(served.filter((one) => one === 'bulk').length).toBe(10);
  });

  it('do not apply to clients that have waited for two seconds: they go in the order of arrival', () => {
    const shares = { interactiveShareMin: 0, bulkShareMax: 1 };
    const rig = new PoolRig({ settings: { max: 1, ...shares } });
    crowd(rig, { interactive: 1 });
    rig.checkout(rig.client('bulk'), 'bulk');
    const waits: number[] = [];
    for (let at = 0; at < 40; at += 1) rig.checkout(rig.client(`more ${at}`));
    for (let turn = 0; turn < 9; turn += 1) waits.push(turnOver(rig, 1, 300).indexOf('bulk'));
    expect(waits.indexOf(0)).toBe(6); // at 2,100 ms: in turn it would have been the ninth at 2,700
  });
});

describe('a rung of the ladder', () => {
  it('halves the slots of analytical and bulk work, whose clients keep their backends until the check-in', () => {
    const rig = new PoolRig({ settings: { max: 20 } });
    const [a, b, c, d] = crowd(rig, { analytical: 8 });
    expect(activeIn(rig).analytical).toBe(6);
    rig.pools.stepTo(rungs[1], rig.nowMs);
    for (const client of [a, b, c]) rig.checkin(client!);
    expect(rig.events()).toEqual([]);
    rig.checkin(d!);
    expect(rig.events()).toEqual(['grant analytical 6 4']);
    rig.pools.stepTo(rungs[0], rig.nowMs);
    expect(rig.events()).toEqual(['grant analytical 7 3']);
  });

  it('from the fourth on refuses analytical and bulk work, waiting clients included, and serves the rest', () => {
    const rig = new PoolRig({ settings: { max: 1 } });
    const [a] = crowd(rig, { interactive: 2, analytical: 1 });
    rig.nowMs += 400;
    rig.pools.stepTo(rungs[4], rig.nowMs);
    rig.checkout(rig.client('bulk'), 'bulk');
    expect(rig.events()).toEqual(['refuse analytical 0 shed', 'refuse bulk shed']);
    expect(rig.refusals[0]).toEqual({ reason: 'shed', sqlstate: '53300', workClass: 'analytical', waitedMs: 400 });
    rig.checkin(a!);
    expect(rig.events()).toEqual(['grant interactive 1 1']);
  });
});
