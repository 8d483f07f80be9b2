import { randomBytes } from 'node:crypto';
import type { FabricLedger } from '@medrex/fabric';

/** A plain client of the network: it endorses, submits, and reads the validation code from the block. */
export class ForeignClient {
  readonly #ledger: FabricLedger;
  readonly #chaincode: string;

  constructor(ledger: FabricLedger, chaincode: string) {
    this.#ledger = ledger;
    this.#chaincode = chaincode;
  }

  /** Calls a function once and returns the validation code. */
  async call(fn: string, ...args: readonly string[]): Promise<string> {
    const ledger = this.#ledger;
    const nonce = randomBytes(24);
    const txId = ledger.transactionId(nonce);
    const endorsement = await ledger.endorse({
      channel: ledger.channel,
      chaincode: this.#chaincode,
      creator: ledger.mspId,
      fn,
      nonce,
      txId,
      args: args.map((arg) => Buffer.from(arg)),
    });
    const from = await ledger.height();
    const code = new Promise<string>((resolve, reject) => {
      const following = ledger.follow(
        from,
        ({ transactions }) => {
          const seen = transactions.find((transaction) => transaction.txId === txId);
          if (seen === undefined) return;
          resolve(seen.code);
          void following.close();
        },
        reject,
      );
    });
    await ledger.submit(endorsement);
    return code;
  }
}
