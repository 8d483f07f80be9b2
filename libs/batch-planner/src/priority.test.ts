import { describe, expect, it } from '@jest/globals';
import { aPlanner, keys, land, planned, seqsOf, simulateFlights } from './testing/index.ts';

const cpoe = 0;
const audit = 4;

describe('urgency', () => {
  it('has a reserved flight: its operations go at once even if all others are in use', () => {
    const planner = aPlanner({ flights: 3, flightsReserved: 1, size: { operationsMin: 1 } });
    for (const seq of [1, 2, 3, 4, 5]) planner.admit(planned(seq));
    expect(planner.plan(0)).toHaveLength(2);
    planner.admit(planned(6, { class: cpoe }));
    expect(planner.plan(1).map(seqsOf)).toEqual([[6]]);
    expect(planner.plan(2)).toEqual([]);
  });

  it('goes before everything that was admitted earlier', () => {
    const planner = aPlanner({ flights: 1, flightsReserved: 0 });
    for (const [seq, place] of [audit, 3, 2, 1, cpoe].entries()) planner.admit(planned(seq, { class: place }));
    const order: number[] = [];
    for (let nowMs = 0; planner.live > 0; nowMs += 1) {
      for (const fusion of planner.plan(nowMs)) {
        order.push(fusion.class);
        land(planner, fusion, nowMs);
      }
    }
    expect(order).toEqual([cpoe, 1, 2, 3, audit]);
  });

  it('is inherited by all operations before it, directly or not, and by no others', () => {
    const planner = aPlanner();
    planner.admit(planned(1, { keys: keys('a'), class: audit }));
    planner.admit(planned(2, { keys: keys('read a', 'b'), class: 3 }));
    planner.admit(planned(3, { keys: keys('read a'), class: audit }));
    planner.admit(planned(4, { keys: keys('b', 'c'), class: cpoe }));
    planner.admit(planned(5, { keys: keys('c'), class: 1 }));
    const [first, ...more] = planner.plan(0);
    expect([first?.class, seqsOf(first), more]).toEqual([cpoe, [1, 2, 4], []]);
    land(planner, first!, 1);
    expect(planner.plan(1).map(seqsOf)).toEqual([[5], [3]]);
  });

  it('is inherited by each reader before an urgent writer', () => {
    const planner = aPlanner();
    for (const seq of [1, 2, 3]) planner.admit(planned(seq, { keys: keys('read hub'), class: audit }));
    planner.admit(planned(4, { class: 1 }));
    planner.admit(planned(5, { keys: keys('write hub'), class: cpoe }));
    expect(seqsOf(planner.plan(0)[0])).toEqual([1, 2, 3, 5]);
  });

  it('is inherited by an operation that is widened in front of an urgent one', () => {
    const planner = aPlanner({ flights: 4, flightsReserved: 0 });
    planner.admit(planned(1, { keys: keys('a'), class: audit }));
    const [first] = planner.plan(0);
    planner.admit(planned(2, { keys: keys('b'), class: 2 }));
    const [second] = planner.plan(1);
    planner.admit(planned(3, { keys: keys('b', 'c'), class: cpoe }));
    // The audit operation turns out to read b as well, before the urgent one, while a flight holds b.
    expect(planner.hold(first!, [{ seq: 1, keys: keys('read b') }])).toMatchObject({ kind: 'returned', widened: [1] });
    land(planner, second!, 2);
    const fusions = planner.plan(2);
    expect(fusions.map(({ class: place, operations }) => [place, operations.map(({ seq }) => seq)])).toEqual([
      [cpoe, [1, 3]],
    ]);
  });

  it('is inherited again when another ensure becomes the writer', () => {
    const planner = aPlanner({ flights: 1, flightsReserved: 0, fusion: { operationsMax: 1 } });
    planner.admit(planned(1, { keys: keys('ensure a'), class: 3 }));
    planner.admit(planned(2, { keys: keys('ensure a'), class: 3 }));
    planner.admit(planned(3, { keys: keys('ensure a'), class: cpoe }));
    planner.admit(planned(4, { class: 1 }));
    const [first] = planner.plan(0);
    planner.complete(first!, [{ seq: 1, isApplied: false }], 1);
    const [second] = planner.plan(1);
    expect([first?.class, second?.class, seqsOf(second)]).toEqual([cpoe, cpoe, [2]]);
  });

  it('is one effective class in each fusion', () => {
    const planner = aPlanner();
    for (let seq = 0; seq < 60; seq += 1)
      planner.admit(planned(seq, { keys: keys(`k${seq % 7}`), class: (seq * 3) % 5 }));
    for (let nowMs = 0; planner.live > 0; nowMs += 1) {
      for (const fusion of planner.plan(nowMs)) {
        for (const operation of fusion.operations) expect(operation.class).toBeGreaterThanOrEqual(fusion.class);
        land(planner, fusion, nowMs);
      }
    }
  });
});

describe('shares', () => {
  /**
   * The part of each class in what is planned while each of these classes always has more ready operations than fit.
   */
  function partsUnderLoad(classes: readonly number[], turns: number): readonly number[] {
    const planner = aPlanner({
      fusion: { operationsMax: 20 },
      size: { operationsMin: 20 },
      shares: [0, 0.1, 0.1, 0.05, 0.05],
    });
    const counts = [0, 0, 0, 0, 0];
    let seq = 0;
    const admit = (place: number, count: number) => {
      for (let one = 0; one < count; one += 1) planner.admit(planned((seq += 1), { class: place }));
    };
    for (const place of classes) admit(place, 100);
    for (let turn = 0; turn < turns; turn += 1) {
      for (const fusion of planner.plan(turn)) {
        counts[fusion.class]! += fusion.operations.length;
        land(planner, fusion, turn);
        admit(fusion.class, fusion.operations.length);
      }
    }
    const all = counts.reduce((sum, count) => sum + count);
    return counts.map((count) => count / all);
  }

  it('give each waiting class its minimum and the rest to the most urgent', () => {
    const [, clinical = 0, scheduling = 0, financial = 0, last = 0] = partsUnderLoad([1, 2, 3, 4], 500);
    // A class earns by what others plan, so its part is at least share / (1 + share) of all.
    expect(scheduling).toBeGreaterThan(0.088);
    expect(financial).toBeGreaterThan(0.046);
    expect(last).toBeGreaterThan(0.046);
    expect(clinical).toBeGreaterThan(0.75);
  });

  it('never go before CPOE, which takes every flight while it has enough', () => {
    expect(partsUnderLoad([0, 1, 4], 50).slice(1)).toEqual([0, 0, 0, 0]);
  });
});

describe('a trickle of urgent operations', () => {
  it('does not keep flights from a large backlog by having a long chain in flight', () => {
    const chain = Array.from({ length: 3_000 }, (_, at) => ({
      atMs: 0,
      operation: planned(at, { keys: keys('hot') }),
    }));
    const bulk = Array.from({ length: 5_000 }, (_, at) => ({
      atMs: 0,
      operation: planned(5_000 + at, { class: audit }),
    }));
    const trickle = Array.from({ length: 1_000 }, (_, at) => ({ atMs: at, operation: planned(20_000 + at) }));
    const arrivals = [...chain, ...bulk, ...trickle].toSorted((a, b) => a.atMs - b.atMs);
    const endedMs = simulateFlights(aPlanner(), arrivals, (operations) => 20 + operations / 20);
    expect(Math.max(...bulk.map(({ operation: { seq } }) => endedMs.get(seq)!))).toBeLessThan(900);
  });

  it('neither waits long nor keeps flights from a large backlog', () => {
    const bulk = Array.from({ length: 10_000 }, (_, at) => ({ atMs: 0, operation: planned(at, { class: audit }) }));
    const urgent = Array.from({ length: 2_000 }, (_, at) => ({
      atMs: at,
      operation: planned(100_000 + at, { class: at % 2 === 0 ? cpoe : 1 }),
    }));
    const endedMs = simulateFlights(
      aPlanner(),
      [...bulk, ...urgent].toSorted((a, b) => a.atMs - b.atMs),
      (operations) => 20 + operations / 20,
    );
    const waitMs = (place: number) =>
      urgent
        .filter(({ operation }) => operation.class === place)
        .map(({ atMs, operation: { seq } }) => endedMs.get(seq)! - atMs);
    expect(Math.max(...bulk.map(({ operation: { seq } }) => endedMs.get(seq)!))).toBeLessThan(1_500);
    expect(Math.max(...waitMs(cpoe))).toBeLessThan(45); // two flights of a few operations each
    expect(Math.max(...waitMs(1))).toBeLessThan(90);
  });
});
