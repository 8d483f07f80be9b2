import { status } from '@grpc/grpc-js';
import { common, gateway, peer } from '@hyperledger/fabric-protos';
import { endorserTransaction, sameBytes } from '../block/endorser-transaction.ts';
import { decodeReadWriteSet } from '../block/read-write-set-message.ts';
import type { IdentityRegister } from '../identity/identity-register.ts';
import type { BroadcastFilter } from '../orderer/broadcast-filter.ts';
import type { ChannelLedger } from '../peer/channel-ledger.ts';
import type { Endorser } from '../peer/endorser.ts';
import { openProposal, type OpenProposal } from '../peer/open-proposal.ts';
import { requiredPolicies, setsToEndorse } from '../peer/policy-judge.ts';
import { majorityOf, type SignaturePolicy } from '../policy/signature-policy.ts';
import { ask, endorsersFor, type PeerAnswer } from './endorsement-plan.ts';
import { RpcError, type FailureDetail } from './rpc-error.ts';

export interface GatewayParts {
  readonly channel: string;
  readonly local: Endorser;
  /** All peers of the channel, including the local one. */
  readonly endorsers: readonly Endorser[];
  readonly addressOf: (mspId: string) => string;
  readonly ledger: ChannelLedger;
  readonly register: IdentityRegister;
  readonly filter: BroadcastFilter;
}

type Endorsed = Extract<PeerAnswer, { kind: 'endorsed' }>['response'];

/** The unary calls of one peer's gateway (internal/pkg/gateway). */
export class GatewayCalls {
  readonly #parts: GatewayParts;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /** Runs a proposal on one peer, preferably the local one, and returns the chaincode's answer. */
  async evaluate(request: gateway.EvaluateRequest): Promise<gateway.EvaluateResponse> {
    const signed = request.getProposedTransaction() ?? new peer.SignedProposal();
    readable(signed);
    const details: FailureDetail[] = [];
    for (const endorser of this.#inOrder(request.getTargetOrganizationsList())) {
      const answer = await this.#ask(endorser, signed);
      if (answer.kind === 'endorsed') return evaluateResponse(answer.response);
      details.push(answer.detail);
      if (!answer.mayRetry) {
        throw new RpcError(answer.code, `evaluate call to endorser returned error: ${answer.detail.message}`, details);
      }
    }
    const code = status.ABORTED;
    throw new RpcError(code, 'failed to evaluate transaction, see attached details for more info', details);
  }

  /** Collects endorsements until the policies of all writes are satisfied. */
  async endorse(request: gateway.EndorseRequest): Promise<gateway.EndorseResponse> {
    const signed = request.getProposedTransaction() ?? new peer.SignedProposal();
    const proposal = readable(signed);
    const organisations = request.getEndorsingOrganizationsList();
    const answers =
      organisations.length > 0 ? await this.#askAll(organisations, signed) : await this.#askForPolicies(proposal);
    const first = answers[0]?.getPayload_asU8() ?? new Uint8Array(0);
    const transaction = endorserTransaction({
      header: proposal.header,
      payload: proposal.payload,
      responsePayload: first,
      endorsements: answers.map((answer) => answer.getEndorsement() ?? new peer.Endorsement()),
    });
    const payload = new common.Payload();
    payload.setHeader(proposal.header);
    payload.setData(transaction.serializeBinary());
    const envelope = new common.Envelope();
    envelope.setPayload(payload.serializeBinary());
    const response = new gateway.EndorseResponse();
    response.setPreparedTransaction(envelope);
    return response;
  }

  submit(request: gateway.SubmitRequest): gateway.SubmitResponse {
    const envelope = request.getPreparedTransaction();
    if (envelope === undefined) throw new RpcError(status.INVALID_ARGUMENT, 'a prepared transaction is required');
    if (envelope.getSignature_asU8().length === 0) {
      throw new RpcError(status.INVALID_ARGUMENT, 'prepared transaction must be signed');
    }
    const answer = this.#parts.filter.take(envelope);
    if (answer.status === common.Status.SUCCESS) return new gateway.SubmitResponse();
    const names = Object.entries(common.Status);
    const name = names.find(([, number]) => number === answer.status)?.[0] ?? String(answer.status);
    if (answer.status >= 500) {
      throw new RpcError(status.UNAVAILABLE, 'no orderers could successfully process transaction');
    }
    const message = `received unsuccessful response from orderer: status=${name}, info=${answer.info}`;
    throw new RpcError(status.ABORTED, message);
  }

  /** Answers when this peer has committed the block of the transaction. */
  async commitStatus(
    signedRequest: gateway.SignedCommitStatusRequest,
    signal: AbortSignal,
  ): Promise<gateway.CommitStatusResponse> {
    const bytes = signedRequest.getRequest_asU8();
    const request = gateway.CommitStatusRequest.deserializeBinary(bytes);
    const txId = request.getTransactionId();
    if (txId === '') throw new RpcError(status.INVALID_ARGUMENT, 'transaction ID should not be empty');
    this.authorise(request, bytes, signedRequest.getSignature_asU8());
    const { local, ledger } = this.#parts;
    const { height } = local.peer;
    const isHere = (): boolean => (ledger.place(txId)?.blockNum ?? Infinity) < height.value;
    await height.reached(isHere, signal);
    const place = ledger.place(txId);
    if (place === undefined || !isHere()) throw new RpcError(status.CANCELLED, 'context canceled');
    const response = new gateway.CommitStatusResponse();
    response.setResult(place.code as peer.TxValidationCodeMap[keyof peer.TxValidationCodeMap]);
    response.setBlockNumber(place.blockNum);
    return response;
  }

  /** Checks that a signed request is from a member of the channel. @throws RpcError PERMISSION_DENIED */
  authorise(
    request: { getChannelId(): string; getIdentity_asU8(): Uint8Array },
    message: Uint8Array,
    signature: Uint8Array,
  ): void {
    const { channel, register } = this.#parts;
    if (request.getChannelId() !== channel) {
      throw new RpcError(status.PERMISSION_DENIED, `channel does not exist: ${request.getChannelId()}`);
    }
    try {
      register.signer(request.getIdentity_asU8(), message, signature);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new RpcError(status.PERMISSION_DENIED, `failed evaluating policy on signed data: ${why}`);
    }
  }

  #ask(endorser: Endorser, signed: peer.SignedProposal): Promise<PeerAnswer> {
    return ask(endorser, this.#parts.addressOf(endorser.peer.mspId), signed);
  }

  /** The endorsers, the local one first; only those of the given organisations, if any. */
  #inOrder(organisations: readonly string[]): readonly Endorser[] {
    const { local, endorsers } = this.#parts;
    const all = [local, ...endorsers.filter((endorser) => endorser !== local)];
    const chosen =
      organisations.length === 0 ? all : all.filter(({ peer: { mspId } }) => organisations.includes(mspId));
    if (chosen.length > 0) return chosen;
    throw new RpcError(status.FAILED_PRECONDITION, `no endorsers found for organisations ${organisations.join(', ')}`);
  }

  async #askAll(organisations: readonly string[], signed: peer.SignedProposal): Promise<readonly Endorsed[]> {
    const known = this.#parts.endorsers.map(({ peer: { mspId } }) => mspId);
    const missing = organisations.filter((organisation) => !known.includes(organisation));
    if (missing.length > 0) {
      throw new RpcError(status.UNAVAILABLE, `failed to find any endorsing peers for org(s): ${missing.join(', ')}`);
    }
    return this.#collect([], this.#inOrder(organisations), signed);
  }

  /** Asks one peer first; its read-write set determines the policies, and so the other endorsers. */
  async #askForPolicies(proposal: OpenProposal): Promise<readonly Endorsed[]> {
    const order = this.#inOrder([]);
    const details: FailureDetail[] = [];
    for (const endorser of order) {
      const answer = await this.#ask(endorser, proposal.signed);
      if (answer.kind === 'failed') {
        details.push(answer.detail);
        continue;
      }
      const policies = await this.#policies(answer.response);
      const others = order.filter((other) => other !== endorser);
      const chosen = endorsersFor(policies, [endorser], others);
      if (chosen === undefined) {
        throw new RpcError(status.FAILED_PRECONDITION, 'no combination of peers can satisfy the endorsement policy');
      }
      return this.#collect([answer.response], chosen.slice(1), proposal.signed);
    }
    throw new RpcError(status.ABORTED, 'failed to endorse transaction, see attached details for more info', details);
  }

  async #policies(response: Endorsed): Promise<readonly SignaturePolicy[]> {
    const payload = peer.ProposalResponsePayload.deserializeBinary(response.getPayload_asU8());
    const action = peer.ChaincodeAction.deserializeBinary(payload.getExtension_asU8());
    const chaincode = action.getChaincodeId()?.getName() ?? '';
    const readWriteSet = decodeReadWriteSet(chaincode, action.getResults_asU8());
    const { view } = this.#parts.local.peer;
    const lifecycle = majorityOf(this.#parts.endorsers.map(({ peer: { mspId } }) => mspId));
    const policies = setsToEndorse({ chaincode, readWriteSet }).map((set) => requiredPolicies(set, view, lifecycle));
    return (await Promise.all(policies)).flatMap((required) => required ?? []);
  }

  async #collect(
    answered: readonly Endorsed[],
    endorsers: readonly Endorser[],
    signed: peer.SignedProposal,
  ): Promise<readonly Endorsed[]> {
    const details: FailureDetail[] = [];
    const collected = [...answered];
    const answers = await Promise.all(endorsers.map((endorser) => this.#ask(endorser, signed)));
    for (const [at, answer] of answers.entries()) {
      if (answer.kind === 'failed') details.push(answer.detail);
      else if (agrees(collected[0], answer.response)) collected.push(answer.response);
      else details.push(this.#mismatch(endorsers[at]));
    }
    if (details.length === 0) return collected;
    const message = 'failed to collect enough transaction endorsements, see attached details for more info';
    throw new RpcError(status.ABORTED, message, details);
  }

  #mismatch(endorser: Endorser | undefined): FailureDetail {
    const mspId = endorser?.peer.mspId ?? '';
    return { address: this.#parts.addressOf(mspId), mspId, message: 'ProposalResponsePayloads do not match' };
  }
}

const agrees = (first: Endorsed | undefined, other: Endorsed): boolean =>
  first === undefined || sameBytes(first.getPayload_asU8(), other.getPayload_asU8());

function readable(signed: peer.SignedProposal): OpenProposal {
  try {
    return openProposal(signed);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RpcError(status.INVALID_ARGUMENT, `failed to unpack transaction proposal: ${why}`);
  }
}

function evaluateResponse(answer: Endorsed): gateway.EvaluateResponse {
  const response = new gateway.EvaluateResponse();
  response.setResult(answer.getResponse());
  return response;
}
