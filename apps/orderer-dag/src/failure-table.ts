import { isCodedError } from '@medrex/coded-error';

/**
 * Who failed, as far as an error tells.
 *
 * - `infrastructure`: the endorsers, the orderer or the state behind them; wait, nobody is suspect
 * - `template-missing`: the contract on the channel cannot read what the log still holds; the channel pauses
 * - `set`: proven to be the fault of this set of operations; it is halved, and alone it counts as a strike
 * - `ask-probe`: either side may be at fault; a probe settles it
 * - `stop`: the configuration names something that does not exist; nothing can be concluded about any operation
 */
export type FailureVerdict = 'infrastructure' | 'template-missing' | 'set' | 'ask-probe' | 'stop';

/** What an error of `endorse` or `submit` says by its code; everything else is asked of the probe, unless it is retryable. */
export const failureTable: Readonly<Record<string, FailureVerdict>> = {
  LEDGER_UNAVAILABLE: 'infrastructure',
  LEDGER_CLOSED: 'infrastructure',
  // The definition is not committed or not installed everywhere: an upgrade under way, or not begun.
  CHAINCODE_MISSING: 'infrastructure',
  // The client is nobody to the network any more, whatever it sends: a renewed certificate ends it.
  FABRIC_IDENTITY_EXPIRED: 'infrastructure',
  FABRIC_IDENTITY_REFUSED: 'infrastructure',
  ENVELOPE_TOO_LARGE: 'set',
  CHANNEL_UNKNOWN: 'stop',
  ENDORSEMENT_TIMEOUT: 'ask-probe',
  INVALID_RESULTS: 'ask-probe',
};

/** Classifies what `endorse` or `submit` threw. */
export function whoFailed(error: unknown): FailureVerdict {
  if (!isCodedError(error)) return 'ask-probe';
  if (error.code === 'ENDORSEMENT_REFUSED') return whoRefused(error);
  // With unequal read or contract versions the endorsers stood at different heights, which passes. With equal ones the
  // contract is proven to be nondeterministic on this set, and the error says that it cannot be retried.
  if (error.code === 'ENDORSEMENTS_DIFFER') return error.retryable ? 'infrastructure' : 'set';
  const known = Object.hasOwn(failureTable, error.code) ? failureTable[error.code] : undefined;
  return known ?? (error.retryable ? 'infrastructure' : 'ask-probe');
}

/** The wrapper around the contracts puts the two cases that are not the operations' fault first in its message. */
function whoRefused(refusal: Error): FailureVerdict {
  const said = 'chaincodeMessage' in refusal ? String(refusal.chaincodeMessage) : refusal.message;
  if (said.startsWith('INFRASTRUCTURE')) return 'infrastructure';
  if (said.startsWith('TEMPLATE_VERSION_MISSING')) return 'template-missing';
  return 'ask-probe';
}
