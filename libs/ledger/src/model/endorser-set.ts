import { CodedError } from '@medrex/coded-error';
import type { Chaincode, ChaincodeResponse } from '../chaincode.ts';
import { compareEndorsements, isRefusal, type EndorserAnswer } from '../compare-endorsements.ts';
import { envelopeSize } from '../envelope-size.ts';
import { EndorsementRefused, EndorsementsDiffer, ledgerErrors } from '../errors.ts';
import type { Endorsement, Proposal } from '../ledger.ts';
import type { StateView } from '../state-view.ts';
import { chaincodeId } from './definitions.ts';
import { Endorser, withOtherBytes } from './endorser.ts';
import type { FaultSwitch } from './model-faults.ts';
import type { ModelSettings } from './model-options.ts';

interface EndorserSetParts extends ModelSettings {
  readonly faults: FaultSwitch;
  readonly view: StateView;
  readonly onAdvance: () => void;
}

/** The pinned endorsers, one for each organisation. Asks all of them and compares their answers. */
export class EndorserSet {
  readonly #parts: EndorserSetParts;
  readonly #installed = new Map<string, Chaincode>();
  readonly #endorsers: readonly Endorser[];

  constructor(parts: EndorserSetParts) {
    this.#parts = parts;
    for (const chaincode of parts.chaincodes) this.install(chaincode);
    this.#endorsers = parts.organisations.map(
      (organisation) => new Endorser({ ...parts, organisation, installed: this.#installed }),
    );
  }

  /** Number of blocks that all of them have committed. */
  get height(): number {
    return Math.min(...this.#endorsers.map((endorser) => endorser.height));
  }

  install(chaincode: Chaincode): void {
    this.#installed.set(chaincodeId(chaincode), chaincode);
  }

  async endorse(proposal: Proposal): Promise<Endorsement> {
    this.#admit(proposal);
    const answers = await Promise.all(this.#endorsers.map((endorser) => endorser.endorse(proposal)));
    return agreed(proposal, this.#withFaults(proposal, answers));
  }

  async evaluate(proposal: Proposal): Promise<ChaincodeResponse> {
    this.#admit(proposal);
    const { response } = await this.#first().endorse(proposal);
    return response;
  }

  /** Endorses a foreign proposal: any function in a chaincode's namespace, at a peer without our faults. */
  async endorseForeign(proposal: Proposal, invoke: Chaincode['invoke']): Promise<Endorsement> {
    return agreed(proposal, [await this.#first().endorse(proposal, invoke)]);
  }

  receive(view: StateView): void {
    for (const endorser of this.#endorsers) endorser.receive(view);
  }

  advance(): void {
    for (const endorser of this.#endorsers) endorser.advance();
  }

  close(): void {
    for (const endorser of this.#endorsers) endorser.close();
  }

  #first(): Endorser {
    const [first] = this.#endorsers;
    if (first !== undefined) return first;
    throw new CodedError(ledgerErrors.ledgerUnavailable, `channel ${this.#parts.channel} has no endorser`);
  }

  #admit(proposal: Proposal): void {
    const { faults, channel } = this.#parts;
    const { txId } = proposal;
    if (proposal.channel !== channel) {
      const message = `tx ${txId}: channel ${proposal.channel}, this ledger serves ${channel}`;
      throw new CodedError(ledgerErrors.channelUnknown, message);
    }
    if (faults.strikes(faults.now.endorsementFails, proposal)) {
      throw new CodedError(ledgerErrors.ledgerUnavailable, `tx ${txId}: the endorsers do not answer`);
    }
    if (faults.strikes(faults.now.endorsementRefused, proposal)) {
      const { organisation } = this.#first();
      throw new EndorsementRefused(txId, { organisation, status: 500, message: 'refused by the fault switch' });
    }
  }

  #withFaults(proposal: Proposal, answers: readonly EndorserAnswer[]): readonly EndorserAnswer[] {
    const { faults } = this.#parts;
    const last = answers.at(-1);
    if (last === undefined || answers.length < 2) return answers;
    return faults.strikes(faults.now.endorserDiffers, proposal) ? answers.with(-1, withOtherBytes(last)) : answers;
  }
}

function agreed(proposal: Proposal, answers: readonly EndorserAnswer[]): Endorsement {
  const difference = compareEndorsements(answers);
  if (difference !== undefined) throw new EndorsementsDiffer(proposal.txId, difference);
  const [answer] = answers;
  if (answer === undefined) throw new CodedError(ledgerErrors.ledgerUnavailable, `tx ${proposal.txId}: no endorser`);
  const { organisation, response, readWriteSet, chaincodeVersion } = answer;
  if (isRefusal(response)) throw new EndorsementRefused(proposal.txId, { ...response, organisation });
  const envelopeBytes = envelopeSize(proposal, response, readWriteSet, answers.length);
  return { proposal, response, readWriteSet, chaincodeVersion, envelopeBytes };
}
