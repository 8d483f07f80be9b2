import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { counterBaseKey, counterDeltaKey } from './counter-key.ts';
import { compactedBase, encodeCounterDelta, planCompaction, readCounter } from './counter.ts';
import type { StateKey } from './declared-key.ts';
import { keysErrors } from './errors.ts';

type Stored = Map<StateKey, Uint8Array>;
const amounts = fc.array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 30 });
const invalid = expect.objectContaining({ code: keysErrors.INVALID_COUNTER_VALUE.code });

function counted(deltas: readonly number[]): Stored {
  return new Map(deltas.map((delta, index) => [counterDeltaKey('beds', `op${index}`), encodeCounterDelta(delta)]));
}

const listed = (stored: Stored) => [...stored].map(([key, value]) => ({ key, value }));

function apply(stored: Stored, plan: NonNullable<ReturnType<typeof planCompaction>>): void {
  const base = compactedBase(
    stored.get(plan.base),
    plan.deltas.map((key) => stored.get(key)),
  );
  for (const key of plan.deltas) stored.delete(key);
  stored.set(plan.base, base);
}

describe('readCounter', () => {
  it('adds the deltas to the base', () => {
    fc.assert(
      fc.property(amounts, (deltas) => {
        expect(readCounter(listed(counted(deltas)))).toEqual({
          value: deltas.reduce((sum, delta) => sum + delta, 0),
          deltas: deltas.length,
        });
      }),
    );
  });

  it('refuses entries that are no counter and sums that are not exact', () => {
    const key = counterDeltaKey('beds', 'a');
    for (const text of ['{"delta":1.5}', '{"value":1}', '7', 'x', '{"delta":"1"}']) {
      expect(() => readCounter([{ key, value: Buffer.from(text) }])).toThrow(invalid);
    }
    expect(() => readCounter([{ key: 'cli~x' as StateKey, value: Buffer.from('{}') }])).toThrow(invalid);
    const most = counted([Number.MAX_SAFE_INTEGER, 1]);
    expect(() => readCounter(listed(most))).toThrow(invalid);
    expect(() => encodeCounterDelta(0.1)).toThrow(invalid);
  });
});

describe('compaction', () => {
  it('keeps the value, whichever deltas it folds and however often it runs', () => {
    fc.assert(
      fc.property(amounts, fc.integer({ min: 1, max: 7 }), (deltas, most) => {
        const stored = counted(deltas);
        const { value } = readCounter(listed(stored));
        for (let plan = planCompaction('beds', listed(stored), most); plan !== undefined;) {
          expect(plan.deltas.length).toBeLessThanOrEqual(most);
          apply(stored, plan);
          // The same plan again, as a duplicate or from an old listing: the deltas are absent and add nothing.
          apply(stored, plan);
          expect(readCounter(listed(stored)).value).toBe(value);
          plan = planCompaction('beds', listed(stored), most);
        }
        expect([...stored.keys()]).toEqual(deltas.length === 0 ? [] : [counterBaseKey('beds')]);
      }),
    );
  });

  it('names at most 500 exact deltas and the base, each to be read and written', () => {
    const plan = planCompaction('beds', listed(counted(Array<number>(600).fill(1))), 10_000);
    expect(plan?.deltas).toHaveLength(500);
    expect(plan?.keys).toHaveLength(501);
    expect(plan?.keys[0]).toEqual({ key: counterBaseKey('beds'), mode: 'readWrite' });
    expect(new Set(plan?.keys.map(({ mode }) => mode))).toEqual(new Set(['readWrite']));
  });

  it('does not touch other counters', () => {
    expect(
      planCompaction('beds', [{ key: counterDeltaKey('bed', 'a') }, { key: counterBaseKey('beds') }]),
    ).toBeUndefined();
  });
});
