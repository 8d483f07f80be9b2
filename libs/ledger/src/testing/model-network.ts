import type { Block, Endorsement, Proposal } from '../ledger.ts';
import { InMemoryLedger } from '../in-memory/in-memory-ledger.ts';
import type { ModelOptions } from '../model/model-options.ts';
import { keyValueChaincode } from './key-value-chaincode.ts';
import { VirtualTime } from './virtual-time.ts';

/** An in-memory ledger in virtual time with everything that it delivered: for tests of the model itself. */
export class ModelNetwork {
  readonly time: VirtualTime;
  readonly ledger: InMemoryLedger;
  readonly blocks: Block[] = [];
  #proposals = 0;

  private constructor(time: VirtualTime, ledger: InMemoryLedger) {
    this.time = time;
    this.ledger = ledger;
    ledger.follow(1, (block) => void this.blocks.push(block));
  }

  static async open(options: Partial<ModelOptions> = {}): Promise<ModelNetwork> {
    const time = new VirtualTime();
    const ledger = await InMemoryLedger.open({ chaincodes: [keyValueChaincode()], scheduler: time, ...options });
    return new ModelNetwork(time, ledger);
  }

  proposal(fn: string, ...args: readonly string[]): Proposal {
    const txId = `${fn}-${(this.#proposals += 1)}`;
    return {
      channel: 'ehr',
      chaincode: 'kv',
      fn,
      args: args.map((text) => Buffer.from(text)),
      txId,
      creator: 'Org1MSP',
    };
  }

  endorse(fn: string, ...args: readonly string[]): Promise<Endorsement> {
    return this.time.until(this.ledger.endorse(this.proposal(fn, ...args)));
  }

  /** Endorses and submits; the endorsement, when the envelope is acknowledged. */
  async send(fn: string, ...args: readonly string[]): Promise<Endorsement> {
    const endorsement = await this.endorse(fn, ...args);
    await this.time.until(this.ledger.submit(endorsement));
    return endorsement;
  }

  /** `txId code` of everything in the delivered blocks. */
  get codes(): readonly string[] {
    return this.blocks.flatMap(({ transactions }) => transactions.map(({ txId, code }) => `${txId} ${code}`));
  }

  async value(key: string): Promise<string | null> {
    const { payload } = await this.time.until(this.ledger.evaluate(this.proposal('get', key)));
    const [value = null] = JSON.parse(Buffer.from(payload).toString()) as (string | null)[];
    return value;
  }
}
