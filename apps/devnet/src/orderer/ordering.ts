import type { common } from '@hyperledger/fabric-protos';
import { cutBlock, emptyBatch, type BlockCutterLimits, type PendingBatch } from '@medrex/ledger';
import { newBlock } from '../block/block.ts';
import type { SigningIdentity } from '../identity/signing-identity.ts';
import type { ChannelLedger } from '../peer/channel-ledger.ts';

interface Ordered {
  readonly envelope: Uint8Array;
  readonly bytes: number;
}

interface OrderingParts {
  readonly limits: BlockCutterLimits;
  readonly ledger: ChannelLedger;
  readonly signer: SigningIdentity;
  /** Called when a block is committed and durable. */
  readonly onCommitted: (height: number) => void;
  /** Called when a block could not be written; nothing is ordered any more. */
  readonly onFailed: (error: unknown) => void;
}

/** Orders envelopes by arrival, cuts blocks by the rules of the ledger model, and commits them. */
export class Ordering {
  readonly #parts: OrderingParts;
  #pending: PendingBatch<Ordered> = emptyBatch;
  #timer: NodeJS.Timeout | undefined;
  #committed: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(parts: OrderingParts) {
    this.#parts = parts;
  }

  get limits(): BlockCutterLimits {
    return this.#parts.limits;
  }

  order(message: common.Envelope): void {
    if (this.#isClosed) throw new Error('the orderer is stopping');
    const { limits } = this.#parts;
    const ordered = { envelope: message.serializeBinary(), bytes: messageBytes(message) };
    const { batches, pending, timer } = cutBlock(limits, this.#pending, ordered);
    this.#pending = pending;
    if (timer === 'stop') this.#stopTimer();
    else this.#timer ??= setTimeout(() => this.cut(), limits.batchTimeoutMs);
    for (const batch of batches) this.#commit(batch);
  }

  /** Stops ordering; accepted envelopes go into a last block. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.cut();
    await this.#committed;
  }

  /** Cuts a block of the pending envelopes, like the batch timeout. */
  cut(): void {
    this.#stopTimer();
    const { messages } = this.#pending;
    this.#pending = emptyBatch;
    if (messages.length > 0) this.#commit(messages);
  }

  #commit(batch: readonly Ordered[]): void {
    this.#committed = this.#committed.then(async () => {
      const { ledger, signer, onCommitted } = this.#parts;
      const previous = ledger.newest?.getHeader();
      const data = batch.map(({ envelope }) => envelope);
      await ledger.commit(newBlock({ previous, data, lastConfig: ledger.lastConfig, signer }));
      onCommitted(ledger.height);
    });
    this.#committed = this.#committed.catch((error: unknown) => {
      this.#isClosed = true;
      this.#parts.onFailed(error);
    });
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** The size of a message as counted by the orderer, in bytes. */
export const messageBytes = (envelope: common.Envelope): number =>
  envelope.getPayload_asU8().length + envelope.getSignature_asU8().length;
