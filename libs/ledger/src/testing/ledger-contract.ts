import { afterEach, describe } from '@jest/globals';
import type { BlockCutterLimits } from '../block-cutter.ts';
import type { BlockStream, Ledger } from '../ledger.ts';
import { ContractClient } from './contract-client.ts';
import { blockContract } from './contract-blocks.ts';
import { conflictContract } from './contract-conflicts.ts';
import { endorsementContract } from './contract-endorsement.ts';
import { historyContract } from './contract-history.ts';
import { rangeContract } from './contract-ranges.ts';
import { streamContract } from './contract-stream.ts';

/**
 * A ledger under test with `keyValueChaincode`, version 1, whose namespace is empty. No other client uses its channel
 * meanwhile.
 */
export interface LedgerUnderTest {
  readonly ledger: Ledger & BlockStream;
  /** Name of the chaincode; `kv` by default. */
  readonly chaincode?: string;
  /** MSP id of the client; `Org1MSP` by default. */
  readonly creator?: string;
  readonly close: () => Promise<void>;
}

export type LedgerFactory = (limits: Partial<BlockCutterLimits>) => Promise<LedgerUnderTest>;

/** Opens a ledger with these limits and a client on it; both are closed after the test. */
export type OpenClient = (limits?: Partial<BlockCutterLimits>) => Promise<ContractClient>;

/** Two envelopes make a block at once; a single one would wait. */
export const pairs: Partial<BlockCutterLimits> = { maxMessageCount: 2, batchTimeoutMs: 1_000 };

/**
 * What every Ledger with its BlockStream must do, Fabric's or a model's. It assumes no block numbers, since a channel
 * begins with blocks of its own.
 */
export function ledgerContract(name: string, factory: LedgerFactory): void {
  describe(`${name} keeps the contract of a ledger`, () => {
    const closing: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close();
    });
    const open: OpenClient = async (limits = { batchTimeoutMs: 10 }) => {
      const { ledger, chaincode, creator, close } = await factory(limits);
      const client = await new ContractClient(ledger, chaincode, creator).start();
      closing.push(close, () => client.stop());
      return client;
    };
    endorsementContract(open);
    conflictContract(open);
    rangeContract(open);
    blockContract(open);
    streamContract(open);
    historyContract(open);
  });
}
