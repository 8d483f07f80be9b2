import { describe, expect, it } from '@jest/globals';
import { stateKey, type StateKey } from '@medrex/keys';
import fc from 'fast-check';
import { Overlay, type Savepoint, type Written } from './overlay.ts';

const key = fc.constantFrom('a', 'b', 'c').map((name) => stateKey('clinical', name));
const value = fc.option(
  fc.nat(9).map((number) => Uint8Array.of(number)),
  { nil: undefined },
);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('set' as const), key, value }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('savepoint' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('rollBack' as const), to: fc.nat() }) },
);

describe('Overlay', () => {
  it('rolls back to any savepoint, nested ones and deletes included, as a copy kept at that point would', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const overlay = new Overlay();
        let model = new Map<StateKey, Written>();
        const saved: { readonly at: Savepoint; readonly copy: ReadonlyMap<StateKey, Written> }[] = [];
        for (const one of steps) {
          if (one.do === 'set') {
            overlay.set(one.key, one.value);
            model.set(one.key, one.value);
          } else if (one.do === 'savepoint') {
            saved.push({ at: overlay.savepoint(), copy: new Map(model) });
          } else if (saved.length > 0) {
            // Savepoints after the one rolled back to are invalid.
            const [target] = saved.splice(one.to % saved.length);
            overlay.rollBack(target!.at);
            model = new Map(target!.copy);
          }
          expect(new Map(overlay.writes())).toEqual(model);
        }
      }),
    );
  });

  it('distinguishes a deleted key from one that was not touched', () => {
    const overlay = new Overlay();
    const [gone, other] = [stateKey('clinical', 'gone'), stateKey('clinical', 'other')];
    overlay.set(gone, undefined);
    expect([overlay.has(gone), overlay.get(gone), overlay.has(other)]).toEqual([true, undefined, false]);
  });
});
