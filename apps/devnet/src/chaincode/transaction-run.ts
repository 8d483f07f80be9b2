import { peer } from '@hyperledger/fabric-protos';
import type { ReadWriteSet, StateView, TransactionRecording } from '@medrex/ledger';
import { ChaincodeFailure } from './chaincode-errors.ts';
import type { ChaincodeLink } from './chaincode-link.ts';
import { executionResult, type ExecutionResult } from './execution-result.ts';
import type { KeyModification } from './query-pages.ts';
import { StateSession } from './state-session.ts';

export interface TransactionParts {
  readonly channel: string;
  readonly txId: string;
  readonly proposal: peer.SignedProposal;
  readonly view: StateView;
  readonly recording: TransactionRecording;
  readonly timeoutMs: number;
  /** The connection to a chaincode defined on the channel. Rejects when there is none. */
  readonly linkOf: (chaincode: string) => Promise<ChaincodeLink>;
  readonly history: (namespace: string, key: string) => Promise<readonly KeyModification[]>;
}

/** One simulation: runs the chaincode of the proposal, and those it calls, on one state, and records the read-write set. */
export class TransactionRun {
  readonly #parts: TransactionParts;
  readonly #kind = { hasPaged: false, hasWritten: false };

  constructor(parts: TransactionParts) {
    this.#parts = parts;
  }

  /** @throws ChaincodeFailure when the chaincode does not answer, or answers with an error of its shim */
  async run(
    chaincode: string,
    input: peer.ChaincodeInput,
  ): Promise<ExecutionResult & { readonly readWriteSet: ReadWriteSet }> {
    const { recording } = this.#parts;
    try {
      const result = executionResult(await this.#execute(chaincode, input), chaincode);
      return { ...result, readWriteSet: await recording.readWriteSet() };
    } finally {
      await recording.end();
    }
  }

  async #execute(chaincode: string, input: peer.ChaincodeInput): Promise<peer.ChaincodeMessage> {
    const { channel, txId, proposal, view, timeoutMs } = this.#parts;
    const session = new StateSession({
      txId,
      namespace: chaincode,
      stub: await this.#parts.recording.stubOf(chaincode),
      view,
      kind: this.#kind,
      history: (key) => this.#parts.history(chaincode, key),
      call: (spec) => this.#call(spec),
    });
    try {
      const link = await this.#parts.linkOf(chaincode);
      const answer = (message: peer.ChaincodeMessage): Promise<Uint8Array> => session.answer(message);
      return await link.execute({ channel, txId, input, proposal, timeoutMs, answer });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ChaincodeFailure(`failed to execute transaction ${txId}: ${why}`);
    } finally {
      await session.end();
    }
  }

  /** Handles a call from chaincode to chaincode, given as `name`, `name:version` or `name/channel`. */
  #call(spec: peer.ChaincodeSpec): Promise<peer.ChaincodeMessage> {
    const [named = '', channel = this.#parts.channel] = (spec.getChaincodeId()?.getName() ?? '').split('/');
    const [name = ''] = named.split(':');
    if (channel !== this.#parts.channel) throw new Error(`failed to find ledger for channel: ${channel}`);
    return this.#execute(name, spec.getInput() ?? new peer.ChaincodeInput());
  }
}
