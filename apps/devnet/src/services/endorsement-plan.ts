import { peer } from '@hyperledger/fabric-protos';
import { isSatisfied, type SignaturePolicy } from '../policy/signature-policy.ts';
import { ProposalRefused } from '../peer/open-proposal.ts';
import type { Endorser } from '../peer/endorser.ts';
import type { FailureDetail } from './rpc-error.ts';
import { status } from '@grpc/grpc-js';

/** The result of a proposal to one peer. */
export type PeerAnswer =
  | { readonly kind: 'endorsed'; readonly response: peer.ProposalResponse }
  | { readonly kind: 'failed'; readonly code: status; readonly mayRetry: boolean; readonly detail: FailureDetail };

/** Sends a proposal to one peer, and interprets its answer like Fabric's gateway. */
export async function ask(endorser: Endorser, address: string, proposal: peer.SignedProposal): Promise<PeerAnswer> {
  const failed = (code: status, message: string, mayRetry: boolean): PeerAnswer => ({
    kind: 'failed',
    code,
    mayRetry,
    detail: { address, mspId: endorser.peer.mspId, message },
  });
  let answer: peer.ProposalResponse;
  try {
    answer = await endorser.process(proposal);
  } catch (error) {
    if (error instanceof ProposalRefused) return failed(status.FAILED_PRECONDITION, error.message, false);
    return failed(status.UNAVAILABLE, error instanceof Error ? error.message : String(error), true);
  }
  const response = answer.getResponse();
  const code = response?.getStatus() ?? 0;
  if (code >= 200 && code < 400) return { kind: 'endorsed', response: answer };
  const message = response?.getMessage() ?? '';
  // A 500 without payload is from the peer, any other refusal from the chaincode.
  if (code === 500 && answer.getPayload_asU8().length === 0) return failed(status.ABORTED, message, true);
  return failed(status.UNKNOWN, `chaincode response ${code}, ${message}`, false);
}

/** The smallest set of endorsers that satisfies all policies, preferring those that have already answered. */
export function endorsersFor(
  policies: readonly SignaturePolicy[],
  answered: readonly Endorser[],
  others: readonly Endorser[],
): readonly Endorser[] | undefined {
  for (let size = 0; size <= others.length; size++) {
    for (const more of choices(others, size)) {
      const chosen = [...answered, ...more];
      const identities = chosen.map(({ peer: { mspId } }) => ({ mspId, role: 'peer' as const }));
      if (policies.every((policy) => isSatisfied(policy, identities))) return chosen;
    }
  }
  return undefined;
}

function* choices<T>(from: readonly T[], size: number): Generator<readonly T[]> {
  if (size === 0) yield [];
  for (const [at, first] of from.entries()) {
    if (size === 0) return;
    for (const rest of choices(from.slice(at + 1), size - 1)) yield [first, ...rest];
  }
}
