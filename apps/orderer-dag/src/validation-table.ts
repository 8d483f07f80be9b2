import type { ValidationCode } from '@medrex/ledger';

/**
 * The action for a validation code of one of our own envelopes.
 *
 * - `complete`: the response payload of the envelope has the result of each operation
 * - `plan-again`: the operations return to their queues; the conflicting write is in the blocks
 * - `look-up`: the transaction id was in an earlier block, so the result is unknown; planned again, operation records answer
 * - `ask-probe`: the code does not tell who failed; a probe on the same endorsers and orderer does
 * - `stop`: an unknown case, or our own envelope was malformed; the channel stops and nothing is dead-lettered
 */
export type ValidationAction = 'complete' | 'plan-again' | 'look-up' | 'ask-probe' | 'stop';

/** One row of the table of validation codes. */
export interface ValidationRule {
  readonly meaning: string;
  readonly action: ValidationAction;
}

const malformed = (what: string): ValidationRule => ({
  meaning: `${what}: our envelope was malformed`,
  action: 'stop',
});

/** Every validation code that Fabric knows, with what it means for an envelope of ours and what is done. */
export const validationTable: Readonly<Record<ValidationCode, ValidationRule>> = {
  VALID: { meaning: 'committed', action: 'complete' },
  MVCC_READ_CONFLICT: {
    meaning: 'a key that it read was written after endorsement, or the chaincode was upgraded',
    action: 'plan-again',
  },
  PHANTOM_READ_CONFLICT: { meaning: 'a range that it read changed after endorsement', action: 'plan-again' },
  DUPLICATE_TXID: { meaning: 'a transaction with this id was ordered before', action: 'look-up' },
  ENDORSEMENT_POLICY_FAILURE: {
    meaning: 'too few valid endorsements: wrong organisations, or a key with its own policy',
    action: 'ask-probe',
  },
  BAD_CREATOR_SIGNATURE: { meaning: 'the channel does not accept our certificate or signature', action: 'ask-probe' },
  EXPIRED_CHAINCODE: { meaning: 'the chaincode was replaced while the envelope was in flight', action: 'plan-again' },
  CHAINCODE_VERSION_CONFLICT: {
    meaning: 'the chaincode was upgraded while the envelope was in flight',
    action: 'plan-again',
  },
  INVALID_CHAINCODE: { meaning: 'the channel has no such chaincode', action: 'ask-probe' },
  ILLEGAL_WRITESET: { meaning: 'it writes to a namespace that it may not write', action: 'ask-probe' },
  INVALID_WRITESET: { meaning: 'it has a key or value that the state database refuses', action: 'ask-probe' },
  INVALID_OTHER_REASON: { meaning: 'a validation plug-in refused it without a reason', action: 'ask-probe' },
  NIL_ENVELOPE: malformed('no envelope'),
  BAD_PAYLOAD: malformed('unreadable payload'),
  BAD_COMMON_HEADER: malformed('unreadable header'),
  INVALID_ENDORSER_TRANSACTION: malformed('not an endorser transaction'),
  INVALID_CONFIG_TRANSACTION: malformed('taken for a config transaction'),
  UNSUPPORTED_TX_PAYLOAD: malformed('unsupported payload'),
  BAD_PROPOSAL_TXID: malformed('the transaction id is not the hash of nonce and creator'),
  UNKNOWN_TX_TYPE: malformed('unknown transaction type'),
  TARGET_CHAIN_NOT_FOUND: malformed('sent to a channel that does not exist'),
  MARSHAL_TX_ERROR: malformed('cannot be serialised'),
  NIL_TXACTION: malformed('it has no action'),
  BAD_HEADER_EXTENSION: malformed('unreadable header extension'),
  BAD_CHANNEL_HEADER: malformed('unreadable channel header'),
  BAD_RESPONSE_PAYLOAD: malformed('unreadable response payload'),
  BAD_RWSET: malformed('unreadable read/write set'),
  NOT_VALIDATED: { meaning: 'a peer committed the block without validating it', action: 'stop' },
};

/** The rule of a code; an unknown code stops the channel. */
export function validationRule(code: string): ValidationRule {
  const known = Object.hasOwn(validationTable, code) ? validationTable[code as ValidationCode] : undefined;
  return known ?? { meaning: `unknown validation code ${code}`, action: 'stop' };
}
