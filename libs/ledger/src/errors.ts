import { CodedError, type ErrorDescription } from '@medrex/coded-error';
import type { EndorsementDifference } from './compare-endorsements.ts';

/** The errors of the ledger port and its model. `retryable` means infrastructure: the same call may succeed later. */
export const ledgerErrors = {
  endorsementRefused: {
    code: 'ENDORSEMENT_REFUSED',
    retryable: false,
    meaning: 'On every endorser, the chaincode answered with a status of 400 or more.',
    remedy:
      "Read the chaincode's message; a status of 500 may also be a fault of the infrastructure, which a probe finds out.",
  },
  endorsementsDiffer: {
    code: 'ENDORSEMENTS_DIFFER',
    retryable: true,
    meaning:
      'The endorsers gave different answers. With different read or chaincode versions, they were at different heights, which is temporary. ' +
      'With equal versions, the chaincode is nondeterministic, and the error is not retryable.',
    remedy:
      'Let the endorsers catch up and endorse again; correct the chaincode if the difference is "nondeterminism".',
  },
  ledgerUnavailable: {
    code: 'LEDGER_UNAVAILABLE',
    retryable: true,
    meaning:
      'An endorser, the orderer or the state behind them did not answer. Whether an envelope was ordered is unknown.',
    remedy: 'Wait and try again; only a block shows the result of an envelope.',
  },
  ledgerClosed: {
    code: 'LEDGER_CLOSED',
    retryable: false,
    meaning: 'The ledger was closed, or stopped because it could not make a block durable.',
    remedy: 'Open it again; after a failed write, look at the cause first.',
  },
  envelopeTooLarge: {
    code: 'ENVELOPE_TOO_LARGE',
    retryable: false,
    meaning: "The envelope has more bytes than the channel's AbsoluteMaxBytes; the orderer refused it.",
    remedy: 'Send less in one transaction, or raise AbsoluteMaxBytes on the channel.',
  },
  chaincodeMissing: {
    code: 'CHAINCODE_MISSING',
    retryable: false,
    meaning:
      'The channel has no such chaincode, or an endorser has not installed the version that the channel committed.',
    remedy: 'Commit the chaincode definition on the channel and install it on every pinned endorser.',
  },
  channelUnknown: {
    code: 'CHANNEL_UNKNOWN',
    retryable: false,
    meaning: 'The proposal names a channel that this ledger does not serve.',
    remedy: "Propose on the ledger's own channel.",
  },
  txIdUsed: {
    code: 'TXID_USED',
    retryable: false,
    meaning: 'A transaction with this id is already in a block, valid or not, so the endorser refused the proposal.',
    remedy: 'Look up the original, or propose under a new id.',
  },
  transactionOver: {
    code: 'TRANSACTION_OVER',
    retryable: false,
    meaning: 'The chaincode used its stub after the simulation had ended (by its answer or by the execution timeout).',
    remedy: 'Await every call of the stub before answering.',
  },
  keyEmpty: {
    code: 'KEY_EMPTY',
    retryable: false,
    meaning: 'The chaincode wrote or deleted the empty key, which Fabric refuses.',
    remedy: 'Build keys with the key library.',
  },
  blockPruned: {
    code: 'BLOCK_PRUNED',
    retryable: false,
    meaning: 'The block is older than the blocks that the ledger keeps.',
    remedy: 'Follow from a newer block, or keep more blocks.',
  },
  blockConsumerFailed: {
    code: 'BLOCK_CONSUMER_FAILED',
    retryable: false,
    meaning: 'The function passed to follow() threw an error; the stream ended at that block.',
    remedy: 'See the cause; follow again from that block.',
  },
} as const satisfies Record<string, ErrorDescription>;

/** The chaincode refused. `status` and `chaincodeMessage` are from its response. */
export class EndorsementRefused extends CodedError {
  readonly status: number;
  readonly chaincodeMessage: string;
  readonly organisation: string;

  constructor(txId: string, refusal: { organisation: string; status: number; message: string }) {
    const { organisation, status, message } = refusal;
    super(ledgerErrors.endorsementRefused, `${organisation} refused tx ${txId} with status ${status}: ${message}`);
    this.name = 'EndorsementRefused';
    this.status = status;
    this.chaincodeMessage = message;
    this.organisation = organisation;
  }
}

/** The endorsers' answers differ, as described by `difference`. Retryable unless it proves nondeterminism. */
export class EndorsementsDiffer extends CodedError {
  readonly difference: EndorsementDifference;

  constructor(txId: string, difference: EndorsementDifference) {
    const between = difference.organisations.join(' and ');
    const row = { ...ledgerErrors.endorsementsDiffer, retryable: difference.kind !== 'nondeterminism' };
    super(row, `tx ${txId}: ${between} endorsed differently (${difference.kind}): ${difference.detail}`);
    this.name = 'EndorsementsDiffer';
    this.difference = difference;
  }
}
