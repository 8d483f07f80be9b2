import { describe, expect, it } from '@jest/globals';
import type { Fusion } from './planned-operation.ts';
import { aPlanner, drain, keys, land, planned, seqsOf } from './testing/index.ts';

const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, at) => from + at);
const only = (fusions: readonly Fusion[]): Fusion => {
  expect(fusions).toHaveLength(1);
  return fusions[0]!;
};

describe('fusions', () => {
  it('take a chain from its ready beginning, in seq order, with independent operations beside it', () => {
    const planner = aPlanner();
    for (const seq of [1, 2, 3]) planner.admit(planned(seq, { keys: keys('hot') }));
    planner.admit(planned(4));
    expect(seqsOf(only(planner.plan(0)))).toEqual([1, 2, 3, 4]);
  });

  it('omit operations that depend on another flight, until that flight has landed', () => {
    const planner = aPlanner();
    planner.admit(planned(1, { keys: keys('a') }));
    const first = only(planner.plan(0));
    planner.admit(planned(2, { keys: keys('a', 'b') }));
    planner.admit(planned(3, { keys: keys('b') }));
    planner.admit(planned(4, { keys: keys('c') }));
    expect(seqsOf(only(planner.plan(1)))).toEqual([4]);
    land(planner, first, 2);
    expect(seqsOf(only(planner.plan(2)))).toEqual([2, 3]);
  });

  it('let readers of one key go in several flights at once, and the next writer when all have landed', () => {
    const planner = aPlanner({ fusion: { operationsMax: 2 }, size: { operationsMin: 2 } });
    for (const seq of [1, 2, 3, 4]) planner.admit(planned(seq, { keys: keys('read a') }));
    planner.admit(planned(5, { keys: keys('write a') }));
    const [first, second, ...more] = planner.plan(0);
    expect([seqsOf(first), seqsOf(second), more]).toEqual([[1, 2], [3, 4], []]);
    land(planner, first!, 1);
    expect(planner.plan(1)).toEqual([]);
    land(planner, second!, 2);
    expect(seqsOf(only(planner.plan(2)))).toEqual([5]);
  });

  it('spread chains over the free flights instead of putting all of them into one', () => {
    const planner = aPlanner({ size: { operationsMin: 10 } });
    for (const seq of range(0, 90)) planner.admit(planned(seq, { keys: keys(`hot${seq % 3}`) }));
    const fusions = planner.plan(0);
    expect(fusions.map(({ operations }) => new Set(operations.map(({ seq }) => seq % 3)).size)).toEqual([1, 1, 1]);
  });

  it('follow a chain through the readers of a key to the writer behind them', () => {
    const planner = aPlanner();
    planner.admit(planned(0, { keys: keys('hub') }));
    for (const seq of range(1, 9)) planner.admit(planned(seq, { keys: keys('read hub', `own${seq}`) }));
    planner.admit(planned(9, { keys: keys('hub') }));
    expect(seqsOf(only(planner.plan(0)))).toEqual(range(0, 10));
  });

  it('take a single long chain as far as one fusion goes, however many flights are free', () => {
    const planner = aPlanner({ size: { operationsMin: 100 } });
    for (const seq of range(0, 300)) planner.admit(planned(seq, { keys: keys('hot') }));
    expect(seqsOf(only(planner.plan(0)))).toEqual(range(0, 100));
  });

  it('stay together when there is too little to spread', () => {
    const planner = aPlanner({ size: { operationsMin: 32 } });
    for (const seq of range(0, 12)) planner.admit(planned(seq));
    expect(seqsOf(only(planner.plan(0)))).toEqual(range(0, 12));
  });

  it('skip a key with 100,000 waiting readers without visiting them', () => {
    const planner = aPlanner();
    planner.admit(planned(0, { keys: keys('hub') }));
    const reader = planned(0, { keys: keys('read hub', 'last') });
    for (const seq of range(1, 100_001)) planner.admit({ ...reader, seq });
    const startedMs = performance.now();
    for (const nowMs of range(0, 1_000))
      planner.plan(nowMs).forEach((fusion) => planner.giveBack(fusion, 'unknown', nowMs));
    expect(performance.now() - startedMs).toBeLessThan(5_000); // walking them each time takes a minute
    drain(planner, 1_000);
    expect(planner.isEmpty).toBe(true);
  });

  it('never hold more than the caps allow', () => {
    const planner = aPlanner({
      fusion: { operationsMax: 8, keysMax: 20, bytesMax: 3_000 },
      size: { operationsMin: 8 },
    });
    for (const seq of range(0, 40)) planner.admit(planned(seq, { keys: keys(`a${seq}`, `b${seq}`, 'append c') }));
    for (const seq of range(40, 80)) planner.admit(planned(seq, { bytes: 1_000 }));
    for (const { operations } of drain(planner).flat()) {
      expect(operations.length).toBeLessThanOrEqual(8);
      expect(operations.flatMap((operation) => operation.keys).length).toBeLessThanOrEqual(20);
      expect(operations.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(3_000);
    }
  });

  it('hold one operation above a cap alone, one such at a time, and let the others go', () => {
    const planner = aPlanner({ fusion: { bytesMax: 1_000 } });
    planner.admit(planned(1, { bytes: 5_000 }));
    planner.admit(planned(2, { bytes: 5_000 }));
    planner.admit(planned(3));
    const [first, second, ...more] = planner.plan(0);
    expect([seqsOf(first), seqsOf(second), more]).toEqual([[1], [3], []]);
    land(planner, first!, 1);
    expect(seqsOf(only(planner.plan(1)))).toEqual([2]);
  });

  it('hold few operations when flights are seen to take long for each, and many when not', () => {
    const sizes = [0.01, 10].map((msPerOperation) => {
      const planner = aPlanner({ size: { operationsMin: 8 } });
      for (const seq of range(0, 6_000)) planner.admit(planned(seq));
      let nowMs = 0;
      let largest = 0;
      while (planner.live > 0) {
        const fusions = planner.plan(nowMs);
        largest = Math.max(...fusions.map(({ operations }) => operations.length));
        for (const fusion of fusions) land(planner, fusion, (nowMs += 5 + msPerOperation * fusion.operations.length));
        if (planner.live < 3_000) break;
      }
      return largest;
    });
    expect(sizes[0]).toBe(500);
    expect(sizes[1]).toBeLessThanOrEqual(60);
  });

  it('grow while more waits than they hold, and shrink when idle', () => {
    const planner = aPlanner();
    const limitAtFirst = planner.statistics().fusionLimit;
    for (const seq of range(0, 20_000)) planner.admit(planned(seq));
    for (let nowMs = 0; nowMs < 50; nowMs += 10)
      for (const fusion of planner.plan(nowMs)) land(planner, fusion, nowMs + 10);
    expect(planner.statistics().fusionLimit).toBe(500);
    drain(planner, 100);
    for (let seq = 20_000; seq < 20_010; seq += 1) {
      planner.admit(planned(seq));
      land(planner, only(planner.plan(seq)), seq);
    }
    expect(planner.statistics().fusionLimit).toBe(limitAtFirst);
  });
});

describe('ends', () => {
  it('are reported once: a fusion that is not in flight is refused, and so is an operation that is not in it', () => {
    const planner = aPlanner();
    planner.admit(planned(1));
    const fusion = only(planner.plan(0));
    expect(() => planner.complete(fusion, [{ seq: 2, isApplied: true }], 1)).toThrow('operation 2');
    land(planner, fusion, 1);
    expect(() => planner.giveBack(fusion, 'unknown', 2)).toThrow('not in flight');
    expect(planner.isEmpty).toBe(true);
  });

  it('bring operations without one back to their places', () => {
    const planner = aPlanner();
    for (const seq of [1, 2]) planner.admit(planned(seq, { keys: keys('a') }));
    planner.complete(only(planner.plan(0)), [{ seq: 1, isApplied: true }], 1);
    expect(seqsOf(only(planner.plan(1)))).toEqual([2]);
  });

  it('of an ensure that was not applied make the next one the writer', () => {
    const planner = aPlanner();
    for (const seq of [1, 2, 3, 4])
      planner.admit(planned(seq, { keys: keys('ensure a', `own${seq}`), class: seq === 1 ? 1 : 2 }));
    planner.complete(only(planner.plan(0)), [{ seq: 1, isApplied: false }], 1);
    planner.complete(only(planner.plan(1)), [{ seq: 2, isApplied: true }], 2);
    expect(planner.statistics()).toMatchObject({ ready: 2, waiting: 0 });
  });

  it('ignore a seq that is admitted twice', () => {
    const planner = aPlanner();
    planner.admit(planned(1));
    planner.admit(planned(1));
    expect(planner.live).toBe(1);
    drain(planner);
    expect(planner.isEmpty).toBe(true);
  });
});

describe('giving back', () => {
  it('halves the fusions of poison suspects down to one, and only theirs', () => {
    const planner = aPlanner();
    for (const seq of range(0, 8)) planner.admit(planned(seq));
    const sizes: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      const fusions = planner.plan(turn);
      sizes.push(Math.max(...fusions.map(({ operations }) => operations.length)));
      for (const fusion of fusions) planner.giveBack(fusion, 'poison-suspect', turn);
      if (turn === 3) for (const seq of range(8, 12)) planner.admit(planned(seq));
    }
    expect(sizes).toEqual([8, 4, 2, 1]);
    const turns = drain(planner, 10).flat();
    expect(turns.map(seqsOf).filter((seqs) => seqs.some((seq) => seq >= 8))).toEqual([range(8, 12)]);
  });

  it('lets operations that lost to a foreign write wait, doubling up to a limit, and wakes when the first may go', () => {
    const planner = aPlanner({ foreign: { backoffMinMs: 10, backoffMaxMs: 50, windowMs: 10_000 } });
    planner.admit(planned(1, { keys: keys('a') }));
    planner.foreignWrites([keys('a')[0]!.key], 0);
    const waits: number[] = [];
    let nowMs = 0;
    for (let turn = 0; turn < 5; turn += 1) {
      planner.giveBack(only(planner.plan(nowMs)), 'invalid', nowMs);
      expect(planner.plan(nowMs)).toEqual([]);
      const wakeMs = planner.nextWakeMs(nowMs)!;
      waits.push(wakeMs - nowMs);
      nowMs = wakeMs;
    }
    expect(waits).toEqual([5, 10, 20, 25, 25]); // half of 10, 20, 40, 50, 50: the jitter is 0
  });

  it('fuses a foreign-written key with no others for a while', () => {
    const planner = aPlanner({ foreign: { windowMs: 100 } });
    planner.foreignWrites([keys('a')[0]!.key], 0);
    planner.admit(planned(-2, { keys: keys('a') }));
    planner.admit(planned(-1));
    const alone = planner.plan(0);
    expect(alone.map(seqsOf)).toEqual([[-2], [-1]]);
    for (const fusion of alone) land(planner, fusion, 0);
    const admit = (from: number) => {
      planner.admit(planned(from));
      for (const seq of [from + 1, from + 2]) planner.admit(planned(seq, { keys: keys('a', `own${seq}`) }));
      planner.admit(planned(from + 3));
    };
    admit(0);
    const [first, second] = planner.plan(0);
    expect([seqsOf(first), seqsOf(second)]).toEqual([
      [0, 3],
      [1, 2],
    ]);
    for (const fusion of [first!, second!]) land(planner, fusion, 1);
    admit(10);
    expect(seqsOf(only(planner.plan(101)))).toEqual([10, 11, 12, 13]);
  });

  it('retries at once, twice, what lost without a known foreign write', () => {
    const planner = aPlanner();
    planner.admit(planned(1));
    for (let turn = 0; turn < 3; turn += 1) planner.giveBack(only(planner.plan(0)), 'invalid', 0);
    expect(planner.plan(0)).toEqual([]);
    expect(planner.nextWakeMs(0)).toBe(20); // the third loss: half of 40
    planner.plan(20).forEach((fusion) => planner.giveBack(fusion, 'infrastructure', 20));
    expect(planner.plan(20)).toHaveLength(1);
  });
});

describe('closing', () => {
  it('plans the operation as a close at its place, at once and within the caps', () => {
    const planner = aPlanner({ fusion: { bytesMax: 1_000 } });
    planner.admit(planned(1, { keys: keys('a') }));
    planner.admit(planned(2, { keys: keys('a'), bytes: 9_000 }));
    planner.admit(planned(3, { keys: keys('a') }));
    planner.closing(2, 'POISON');
    planner.closing(99, 'POISON');
    const { operations } = only(planner.plan(0));
    expect(operations.map(({ seq, closeReason }) => [seq, closeReason])).toEqual([
      [1, undefined],
      [2, 'POISON'],
      [3, undefined],
    ]);
  });

  it('ends a backoff', () => {
    const planner = aPlanner();
    planner.admit(planned(1, { keys: keys('a') }));
    planner.foreignWrites([keys('a')[0]!.key], 0);
    planner.giveBack(only(planner.plan(0)), 'invalid', 0);
    planner.closing(1, 'READY_TOO_LONG');
    expect(seqsOf(only(planner.plan(0)))).toEqual([1]);
  });

  it('is due for operations ready for too long with a flight of their class free', () => {
    const planner = aPlanner({ readyMaxMs: 1_000, foreign: { backoffMinMs: 5_000, backoffMaxMs: 5_000 } });
    planner.admit(planned(1, { keys: keys('a') }));
    planner.admit(planned(2, { keys: keys('a') }));
    planner.foreignWrites([keys('a')[0]!.key], 0);
    planner.giveBack(only(planner.plan(0)), 'invalid', 0);
    expect(planner.overdue(1_000)).toEqual([]);
    expect(planner.overdue(1_001)).toEqual([1]);
    for (const seq of [3, 4, 5]) planner.admit(planned(seq, { bytes: 600_000 * (seq === 3 ? 1 : 0), class: seq - 2 }));
    expect(planner.plan(1_001)).toHaveLength(3);
    expect(planner.overdue(1_002)).toEqual([]);
  });
});

describe('overdue', () => {
  it('skips operations in flight', () => {
    const planner = aPlanner({ readyMaxMs: 1_000 });
    planner.admit(planned(1));
    planner.plan(0);
    expect(planner.overdue(9_000)).toEqual([]);
  });

  it('counts from when the operation last became ready', () => {
    const planner = aPlanner({
      readyMaxMs: 1_000,
      foreign: { backoffMinMs: 9_000, backoffMaxMs: 9_000 },
      fusion: { operationsMax: 1 },
    });
    planner.admit(planned(20, { keys: keys('a') }));
    planner.foreignWrites([keys('a')[0]!.key], 0);
    planner.giveBack(only(planner.plan(0)), 'invalid', 0);
    planner.admit(planned(10, { keys: keys('a') })); // late, and before it
    expect(planner.overdue(1_500)).toEqual([10]);
    land(planner, only(planner.plan(1_500)), 1_600);
    expect([planner.overdue(2_000), planner.overdue(2_700)]).toEqual([[], [20]]);
  });
});

describe('an operation that is widened above a cap', () => {
  it('goes alone from then on', () => {
    const planner = aPlanner({ fusion: { keysMax: 5 }, flights: 5 });
    planner.admit(planned(1, { keys: keys('a') }));
    const [holder] = planner.plan(0);
    for (const seq of [2, 3]) planner.admit(planned(seq));
    const [fusion] = planner.plan(1);
    planner.hold(fusion!, [{ seq: 2, keys: keys('a', 'b', 'c', 'd', 'e') }]);
    land(planner, holder!, 2);
    const oversize = planned(9, { keys: keys('f', 'g', 'h', 'i', 'j', 'k') });
    planner.admit(oversize);
    expect(planner.plan(2).map(seqsOf)).toEqual([[2], [3]]);
    expect(planner.plan(2)).toEqual([]); // 9 waits for 2, which is above the cap as well
  });
});

describe('limits', () => {
  it('that leave a class without a flight are refused by name', () => {
    expect(() => aPlanner({ flights: 1, flightsReserved: 1 })).toThrow('flightsReserved 1');
    expect(() => aPlanner({ flightsAlone: 0 })).toThrow('flightsAlone 0');
    expect(() => aPlanner({ shares: [] })).toThrow('shares');
  });
});
