import { CodedError } from '@medrex/coded-error';
import type { Flaw } from '@medrex/fabric/testing';
import type { Endorsement, Proposal, ValidationCode } from '@medrex/ledger';
import { InMemoryLedger } from '@medrex/ledger/in-memory';
import { keyValueChaincode, VirtualTime } from '@medrex/ledger/testing';
import type { Network } from './carry-out.ts';
import { historyLimits, organisations } from './history.ts';

/** Fabric's validation code for each flaw. The model has no signatures, so the codes are given to it. */
const verdicts: Readonly<Record<Exclude<Flaw, 'unsigned'>, ValidationCode>> = {
  fewer: 'ENDORSEMENT_POLICY_FAILURE',
  none: 'ENDORSEMENT_POLICY_FAILURE',
  twice: 'ENDORSEMENT_POLICY_FAILURE',
  forged: 'ENDORSEMENT_POLICY_FAILURE',
  altered: 'ENDORSEMENT_POLICY_FAILURE',
  otherProposal: 'INVALID_ENDORSER_TRANSACTION',
  otherCreator: 'BAD_PROPOSAL_TXID',
};

/** The ledger model with a manual clock. */
export async function modelOfFabric(): Promise<Network> {
  const time = new VirtualTime();
  const flawed = new Map<Proposal, ValidationCode>();
  const ledger = await InMemoryLedger.open({
    chaincodes: [keyValueChaincode()],
    scheduler: time,
    cutter: historyLimits,
    organisations,
    faults: { verdict: (proposal) => flawed.get(proposal) },
  });
  const sendFlawed = (endorsement: Endorsement, flaw: Flaw): Promise<void> => {
    const isTooLarge = endorsement.envelopeBytes > historyLimits.absoluteMaxBytes; // checked before signatures
    if (flaw === 'unsigned' && !isTooLarge)
      return Promise.reject(new CodedError(refused, 'the signature does not hold'));
    const proposal = { ...endorsement.proposal }; // a copy is another envelope with the same id
    if (flaw !== 'unsigned') flawed.set(proposal, verdicts[flaw]);
    return ledger.submit({ ...endorsement, proposal });
  };
  return { ledger, chaincode: 'kv', sendFlawed, until: (work) => time.until(work) };
}

const refused = { code: 'FABRIC_IDENTITY_REFUSED', retryable: false, meaning: '', remedy: '' };
