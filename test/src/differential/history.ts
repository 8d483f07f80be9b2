import fc from 'fast-check';
import type { BlockCutterLimits } from '@medrex/ledger';

/** A function of the key-value chaincode and its arguments; a key stands as `@name`, a long value as `#bytes`. */
export type Call = readonly [fn: string, ...args: string[]];

/**
 * What clients do until everything they sent stands in a block: endorse, and then send what was endorsed, now or earlier, in any
 * order and perhaps twice. A pick is a place in the list of everything endorsed so far, taken modulo its length.
 */
export interface Round {
  readonly calls: readonly Call[];
  readonly picks: readonly number[];
}

export type History = readonly Round[];

/**
 * The orderer under which histories are carried out. Blocks are cut by count and by bytes well inside of the timeout, so that
 * neither the machine's speed nor the few bytes by which certificates differ decide where a block ends.
 */
export const historyLimits: BlockCutterLimits = {
  batchTimeoutMs: 2_000,
  maxMessageCount: 4,
  absoluteMaxBytes: 256 * 1024,
  preferredMaxBytes: 96 * 1024,
};

const key = fc.constantFrom('@k1', '@k2', '@k3', '@k4', '@k5', '@k6');
/** Fills more than half of a block, a block of its own, and none at all: a value stands twice in an envelope. */
const large = fc.constantFrom('#30000', '#60000', '#160000');
const digit = fc.nat(9).map(String);
const bound = fc.oneof(key, fc.constant('@l'));

const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('put'), key, digit) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('add'), key, digit) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('copy'), key, key) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('delete'), key) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('count'), key, bound, key) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('list'), key, bound, fc.constantFrom('1', '2')) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('ownWrite'), fc.constant('@o'), digit) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('put'), key, large) },
  { weight: 1, arbitrary: fc.constant<Call>(['answer', '500', 'refused']) },
);

const round = fc.record({
  calls: fc.array(call, { minLength: 2, maxLength: 8, size: 'max' }),
  picks: fc.array(fc.nat(99), { maxLength: 10, size: 'max' }),
});

export const histories: fc.Arbitrary<History> = fc.array(round, { minLength: 2, maxLength: 5, size: 'max' });
