import { describe, expect, it } from '@jest/globals';
import { accessModes, type DeclaredKey } from '@medrex/keys';
import fc from 'fast-check';
import { LiveQueues } from './live-queues.ts';
import type { ReleaseWalk } from './release-walk.ts';
import { arbitraryKey, arbitraryKeys, PairwiseGraph } from './testing/index.ts';

const keys = arbitraryKeys(5, accessModes);
const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('admit' as const), keys, isLate: fc.boolean(), at: fc.nat(99) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('fly' as const), choices: fc.array(fc.boolean(), { maxLength: 12 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('land' as const), at: fc.nat(99), isApplied: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('giveBack' as const), at: fc.nat(99) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('widen' as const), at: fc.nat(99), key: arbitraryKey(5, accessModes) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('touch' as const), at: fc.nat(99), key: arbitraryKey(5, accessModes) }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** Drives the queues and the pairwise graph in parallel, as a planner would: flights take predecessor-closed sets. */
class BothQueues {
  readonly pairs = new PairwiseGraph();
  readonly ready = new Set<number>();
  readonly queues = new LiveQueues({
    onReady: (operation) => this.ready.add(operation),
    onBlocked: (operation) => this.ready.delete(operation),
    onReordered: () => undefined,
  });
  readonly operations = new Map<number, number>();
  readonly flights = new Map<number, readonly number[]>();
  #seq = 0;
  #highestSeq = 0;
  #flight = 0;
  #free: number[] = [];
  readonly #walk: ReleaseWalk = this.queues.releaseWalk({
    onFree: (operation) => this.#free.push(this.queues.seqOf(operation)),
    onReaders: (first) => {
      for (let entry = first; entry !== 0;) entry = this.#walk.pull(entry);
    },
  });

  apply(one: Action): void {
    if (one.kind === 'admit') this.admit(one.keys, one.isLate ? this.#lateSeq(one.at) : undefined);
    if (one.kind === 'fly') this.fly(one.choices);
    if (one.kind === 'land') this.land(one.at, one.isApplied);
    if (one.kind === 'giveBack') this.giveBack(one.at);
    if (one.kind === 'widen') this.widen(one.at, one.key);
    if (one.kind === 'touch') this.touch(one.at, one.key);
    this.check();
  }

  admit(declared: readonly DeclaredKey[], lateSeq: number | undefined): void {
    const seq = lateSeq ?? (this.#seq += 10);
    // As documented: after everything if the seq is the highest since the queues were last empty.
    if (seq > this.#highestSeq || this.operations.size === 0) {
      this.#highestSeq = seq;
      this.pairs.admit(seq, declared);
    } else {
      this.pairs.admitLate(seq, declared);
    }
    const operation = this.queues.admit(seq, declared);
    this.operations.set(seq, operation);
    if (this.queues.isReady(operation)) this.ready.add(operation);
  }

  /** Takes those of the ready operations, and of those freed by them, that `choices` selects. */
  fly(choices: readonly boolean[]): void {
    this.#walk.begin();
    this.#free = this.#untaken().filter((seq) => this.pairs.isReady(seq));
    const offered: number[] = [];
    const taken = new Set<number>();
    for (let seq = this.#free.shift(); seq !== undefined; seq = this.#free.shift()) {
      if (choices[offered.push(seq) - 1] !== true) continue;
      taken.add(seq);
      this.#walk.pass(this.#operation(seq));
    }
    expect(offered.toSorted()).toEqual(
      this.#untaken()
        .filter((seq) => this.pairs.isFreeAfter(seq, taken))
        .toSorted(),
    );
    if (taken.size === 0) return;
    this.#flight += 1;
    this.flights.set(
      this.#flight,
      [...taken].toSorted((a, b) => a - b),
    );
    for (const seq of taken) {
      this.queues.take(this.#operation(seq), this.#flight);
      this.pairs.take(seq, this.#flight);
    }
  }

  land(at: number, isApplied: boolean): void {
    for (const seq of this.#popFlight(at)) {
      this.pairs.complete(seq, isApplied);
      const operation = this.#operation(seq);
      this.operations.delete(seq);
      this.ready.delete(operation);
      this.queues.remove(operation, isApplied);
    }
  }

  giveBack(at: number): void {
    const seqs = this.#popFlight(at);
    this.pairs.giveBack(seqs);
    this.queues.giveBack(seqs.map((seq) => this.#operation(seq)));
  }

  widen(at: number, key: DeclaredKey): void {
    const untaken = this.#untaken();
    const seq = untaken[at % Math.max(1, untaken.length)];
    if (seq === undefined) return;
    this.pairs.widen(seq, key, 'waiting');
    this.queues.widen(this.#operation(seq), key, 'waiting');
    expect(this.queues.covers(this.#operation(seq), key)).toBe(true);
  }

  /** An endorsement touched one more key: it is held if nothing conflicts. */
  touch(at: number, key: DeclaredKey): void {
    const taken = [...this.flights.values()].flat();
    const seq = taken[at % Math.max(1, taken.length)];
    if (seq === undefined) return;
    const may = this.queues.mayTouch(this.#operation(seq), key);
    expect(may).toBe(this.pairs.mayTouch(seq, key));
    if (!may) return;
    this.pairs.widen(seq, key, 'taken');
    this.queues.widen(this.#operation(seq), key, 'taken');
  }

  check(): void {
    for (const [seq, operation] of this.operations) {
      expect(this.queues.isReady(operation)).toBe(this.pairs.isReady(seq));
      expect(this.ready.has(operation)).toBe(this.pairs.isReady(seq));
      const before = new Set<number>();
      this.queues.visitPredecessors(operation, (other) => before.add(this.queues.seqOf(other)));
      expect([...before].toSorted()).toEqual([...new Set(this.pairs.edges(seq).map((edge) => edge.from))].toSorted());
    }
    for (const [, seqs] of this.flights) {
      const own = new Set(seqs);
      for (const seq of seqs) expect(this.pairs.isFreeAfter(seq, own)).toBe(true);
    }
  }

  /** Completes all flights. If operations are live but none is ready, the queues have a deadlock. */
  drain(): void {
    while (this.operations.size > 0) {
      if (this.flights.size === 0) this.fly([true]);
      expect(this.flights.size).toBeGreaterThan(0);
      this.land(0, true);
    }
    expect(this.queues.isEmpty).toBe(true);
  }

  #operation(seq: number): number {
    return this.operations.get(seq)!;
  }

  #untaken(): readonly number[] {
    const taken = new Set([...this.flights.values()].flat());
    return this.pairs.seqs.filter((seq) => !taken.has(seq));
  }

  /** An unused seq between two that were given. */
  #lateSeq(at: number): number | undefined {
    const seq = (at % Math.max(1, this.#seq)) + 1;
    return seq % 10 === 0 || this.operations.has(seq) || seq > this.#seq ? undefined : seq;
  }

  #popFlight(at: number): readonly number[] {
    const flights = [...this.flights.keys()];
    const flight = flights[at % Math.max(1, flights.length)];
    if (flight === undefined) return [];
    const seqs = this.flights.get(flight)!;
    this.flights.delete(flight);
    return seqs;
  }
}

describe('LiveQueues beside the pairwise graph', () => {
  it('agrees on ready, released and permitted operations and on their order, and never deadlocks', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60, size: 'max' }), (actions) => {
        const both = new BothQueues();
        for (const one of actions) both.apply(one);
        both.drain();
      }),
      { numRuns: 200 },
    );
  });
});
