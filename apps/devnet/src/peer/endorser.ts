import { common, peer } from '@hyperledger/fabric-protos';
import { TransactionRecording, type Proposal, type StateView } from '@medrex/ledger';
import { envelopesOf } from '../block/block.ts';
import { openEnvelope } from '../block/envelope.ts';
import { endorse, responseOf, responsePayloadOf } from '../block/proposal-response.ts';
import { ChaincodeFailure } from '../chaincode/chaincode-errors.ts';
import type { ChaincodeLink } from '../chaincode/chaincode-link.ts';
import type { KeyModification } from '../chaincode/query-pages.ts';
import { TransactionRun } from '../chaincode/transaction-run.ts';
import type { IdentityRegister } from '../identity/identity-register.ts';
import { definitionIn, type ChaincodeDefinition } from './chaincode-definition.ts';
import type { ChannelLedger } from './channel-ledger.ts';
import { readTransaction } from './judge-transaction.ts';
import type { NetworkPeer } from './network-peer.ts';
import { checkProposal, openProposal, ProposalRefused, type OpenProposal } from './open-proposal.ts';
import type { SystemChaincodes } from './system-chaincodes.ts';

interface EndorserParts {
  readonly channel: string;
  readonly peer: NetworkPeer;
  readonly ledger: ChannelLedger;
  readonly register: IdentityRegister;
  readonly system: SystemChaincodes;
  readonly executeTimeoutMs: number;
}

/** Endorses proposals like a peer (core/endorser). */
export class Endorser {
  readonly #parts: EndorserParts;

  constructor(parts: EndorserParts) {
    this.#parts = parts;
  }

  get peer(): NetworkPeer {
    return this.#parts.peer;
  }

  /**
   * Answers a proposal. Failures of the chaincode or of the connection to it are answers with a status of 500 or more.
   *
   * @throws ProposalRefused when the proposal itself is invalid: signature, id, or a transaction that exists already
   */
  async process(signed: peer.SignedProposal): Promise<peer.ProposalResponse> {
    const proposal = openProposal(signed);
    const { channel, register, ledger, system } = this.#parts;
    if (proposal.channel !== channel && !(proposal.channel === '' && system.has(proposal.chaincode))) {
      return failed(`channel '${proposal.channel}' not found`);
    }
    checkProposal(proposal, register);
    if (ledger.place(proposal.txId) !== undefined) {
      const creator = Buffer.from(proposal.creator).toString('hex');
      throw new ProposalRefused(`duplicate transaction found [${proposal.txId}]. Creator [${creator}]`);
    }
    try {
      return system.has(proposal.chaincode) ? await this.#processSystem(proposal) : await this.#processUser(proposal);
    } catch (error) {
      return failed(error instanceof Error ? error.message : String(error));
    }
  }

  async #processUser(proposal: OpenProposal): Promise<peer.ProposalResponse> {
    const { view } = this.#parts.peer;
    const definition = await this.#definition(view, proposal.chaincode);
    const recording = new TransactionRecording(modelProposal(proposal), view);
    const run = new TransactionRun({
      ...proposal,
      proposal: proposal.signed,
      view,
      recording,
      timeoutMs: this.#parts.executeTimeoutMs,
      linkOf: (chaincode) => this.#link(view, chaincode),
      history: (namespace, key) => this.#history(namespace, key, view.height),
    });
    try {
      const result = await run.run(proposal.chaincode, proposal.input);
      return this.#response(proposal, definition.version, result);
    } catch (error) {
      if (error instanceof ChaincodeFailure) throw new ChaincodeFailure(`error in simulation: ${error.message}`);
      throw error;
    }
  }

  #response(
    { hash, chaincode }: OpenProposal,
    version: string,
    result: Awaited<ReturnType<TransactionRun['run']>>,
  ): peer.ProposalResponse {
    const { response } = result;
    const answer = new peer.ProposalResponse();
    answer.setResponse(response);
    const status = response.getStatus();
    if (status >= 400 && status < 500) return answer;
    const payload = responsePayloadOf({ ...result, proposalHash: hash, chaincode, version });
    answer.setPayload(payload);
    if (status >= 500) return answer;
    answer.setVersion(1);
    answer.setEndorsement(endorse(payload, this.#parts.peer.identity));
    return answer;
  }

  /** Answers a query of a system chaincode. */
  async #processSystem(proposal: OpenProposal): Promise<peer.ProposalResponse> {
    const response = await this.#parts.system.invoke(this.#parts.peer, proposal.chaincode, proposal.input);
    const readWriteSet = { reads: [], ranges: [], writes: [] };
    return this.#response(proposal, 'syscc', { response, event: undefined, readWriteSet });
  }

  async #definition(view: StateView, name: string): Promise<ChaincodeDefinition> {
    const definition = await definitionIn(view, name);
    if (definition !== undefined) return definition;
    const { channel } = this.#parts;
    throw new Error(
      `make sure the chaincode ${name} has been successfully defined on channel ${channel} and try again: chaincode ${name} not found`,
    );
  }

  async #link(view: StateView, chaincode: string): Promise<ChaincodeLink> {
    await this.#definition(view, chaincode);
    const link = this.#parts.peer.link(chaincode);
    if (link === undefined) throw new Error(`chaincode ${chaincode} is not installed on ${this.#parts.peer.name}`);
    return link;
  }

  async #history(namespace: string, key: string, height: number): Promise<readonly KeyModification[]> {
    const { ledger } = this.#parts;
    const places = ledger.history(namespace, key).filter(({ blockNum }) => blockNum < height);
    const modifications = places.map(async ({ blockNum, txNum }) => {
      const bytes = envelopesOf(await ledger.block(blockNum))[txNum] ?? new Uint8Array(0);
      return modificationIn(bytes, namespace, key);
    });
    return (await Promise.all(modifications)).reverse();
  }
}

function modificationIn(envelope: Uint8Array, namespace: string, key: string): KeyModification {
  const { txId, transaction } = readTransaction(envelope);
  const timestamp = openEnvelope(common.Envelope.deserializeBinary(envelope)).channelHeader.getTimestamp();
  const own = transaction?.chaincode === namespace ? transaction.readWriteSet : undefined;
  const set = own ?? transaction?.readWriteSet.called?.find(({ chaincode }) => chaincode === namespace)?.readWriteSet;
  return {
    txId,
    value: set?.writes.find((write) => write.key === key)?.value,
    timestampMs: (timestamp?.getSeconds() ?? 0) * 1_000 + Math.floor((timestamp?.getNanos() ?? 0) / 1_000_000),
  };
}

function modelProposal({ channel, chaincode, txId }: OpenProposal): Proposal {
  return { channel, chaincode, txId, fn: '', args: [], creator: '' };
}

function failed(message: string): peer.ProposalResponse {
  const answer = new peer.ProposalResponse();
  answer.setResponse(responseOf(500, message));
  return answer;
}
