import { randomBytes } from 'node:crypto';
import type {
  Block,
  BlockStream,
  BlockSubscription,
  CommittedTransaction,
  Endorsement,
  Ledger,
  Proposal,
} from '../ledger.ts';

/** A transaction as it was found in a block. */
export interface Outcome extends CommittedTransaction {
  readonly blockNum: number;
}

/** A plain client of the contract: proposes to `keyValueChaincode`, submits, and follows the blocks from where it began. */
export class ContractClient {
  readonly ledger: Ledger & BlockStream;
  readonly chaincode: string;
  readonly creator: string;
  /** Blocks seen since the client began. */
  readonly blocks: Block[] = [];
  #subscription: BlockSubscription | undefined;
  #waiting: (() => void)[] = [];

  constructor(ledger: Ledger & BlockStream, chaincode = 'kv', creator = 'Org1MSP') {
    this.ledger = ledger;
    this.chaincode = chaincode;
    this.creator = creator;
  }

  async start(): Promise<this> {
    this.#subscription = this.ledger.follow(await this.ledger.height(), (block) => {
      this.blocks.push(block);
      for (const wake of this.#waiting.splice(0)) wake();
    });
    return this;
  }

  async stop(): Promise<void> {
    await this.#subscription?.close();
  }

  proposal(fn: string, ...args: readonly string[]): Proposal {
    const { chaincode, creator, ledger } = this;
    const nonce = randomBytes(24);
    return {
      channel: ledger.channel,
      chaincode,
      creator,
      fn,
      nonce,
      txId: ledger.transactionId(nonce),
      args: args.map((text) => Buffer.from(text)),
    };
  }

  endorse(fn: string, ...args: readonly string[]): Promise<Endorsement> {
    return this.ledger.endorse(this.proposal(fn, ...args));
  }

  /** Submits in this order and returns where each stands once all do. */
  async commit(...endorsements: readonly Endorsement[]): Promise<readonly Outcome[]> {
    const before = this.blocks.length;
    for (const endorsement of endorsements) await this.ledger.submit(endorsement);
    const txIds = endorsements.map(({ proposal }) => proposal.txId);
    // Others' transactions, and copies that were sent before, may stand between.
    const own = () => this.outcomes(before).filter(({ txId }) => txIds.includes(txId));
    await this.until(() => own().length >= endorsements.length);
    return own();
  }

  /** Endorses and commits one after the other, so that none conflicts. */
  async put(...keysAndValues: readonly string[]): Promise<Outcome> {
    const [outcome] = await this.commit(await this.endorse('put', ...keysAndValues));
    if (outcome === undefined) throw new Error('the put stands in no block');
    return outcome;
  }

  async value(key: string): Promise<string | null> {
    const [value = null] = JSON.parse(await this.answer('get', key)) as (string | null)[];
    return value;
  }

  /** The payload of an evaluation, as text. */
  async answer(fn: string, ...args: readonly string[]): Promise<string> {
    const { payload } = await this.ledger.evaluate(this.proposal(fn, ...args));
    return Buffer.from(payload).toString();
  }

  /** All transactions seen, from the n-th block of this client on. */
  outcomes(fromBlock = 0): readonly Outcome[] {
    return this.blocks
      .slice(fromBlock)
      .flatMap(({ number, transactions }) => transactions.map((transaction) => ({ ...transaction, blockNum: number })));
  }

  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
