import { CodedError, isCodedError } from '@medrex/coded-error';
import { ledgerErrors } from '@medrex/ledger';
import type { Gate } from '../grpc/gate.ts';
import type { OrdererStream } from './orderer-stream.ts';

/** Submits an envelope to the ordering service through a peer. */
export type GatewaySubmit = (envelope: Uint8Array, txId: string) => Promise<void>;

/** What a Submitter needs. */
export interface SubmitterParts {
  readonly channel: string;
  readonly orderers: readonly OrdererStream[];
  /** Undefined if the gateway must not be used. */
  readonly gateway: GatewaySubmit | undefined;
  /** Limits the envelopes without an acknowledgement. */
  readonly gate: Gate;
}

/**
 * Sends envelopes to an orderer over one stream. If that fails without a definite refusal, the same bytes go to the
 * next orderer, and finally to the gateway of a peer. An envelope that is ordered twice counts once.
 */
export class Submitter {
  readonly #parts: SubmitterParts;
  #place = 0;

  constructor(parts: SubmitterParts) {
    this.#parts = parts;
  }

  submit(envelope: Uint8Array, txId: string): Promise<void> {
    return this.#parts.gate.run(() => this.#send(envelope, txId));
  }

  close(): void {
    for (const orderer of this.#parts.orderers) orderer.close();
  }

  async #send(envelope: Uint8Array, txId: string): Promise<void> {
    const { orderers, gateway, channel } = this.#parts;
    let failure: unknown;
    for (let tries = 0; tries < orderers.length; tries++) {
      const place = this.#place;
      try {
        return await orderers[place % orderers.length]?.send(envelope, `tx ${txId}`);
      } catch (error) {
        if (!isCodedError(error, ledgerErrors.ledgerUnavailable.code)) throw error;
        failure = error;
        // The first failed call switches to the next orderer; other calls on the same stream follow.
        if (this.#place === place) this.#place = (place + 1) % orderers.length;
      }
    }
    if (gateway !== undefined) return gateway(envelope, txId);
    if (failure instanceof Error) throw failure;
    throw new CodedError(ledgerErrors.ledgerUnavailable, `channel ${channel}: no orderer and no gateway is known`);
  }
}
