import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { decodeRegistry, decodeResults, type OperationResult, type Registry } from '@medrex/execute-batch';
import { FabricLedger, type KeyFiles } from '@medrex/fabric';
import type { CommittedTransaction, Proposal } from '@medrex/ledger';
import { UsageError } from '../terminal/usage-error.ts';
import { changeTries, type AuthorLedger } from './author-ledger.ts';

export interface FabricAuthorLedgerOptions {
  readonly profile: string;
  readonly msp?: string;
  readonly channel: string;
  readonly chaincode: string;
}

/** Maximum wait for the block of a change, in ms; BatchTimeouts of 2 s are common. */
const blockWaitMs = 30_000;

/** A channel of a Fabric network, as an administrator's client. */
export class FabricAuthorLedger implements AuthorLedger {
  readonly #ledger: FabricLedger;
  readonly #chaincode: string;

  private constructor(ledger: FabricLedger, chaincode: string) {
    this.#ledger = ledger;
    this.#chaincode = chaincode;
  }

  /** @throws CodedError FABRIC_PROFILE_UNUSABLE, FABRIC_IDENTITY_UNUSABLE; UsageError for a folder that is not an MSP folder */
  static async open({ profile, msp, channel, chaincode }: FabricAuthorLedgerOptions): Promise<FabricAuthorLedger> {
    const identity = msp === undefined ? {} : { identity: keyFilesIn(msp) };
    return new FabricAuthorLedger(await FabricLedger.open({ profile, channel, ...identity }), chaincode);
  }

  get label(): string {
    return this.#ledger.label;
  }

  async change(item: Uint8Array): Promise<OperationResult> {
    for (let left = changeTries; left > 0; left -= 1) {
      const { code, payload } = await this.#committed(this.#proposal('executeBatch', [item]));
      const [result] = code === 'VALID' ? decodeResults(payload) : [];
      if (result !== undefined) return result;
      if (code !== 'MVCC_READ_CONFLICT') throw new UsageError(`the change is in a block with code ${code}`);
    }
    throw new UsageError(`the change conflicted with others ${changeTries} times`, 'Try it again.');
  }

  async read(): Promise<Registry> {
    const { payload } = await this.#ledger.evaluate(this.#proposal('readAuthors', []));
    return decodeRegistry(payload);
  }

  close(): Promise<void> {
    return this.#ledger.close();
  }

  #proposal(fn: string, args: readonly Uint8Array[]): Proposal {
    const { channel, mspId: creator } = this.#ledger;
    const nonce = randomBytes(24);
    const txId = this.#ledger.transactionId(nonce);
    return { channel, chaincode: this.#chaincode, fn, args, nonce, txId, creator };
  }

  async #committed(proposal: Proposal): Promise<CommittedTransaction> {
    const ledger = this.#ledger;
    const from = await ledger.height();
    const endorsement = await ledger.endorse(proposal);
    let late: NodeJS.Timeout | undefined;
    const seen = new Promise<CommittedTransaction>((resolve, reject) => {
      const unseen = (): void => reject(new UsageError(`tx ${proposal.txId} is in no block`, 'medrex author list.'));
      late = setTimeout(unseen, blockWaitMs);
      ledger.follow(
        from,
        ({ transactions }) => {
          const found = transactions.find(({ txId }) => txId === proposal.txId);
          if (found !== undefined) resolve(found);
        },
        reject,
      );
    });
    try {
      await ledger.submit(endorsement);
      return await seen;
    } finally {
      clearTimeout(late);
    }
  }
}

/** The certificate and key files in an MSP folder, in the layout of Fabric's tools. */
function keyFilesIn(msp: string): KeyFiles {
  const only = (folder: string): string => {
    try {
      const [file] = readdirSync(join(msp, folder));
      if (file !== undefined) return join(msp, folder, file);
    } catch {
      // What is missing follows.
    }
    throw new UsageError(`${msp} has no ${folder}`, "--msp must be an administrator's MSP folder.");
  };
  return { certificate: only('signcerts'), privateKey: only('keystore') };
}
