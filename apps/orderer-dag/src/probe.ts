import type { Ledger, Proposal, ValidationCode } from '@medrex/ledger';
import { CodedError } from '@medrex/coded-error';
import { within, type Clock } from './clock.ts';
import { ordererErrors } from './errors.ts';
import type { SentEnvelopes } from './sent-envelopes.ts';

/** Whether the channel carried a no-op from endorsement to a block; `failed` has the error of the failed step. */
export type ProbeAnswer =
  { readonly kind: 'passed'; readonly chaincodeVersion: string } | { readonly kind: 'failed'; readonly error: unknown };

/** Options of a Probe. */
export interface ProbeOptions {
  readonly ledger: Ledger;
  readonly sent: SentEnvelopes;
  readonly clock: Clock;
  /** Makes a proposal that reads and writes one system key of this instance. */
  readonly propose: () => Proposal;
  /** Maximum wait for the endorsement, in ms; the block has its own limit. */
  readonly endorseTimeoutMs: number;
  readonly unseenAfterMs: number;
}

/**
 * A no-op carried to VALID on the same endorsers and orderer, to distinguish a failure of a set of operations from a failure of the
 * channel. Conflicts do not fail it, as another instance may be probing the same key.
 */
export class Probe {
  readonly #options: ProbeOptions;
  #running: Promise<ProbeAnswer> | undefined;
  #following: Promise<ProbeAnswer> | undefined;

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  /** The answer of a probe that starts after this call; calls made during a probe share the next one. */
  ask(): Promise<ProbeAnswer> {
    if (this.#running === undefined) return (this.#running = this.#run());
    return (this.#following ??= this.#running.then(() => {
      this.#following = undefined;
      return (this.#running = this.#run());
    }));
  }

  async #run(): Promise<ProbeAnswer> {
    try {
      return { kind: 'passed', chaincodeVersion: await this.#carry() };
    } catch (error) {
      return { kind: 'failed', error };
    } finally {
      this.#running = undefined;
    }
  }

  async #carry(): Promise<string> {
    const { ledger, clock, propose, endorseTimeoutMs } = this.#options;
    for (let tries = 1; ; tries++) {
      const proposal = propose();
      const late = (): Error =>
        new CodedError(
          ordererErrors.ENDORSEMENT_TIMEOUT,
          `probe ${proposal.txId}: no answer in ${endorseTimeoutMs} ms`,
        );
      const endorsement = await within(clock, endorseTimeoutMs, ledger.endorse(proposal), late);
      // An older chaincode does not find the arguments and writes nothing; that is not a working channel.
      if (endorsement.readWriteSet.writes.length === 0) {
        const message = `probe ${proposal.txId}: endorsed, but nothing written; is the chaincode older than this orderer-dag?`;
        throw new CodedError(ordererErrors.PROBE_INVALID, message);
      }
      const seen = this.#seen(proposal.txId);
      const code = await Promise.race([seen, ledger.submit(endorsement).then(() => seen)]);
      if (code === 'VALID') return endorsement.chaincodeVersion;
      if (tries === 3 || (code !== 'MVCC_READ_CONFLICT' && code !== 'PHANTOM_READ_CONFLICT')) {
        throw new CodedError(ordererErrors.PROBE_INVALID, `probe ${proposal.txId}: ${code}`);
      }
    }
  }

  #seen(txId: string): Promise<ValidationCode> {
    const { sent, clock, unseenAfterMs } = this.#options;
    const seen = new Promise<ValidationCode>((resolve) => sent.expect(txId, ({ code }) => resolve(code)));
    return within(
      clock,
      unseenAfterMs,
      seen,
      () => new CodedError(ordererErrors.PROBE_UNSEEN, `probe ${txId}: in no block after ${unseenAfterMs} ms`),
    );
  }
}
