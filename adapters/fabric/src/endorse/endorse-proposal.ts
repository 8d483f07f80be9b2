import { CodedError, isCodedError } from '@medrex/coded-error';
import {
  compareEndorsements,
  EndorsementRefused,
  EndorsementsDiffer,
  isRefusal,
  type Endorsement,
  type Proposal,
} from '@medrex/ledger';
import type { FabricIdentity } from '../identity/fabric-identity.ts';
import { transactionEnvelope } from '../wire/envelope-message.ts';
import type { ProposalMessage } from '../wire/proposal-message.ts';
import { peerAnswer, type PeerAnswer } from './peer-answer.ts';
import type { PeerLink } from './peer-link.ts';

/** An endorsement with its signed envelope. */
export interface FabricEndorsement extends Endorsement {
  readonly envelope: Uint8Array;
}

/** Asks every pinned peer, compares the answers and assembles the envelope. Throws as `Ledger.endorse`. */
export async function endorseProposal(
  proposal: Proposal,
  message: ProposalMessage,
  { links, identity }: { readonly links: readonly PeerLink[]; readonly identity: FabricIdentity },
): Promise<FabricEndorsement> {
  const answers = await everyAnswer(links, proposal, message);
  const difference = compareEndorsements(answers);
  if (difference !== undefined) throw new EndorsementsDiffer(proposal.txId, difference);
  const [first] = answers as readonly [PeerAnswer];
  const { organisation, response, readWriteSet, chaincodeVersion, payload } = first;
  if (isRefusal(response)) throw new EndorsementRefused(proposal.txId, { organisation, ...response });
  const endorsements = answers.flatMap(({ endorsement }) => (endorsement === undefined ? [] : [endorsement]));
  assertSamePayload(proposal.txId, answers);
  const { bytes, countedBytes } = transactionEnvelope(message, { response: payload, endorsements }, identity.sign);
  return { proposal, response, readWriteSet, chaincodeVersion, envelopeBytes: countedBytes, envelope: bytes };
}

/** Waits for all answers, so that a definite error takes precedence over an indefinite one. */
async function everyAnswer(
  links: readonly PeerLink[],
  { txId }: Proposal,
  { signed }: ProposalMessage,
): Promise<readonly PeerAnswer[]> {
  const what = `tx ${txId}`;
  const settled = await Promise.allSettled(
    links.map(async (link) =>
      peerAnswer({ organisation: link.organisation, what: `${link.name}: ${what}` }, await link.propose(signed, what)),
    ),
  );
  const failures = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  const worst = failures.find((error) => isCodedError(error) && !error.retryable) ?? failures[0];
  if (worst instanceof CodedError) throw worst;
  if (worst !== undefined) throw worst as Error;
  return withVersion(settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
}

/** A refusal does not say which chaincode version refused, so nothing follows from it. */
function withVersion(answers: readonly PeerAnswer[]): readonly PeerAnswer[] {
  const chaincodeVersion = answers.find(({ response }) => !isRefusal(response))?.chaincodeVersion ?? '';
  return answers.map((answer) => (isRefusal(answer.response) ? { ...answer, chaincodeVersion } : answer));
}

/** All signatures must be over the same payload. Parts that were not compared (an event) may still differ. */
function assertSamePayload(txId: string, answers: readonly PeerAnswer[]): void {
  const [first] = answers;
  for (const other of answers) {
    if (first === undefined || Buffer.compare(first.payload, other.payload) === 0) continue;
    const organisations = [first.organisation, other.organisation] as const;
    const detail = 'equal reads, writes and responses, different payloads';
    throw new EndorsementsDiffer(txId, { kind: 'nondeterminism', organisations, detail });
  }
}
