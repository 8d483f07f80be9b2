import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { seededRandom } from './testing/seeded-random.ts';
import { PoolsBesideSets, type Action } from './testing/pools-beside-sets.ts';

const which = fc.nat(999);
const act = (kind: Action['kind'], weight: number): fc.WeightedArbitrary<Action> => ({
  weight,
  arbitrary: fc.record({ kind: fc.constant(kind), at: which, how: which }),
});
const action = fc.oneof(
  act('join', 6),
  act('leave', 1),
  act('checkout', 24),
  act('checkin', 18),
  act('opened', 16),
  act('openFailed', 1),
  act('closed', 10),
  act('vanished', 1),
  act('resetDone', 4),
  act('checked', 4),
  act('pin', 1),
  act('rest', 3),
  act('rename', 1),
  act('time', 9),
  act('pause', 1),
  act('resume', 5),
  act('reconnect', 1),
  act('drain', 1),
  act('kill', 1),
  act('reload', 1),
  act('stepTo', 1),
  act('stopWaiting', 1),
);

describe('pools under any sequence of calls', () => {
  it.each([
    ['later', false],
    ['at once, within the call', true],
  ])('agree with a model by sets when the port answers %s', (_, isSync) => {
    fc.assert(
      fc.property(
        fc.array(action, { minLength: 20, maxLength: 150, size: 'max' }),
        fc.nat(1_000_000),
        (actions, seed) => {
          const both = new PoolsBesideSets({ isSync, random: seededRandom(seed) });
          for (const one of actions) both.apply(one);
          both.end();
        },
      ),
      { numRuns: 100 },
    );
  });
});
