import fc from 'fast-check';
import { flaws, type Flaw } from '@medrex/fabric/testing';
import type { BlockCutterLimits } from '@medrex/ledger';

/** A function of the key-value chaincode with its arguments; `@name` is a key, `#bytes` a value of that length. */
export type Call = readonly [fn: string, ...args: string[]];

/** An index into the endorsements so far (modulo their number), optionally with a flaw of the envelope to send. */
export type Pick = number | readonly [place: number, flaw: Flaw];

/**
 * One round of clients: they endorse calls, then send endorsements of this or earlier rounds in any order, perhaps twice or with a flaw,
 * and wait until all sent envelopes are in blocks.
 */
export interface Round {
  readonly calls: readonly Call[];
  readonly picks: readonly Pick[];
}

export type History = readonly Round[];

/** The organisations of the networks; all of them must endorse. */
export const organisations = ['Org1MSP', 'Org2MSP'] as const;

/**
 * Block cutting limits for histories. Blocks are cut by count or bytes well before the timeout, so that neither the speed of the machine
 * nor small size differences of certificates decide where a block ends.
 */
export const historyLimits: BlockCutterLimits = {
  batchTimeoutMs: 2_000,
  maxMessageCount: 4,
  absoluteMaxBytes: 256 * 1024,
  preferredMaxBytes: 96 * 1024,
};

const key = fc.constantFrom('@k1', '@k2', '@k3', '@k4', '@k5', '@k6');
/** Values that fill more than half a block, a block, and exceed the limit; an envelope contains a value twice. */
const large = fc.constantFrom('#30000', '#60000', '#160000');
const digit = fc.nat(9).map(String);
const bound = fc.oneof(key, fc.constant('@l'));

/** At least two, possibly equal. */
const several = <T>(one: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> =>
  fc.array(one, { minLength: 2, maxLength, size: 'max' });

const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('put'), key, digit) },
  { weight: 1, arbitrary: several(fc.tuple(key, digit), 3).map((pairs): Call => ['put', ...pairs.flat()]) },
  { weight: 1, arbitrary: several(key, 3).map((keys): Call => ['delete', ...keys]) },
  { weight: 2, arbitrary: several(key, 4).map((keys): Call => ['get', ...keys]) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('add'), key, digit) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('copy'), key, key) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('delete'), key) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('count'), key, bound, key) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('list'), key, bound, fc.constantFrom('1', '2')) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('ownWrite'), fc.constant('@o'), digit) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('put'), key, large) },
  { weight: 1, arbitrary: fc.constant<Call>(['answer', '500', 'refused']) },
);

const place = fc.nat(99);
const pick: fc.Arbitrary<Pick> = fc.oneof(
  { weight: 5, arbitrary: place },
  { weight: 1, arbitrary: fc.tuple(place, fc.constantFrom(...flaws)) },
);

const round = fc.record({
  calls: fc.array(call, { minLength: 2, maxLength: 8, size: 'max' }),
  picks: fc.array(pick, { maxLength: 10, size: 'max' }),
});

export const histories: fc.Arbitrary<History> = fc.array(round, { minLength: 2, maxLength: 5, size: 'max' });
