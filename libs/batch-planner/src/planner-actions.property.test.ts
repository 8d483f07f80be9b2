import { describe, expect, it } from '@jest/globals';
import { arbitraryKey, arbitraryKeys, PairwiseGraph } from '@medrex/dependency-graph/testing';
import { accessModes, type DeclaredKey } from '@medrex/keys';
import fc from 'fast-check';
import type { Fusion, GiveBackReason } from './planned-operation.ts';
import { aPlanner } from './testing/index.ts';

const keyCount = 5;
const limits = { operationsMax: 6, keysMax: 12, bytesMax: 4_000 };
const flights = 3;
const which = fc.nat(99);
const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('admit' as const),
      keys: arbitraryKeys(keyCount, accessModes),
      class: fc.nat(4),
      bytes: fc.constantFrom(100, 100, 100, 2_500, 9_000),
      isLate: fc.boolean(),
      at: which,
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('plan' as const), afterMs: fc.constantFrom(0, 1, 20, 500) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('hold' as const),
      at: which,
      touched: fc.array(fc.record({ at: which, key: arbitraryKey(keyCount, accessModes) }), { maxLength: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('complete' as const),
      at: which,
      ends: fc.array(fc.constantFrom('applied', 'rejected', 'none'), { minLength: 6, maxLength: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('giveBack' as const),
      at: which,
      why: fc.constantFrom<GiveBackReason>('invalid', 'unknown', 'infrastructure', 'poison-suspect'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('foreign' as const), key: arbitraryKey(keyCount, ['write']) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), at: which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('advise' as const), at: which, criticality: fc.nat(50) }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/**
 * Calls a planner in any order and at any time, as an orderer could, and checks every answer against the pairwise
 * graph.
 */
class PlannerBesidePairs {
  readonly planner = aPlanner({
    flights,
    flightsReserved: 1,
    wideningsMax: 1_000_000,
    fusion: limits,
    size: { operationsMin: 2 },
  });
  readonly pairs = new PairwiseGraph();
  readonly ended: number[] = [];
  readonly admitted: number[] = [];
  readonly #declared = new Map<number, readonly DeclaredKey[]>();
  readonly #class = new Map<number, number>();
  readonly #inFlight: Fusion[] = [];
  #nowMs = 0;
  #highestSeq = 0;
  #lastSeq = 0;

  apply(one: Action): void {
    if (one.kind === 'admit') this.#admit(one);
    if (one.kind === 'plan') this.plan(one.afterMs);
    if (one.kind === 'hold') this.#hold(one.at, one.touched);
    if (one.kind === 'complete') this.#complete(one.at, one.ends);
    if (one.kind === 'giveBack') this.#giveBack(one.at, one.why);
    if (one.kind === 'foreign') this.planner.foreignWrites([one.key.key], this.#nowMs);
    if (one.kind === 'close') this.#live(one.at, (seq) => this.planner.closing(seq, 'reason'));
    if (one.kind === 'advise')
      this.#live(one.at, (seq) => this.planner.advise(seq, { depth: 0, criticality: one.criticality }));
    this.#check();
  }

  /** Plans and completes until nothing is live. */
  drain(): void {
    for (let turns = 0; this.planner.live > 0; turns += 1) {
      while (this.#inFlight.length > 0) this.#complete(0, []);
      this.plan((this.planner.nextWakeMs(this.#nowMs) ?? this.#nowMs) - this.#nowMs);
      expect(turns).toBeLessThan(1_000);
    }
    while (this.#inFlight.length > 0) this.#complete(0, []);
    expect(this.planner.isEmpty).toBe(true);
    expect(this.ended.toSorted((a, b) => a - b)).toEqual(this.admitted.toSorted((a, b) => a - b));
  }

  plan(afterMs: number): void {
    this.#nowMs += afterMs;
    for (const fusion of this.planner.plan(this.#nowMs)) {
      const seqs = fusion.operations.map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
      for (const seq of seqs) {
        expect(this.#inFlight.some(({ operations }) => operations.some((one) => one.seq === seq))).toBe(false);
        expect(this.pairs.isFreeAfter(seq, new Set(seqs))).toBe(true);
        expect(fusion.class).toBeLessThanOrEqual(this.#class.get(seq)!);
      }
      expect(seqs.length).toBeLessThanOrEqual(limits.operationsMax);
      const weighing = fusion.operations.filter(({ closeReason }) => closeReason === undefined);
      if (seqs.length > 1) {
        expect(weighing.reduce((sum, { keys }) => sum + keys.length, 0)).toBeLessThanOrEqual(limits.keysMax);
        expect(weighing.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(limits.bytesMax);
      }
      for (const seq of seqs) this.pairs.take(seq, fusion.id);
      this.#inFlight.push(fusion);
    }
    expect(this.#inFlight.length).toBeLessThanOrEqual(flights);
    expect(this.#inFlight.filter((fusion) => fusion.class > 0).length).toBeLessThanOrEqual(flights - 1);
  }

  #admit({ keys, class: place, bytes, isLate, at }: Extract<Action, { kind: 'admit' }>): void {
    const seq = (isLate ? this.#lateSeq(at) : undefined) ?? (this.#lastSeq += 10);
    if (seq > this.#highestSeq || this.pairs.seqs.length === 0) {
      this.#highestSeq = seq;
      this.pairs.admit(seq, keys);
    } else {
      this.pairs.admitLate(seq, keys);
    }
    this.#declared.set(seq, keys);
    this.#class.set(seq, place);
    this.admitted.push(seq);
    this.planner.admit({ seq, keys, class: place, bytes });
    this.planner.admit({ seq, keys: [], class: 0, bytes: 1 }); // logs are read at least once
  }

  #hold(at: number, touched: readonly { readonly at: number; readonly key: DeclaredKey }[]): void {
    const fusion = this.#inFlight[at % Math.max(1, this.#inFlight.length)];
    if (fusion === undefined) return;
    const seqs = fusion.operations.map(({ seq }) => seq);
    const reports = touched.map((one) => ({ seq: seqs[one.at % seqs.length]!, keys: [one.key] }));
    const isHeld = reports.every(({ seq, keys }) => keys.every((key) => this.pairs.mayTouch(seq, key)));
    expect(this.planner.hold(fusion, reports).kind).toBe(isHeld ? 'held' : 'returned');
    if (!isHeld) this.#over(fusion, seqs);
    // Several reports of one operation are combined, in the order in which the operations were first named.
    const order = [...new Set(reports.map(({ seq }) => seq))];
    for (const seq of order) {
      for (const report of reports.filter((one) => one.seq === seq)) {
        for (const key of report.keys) this.pairs.widen(seq, key, isHeld ? 'taken' : 'waiting');
      }
    }
  }

  #complete(at: number, ends: readonly string[]): void {
    const fusion = this.#inFlight[at % Math.max(1, this.#inFlight.length)];
    if (fusion === undefined) return;
    const seqs = fusion.operations.map(({ seq }) => seq);
    const left = seqs.filter((_, place) => ends[place] === 'none');
    const ended = seqs.filter((seq) => !left.includes(seq));
    const isApplied = (seq: number): boolean => ends[seqs.indexOf(seq)] !== 'rejected';
    this.#nowMs += 1;
    this.planner.complete(
      fusion,
      ended.map((seq) => ({ seq, isApplied: isApplied(seq) })),
      this.#nowMs,
    );
    for (const seq of ended) this.pairs.complete(seq, isApplied(seq));
    this.ended.push(...ended);
    this.#over(fusion, left);
  }

  #giveBack(at: number, why: GiveBackReason): void {
    const fusion = this.#inFlight[at % Math.max(1, this.#inFlight.length)];
    if (fusion === undefined) return;
    this.planner.giveBack(fusion, why, this.#nowMs);
    this.#over(
      fusion,
      fusion.operations.map(({ seq }) => seq),
    );
  }

  #over(fusion: Fusion, returning: readonly number[]): void {
    this.#inFlight.splice(this.#inFlight.indexOf(fusion), 1);
    this.pairs.giveBack(returning);
  }

  #check(): void {
    const taken = this.#inFlight.flatMap(({ operations }) => operations.map(({ seq }) => seq));
    const ready = this.pairs.seqs.filter((seq) => !taken.includes(seq) && this.pairs.isReady(seq));
    const counts = this.planner.statistics();
    expect([counts.live, counts.taken, counts.ready]).toEqual([this.pairs.seqs.length, taken.length, ready.length]);
    for (const { operations } of this.#inFlight) {
      const own = new Set(operations.map(({ seq }) => seq));
      for (const seq of own) expect(this.pairs.isFreeAfter(seq, own)).toBe(true);
    }
  }

  #live(at: number, then: (seq: number) => void): void {
    const { seqs } = this.pairs;
    const seq = seqs[at % Math.max(1, seqs.length)];
    if (seq !== undefined) then(seq);
  }

  /** An unused seq between two that were given. */
  #lateSeq(at: number): number | undefined {
    const seq = (at % Math.max(1, this.#lastSeq)) + 1;
    return seq % 10 === 0 || this.#declared.has(seq) ? undefined : seq;
  }
}

describe('a planner called in any way', () => {
  it('plans predecessor-closed fusions within caps and flights, holds what the pairs allow, and ends everything once', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80, size: 'max' }), (actions) => {
        const both = new PlannerBesidePairs();
        for (const one of actions) both.apply(one);
        both.drain();
      }),
      { numRuns: 100 },
    );
  });
});
