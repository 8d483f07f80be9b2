import type { ErrorDescription } from '@medrex/coded-error';

/** Every error that this package throws; docs/errors.md lists them. */
export const keysErrors = {
  INVALID_TIME: {
    code: 'INVALID_TIME',
    retryable: false,
    meaning:
      'A text given as the time of a key is not a FHIR date or dateTime (R4), or names a day that does not exist.',
    remedy: 'Give YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss[.fraction] with Z or an offset of at most 14:00.',
  },
  INVALID_SHARD: {
    code: 'INVALID_SHARD',
    retryable: false,
    meaning:
      'A shard number is not a whole number of at least 0, or a shard or partition count is not one of at least 1.',
    remedy: 'Take the shard from shardOf(id, shards) and the counts from validated configuration.',
  },
  INVALID_COUNTER_VALUE: {
    code: 'INVALID_COUNTER_VALUE',
    retryable: false,
    meaning:
      'A delta or base of a counter is not a whole number, exceeds the range of exact integers, or its stored text is not ours.',
    remedy: 'Count in the smallest unit (cents, millilitres); split a counter that outgrows 2^53.',
  },
  INVALID_DATABASE_NAME: {
    code: 'INVALID_DATABASE_NAME',
    retryable: false,
    meaning:
      'A channel or chaincode name is not a valid name of a CouchDB database, so Fabric would not start with it either.',
    remedy: 'Channel names: lower-case letters, digits, dots and dashes, a letter first.',
  },
} as const satisfies Record<string, ErrorDescription>;
