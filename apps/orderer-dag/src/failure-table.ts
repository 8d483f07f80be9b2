import { isCodedError } from '@medrex/coded-error';

/**
 * Who failed, according to an error.
 *
 * - `infrastructure`: the endorsers, the orderer or their state database; wait, no operation is suspect
 * - `template-missing`: the contract on the channel lacks a template version of the log; the channel pauses
 * - `set`: this set of operations is at fault; it is halved, and a single operation gets a strike
 * - `ask-probe`: either may be at fault; a probe decides
 * - `stop`: the configuration names something that does not exist; nothing follows about any operation
 */
export type FailureVerdict = 'infrastructure' | 'template-missing' | 'set' | 'ask-probe' | 'stop';

/** Verdicts by error code of `endorse` or `submit`. Other errors are `infrastructure` if retryable, otherwise `ask-probe`. */
export const failureTable: Readonly<Record<string, FailureVerdict>> = {
  LEDGER_UNAVAILABLE: 'infrastructure',
  LEDGER_CLOSED: 'infrastructure',
  // The definition is not committed or not installed everywhere, as during an upgrade.
  CHAINCODE_MISSING: 'infrastructure',
  // The network rejects everything from this client until its certificate is renewed.
  FABRIC_IDENTITY_EXPIRED: 'infrastructure',
  FABRIC_IDENTITY_REFUSED: 'infrastructure',
  ENVELOPE_TOO_LARGE: 'set',
  CHANNEL_UNKNOWN: 'stop',
  ENDORSEMENT_TIMEOUT: 'ask-probe',
  INVALID_RESULTS: 'ask-probe',
};

/** Classifies what `endorse` or `submit` threw. */
export function failureVerdict(error: unknown): FailureVerdict {
  if (!isCodedError(error)) return 'ask-probe';
  if (error.code === 'ENDORSEMENT_REFUSED') return refusalVerdict(error);
  // With different read or contract versions the endorsers were at different heights, which is transient. With equal versions
  // the contract is nondeterministic on this set, and the error is not retryable.
  if (error.code === 'ENDORSEMENTS_DIFFER') return error.retryable ? 'infrastructure' : 'set';
  const known = Object.hasOwn(failureTable, error.code) ? failureTable[error.code] : undefined;
  return known ?? (error.retryable ? 'infrastructure' : 'ask-probe');
}

/** The verdict on a refusal: the chaincode marks the two cases that are not the operations' fault by a prefix of its message. */
function refusalVerdict(refusal: Error): FailureVerdict {
  const message = 'chaincodeMessage' in refusal ? String(refusal.chaincodeMessage) : refusal.message;
  if (message.startsWith('INFRASTRUCTURE')) return 'infrastructure';
  if (message.startsWith('TEMPLATE_VERSION_MISSING')) return 'template-missing';
  return 'ask-probe';
}
