import type { ErrorDescription } from '@medrex/coded-error';

/** Every error that this package throws or answers with; docs/errors.md lists them. */
export const executeBatchErrors = {
  INVALID_OPERATION_BYTES: {
    code: 'INVALID_OPERATION_BYTES',
    retryable: false,
    meaning:
      'Bytes given as an operation or an item of a batch are not what encodeOperation or the item builders write.',
    remedy: 'Build items with this package; changed bytes indicate a damaged log record.',
  },
  INVALID_RESULTS: {
    code: 'INVALID_RESULTS',
    retryable: false,
    meaning: "A chaincode's response payload is not what encodeResults writes.",
    remedy: 'Check that the transaction called executeBatch of a chaincode built with this package.',
  },
  INFRASTRUCTURE: {
    code: 'INFRASTRUCTURE',
    retryable: true,
    meaning:
      'The ledger failed a state call while a batch was simulated; nothing was decided about any operation in it.',
    remedy: 'Send the batch again once the peer answers; no operation is at fault.',
  },
  TEMPLATE_VERSION_MISSING: {
    code: 'TEMPLATE_VERSION_MISSING',
    retryable: false,
    meaning:
      'The deployed chaincode does not know the contract or the key-template version that an operation was declared with.',
    remedy:
      'Deploy a chaincode that has every template version still in the operations log; until then, the channel pauses.',
  },
  UNKNOWN_FUNCTION: {
    code: 'UNKNOWN_FUNCTION',
    retryable: false,
    meaning: 'The chaincode has no function of that name, or it was called with the wrong number of arguments.',
    remedy: 'Call executeBatch with items, or readRecord or get with one argument.',
  },
  ACCESS_DENIED: {
    code: 'ACCESS_DENIED',
    retryable: false,
    meaning: "The caller's organisation may not touch the key space.",
    remedy: 'Call as an organisation that has the space in its scope.',
  },
  CONTRACT_MISUSE: {
    code: 'CONTRACT_MISUSE',
    retryable: false,
    meaning:
      'A contract broke the rules of State: an empty value, a write of an operation record, or a call after apply had ended.',
    remedy: 'Correct the contract; the operation is dead as CONTRACT_ERROR and can be resent after an upgrade.',
  },
} as const satisfies Record<string, ErrorDescription>;
