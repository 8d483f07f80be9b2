import { describe, expect, it } from '@jest/globals';
import { accessModes } from '@medrex/keys';
import fc from 'fast-check';
import { DependencyGraph } from './dependency-graph.ts';
import { arbitraryKeys, PairwiseGraph } from './testing/index.ts';

/** One change: an admission, or a completion of any live operation (`at` picks it), applied or not. */
const change = fc.oneof(
  { weight: 3, arbitrary: fc.record({ admit: arbitraryKeys(5, accessModes) }) },
  { weight: 2, arbitrary: fc.record({ at: fc.nat(1_000), isApplied: fc.boolean() }) },
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

const byFrom = <T extends { readonly from: number; readonly type: string }>(edges: readonly T[]): readonly T[] =>
  edges.toSorted((a, b) => a.from - b.from || a.type.localeCompare(b.type));

class BothGraphs {
  readonly graph = new DependencyGraph({ classes: 2, edgesMax: 1_000 });
  readonly pairs = new PairwiseGraph();
  #seq = 0;

  apply(one: Change): void {
    if ('admit' in one) this.admit(one.admit);
    else this.complete(one.at, one.isApplied);
  }

  admit(keys: Parameters<PairwiseGraph['admit']>[1]): void {
    const seq = (this.#seq += 3);
    const admission = this.graph.admit({ seq, keys, class: seq % 2 });
    this.pairs.admit(seq, keys);
    expect(byFrom(admission.edges)).toEqual(byFrom(this.pairs.edges(seq)));
    expect(admission.edgeCount).toBe(admission.edges.length);
    expect(admission.isReady).toBe(this.pairs.isReady(seq));
    expect(admission.isConflicting).toBe(this.pairs.isConflicting(seq));
  }

  complete(at: number, isApplied: boolean): void {
    const seq = this.pairs.seqs[at % Math.max(1, this.pairs.seqs.length)];
    if (seq === undefined) return;
    const released = this.graph.complete(seq, isApplied);
    expect(released).toEqual(this.pairs.complete(seq, isApplied));
    expect(this.graph.complete(seq, isApplied)).toEqual([]);
  }

  completeReady(at: number): void {
    const ready = this.pairs.seqs.filter((seq) => this.pairs.isReady(seq));
    const seq = ready[at % Math.max(1, ready.length)];
    if (seq !== undefined) this.complete(this.pairs.seqs.indexOf(seq), true);
  }

  /** Two independent changes. */
  passUnrelated(): void {
    this.graph.admit({ seq: -1, keys: [], class: 0 });
    this.graph.complete(-1, true);
  }

  checkBounds(): void {
    const depths = this.pairs.lengths(1);
    const criticalities = this.pairs.lengths(-1);
    for (const seq of this.pairs.seqs) {
      const reported = this.graph.lengthsOf(seq);
      expect(reported?.depth).toBeGreaterThanOrEqual(depths.get(seq) ?? 0);
      expect(reported?.criticality).toBeLessThanOrEqual(criticalities.get(seq) ?? 0);
    }
  }

  checkExact(): void {
    const depths = this.pairs.lengths(1);
    const criticalities = this.pairs.lengths(-1);
    for (const seq of this.pairs.seqs) {
      expect(this.graph.lengthsOf(seq)).toEqual({ seq, depth: depths.get(seq), criticality: criticalities.get(seq) });
    }
  }

  checkStatistics(): void {
    const statistics = this.graph.statistics();
    const { seqs } = this.pairs;
    const waiting = seqs.filter((seq) => !this.pairs.isReady(seq));
    const depths = this.pairs.lengths(1);
    const depth = Math.max(0, ...depths.values());
    const criticalPath = seqs.length === 0 ? 0 : depth + 1;
    const classes = [0, 1].map((place) => ({
      live: seqs.filter((seq) => seq % 2 === place).length,
      waiting: waiting.filter((seq) => seq % 2 === place).length,
    }));
    const width = seqs.length - waiting.length;
    expect(statistics).toMatchObject({
      live: seqs.length,
      waiting: waiting.length,
      width,
      depth,
      criticalPath,
      classes,
    });
    this.checkExact();
  }

  drain(isNewestFirst: boolean): void {
    while (this.pairs.seqs.length > 0) this.complete(isNewestFirst ? this.pairs.seqs.length - 1 : 0, true);
    expect(this.graph.isEmpty).toBe(true);
  }
}

describe('DependencyGraph beside the pairwise graph', () => {
  it('finds the same edges, ready sets, release orders and chain lengths, completions in any order', () => {
    const history = fc.record({
      changes: fc.array(change, { maxLength: 50, size: 'max' }),
      isNewestFirst: fc.boolean(),
    });
    fc.assert(
      fc.property(history, ({ changes, isNewestFirst }) => {
        const both = new BothGraphs();
        for (const one of changes) both.apply(one);
        both.checkStatistics();
        both.drain(isNewestFirst);
      }),
      { numRuns: 80 },
    );
  });

  it('never underestimates depth or overestimates criticality, and is exact after two rounds without changes', () => {
    const keys = arbitraryKeys(4, ['read', 'write', 'readWrite']);
    const step = fc.oneof(
      fc.record({ admit: keys }),
      fc.record({ admit: keys }),
      fc.record({ complete: fc.nat(1_000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const both = new BothGraphs();
        for (const one of steps) {
          if ('admit' in one) both.admit(one.admit);
          else both.completeReady(one.complete);
          both.checkBounds();
        }
        const live = both.pairs.seqs.length;
        for (let pass = 0; pass < 2 * live; pass += 1) both.passUnrelated(); // two rounds
        both.checkExact();
        both.drain(false);
      }),
      { numRuns: 80 },
    );
  });
});
