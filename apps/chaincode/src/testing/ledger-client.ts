import { randomBytes } from 'node:crypto';
import { decodeResults, type OperationResult } from '@medrex/execute-batch';
import { FabricLedger, type KeyFiles } from '@medrex/fabric';
import type { ChaincodeResponse, CommittedTransaction, Endorsement } from '@medrex/ledger';

const channel = 'ehr';
const chaincode = 'medrex';

/** A client of the chaincode on one channel. */
export class LedgerClient {
  readonly #ledger: FabricLedger;

  private constructor(ledger: FabricLedger) {
    this.#ledger = ledger;
  }

  /** @param identity used instead of the one in the profile */
  static async open(profile: string, identity?: KeyFiles): Promise<LedgerClient> {
    return new LedgerClient(await FabricLedger.open({ profile, channel, ...(identity !== undefined && { identity }) }));
  }

  close(): Promise<void> {
    return this.#ledger.close();
  }

  endorse(fn: string, args: readonly Uint8Array[]): Promise<Endorsement> {
    return this.#ledger.endorse(this.#proposal(fn, args));
  }

  evaluate(fn: string, args: readonly Uint8Array[]): Promise<ChaincodeResponse> {
    return this.#ledger.evaluate(this.#proposal(fn, args));
  }

  /** Submits the endorsed transaction and resolves with the committed transaction of its block. */
  async commit(endorsement: Endorsement): Promise<CommittedTransaction> {
    const { txId } = endorsement.proposal;
    const from = await this.#ledger.height();
    await this.#ledger.submit(endorsement);
    return new Promise((resolve, reject) => {
      const following = this.#ledger.follow(
        from,
        ({ transactions }) => {
          const found = transactions.find((one) => one.txId === txId);
          if (found === undefined) return;
          resolve(found);
          void following.close();
        },
        reject,
      );
    });
  }

  async transact(fn: string, args: readonly Uint8Array[]): Promise<CommittedTransaction> {
    return this.commit(await this.endorse(fn, args));
  }

  /** Submits a batch and resolves with its results once it is VALID in a block. */
  async batch(items: readonly Uint8Array[]): Promise<OperationResult[]> {
    const { code, payload } = await this.transact('executeBatch', items);
    if (code !== 'VALID') throw new Error(`the batch is ${code}`);
    return decodeResults(payload);
  }

  #proposal(fn: string, args: readonly Uint8Array[]) {
    const nonce = randomBytes(24);
    const txId = this.#ledger.transactionId(nonce);
    return { channel, chaincode, fn, args, nonce, txId, creator: this.#ledger.mspId };
  }
}
