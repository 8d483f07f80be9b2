import type { CommittedState } from '@medrex/execute-batch/testing';
import { FabricLedger } from '@medrex/fabric';
import { replayWrites } from './committed-history.ts';
import { allBlocks, type ReadLedger } from './left-behind.ts';

/** Height of a channel of real Fabric. */
export async function fabricHeight(profile: string): Promise<number> {
  return withLedger(profile, (ledger) => ledger.height());
}

/**
 * Reads the channel of a real network from the blocks of its peers: blocks from number `from` on belong to the run; earlier ones give
 * its initial state.
 */
export function readFabric(profile: string, from: number): ReadLedger {
  return async () => {
    const { blocks, writer } = await withLedger(profile, async (ledger) => {
      return { blocks: await allBlocks(ledger), writer: ledger.mspId };
    });
    const before: CommittedState = replayWrites(blocks.slice(0, from));
    return { blocks: blocks.slice(from), state: replayWrites(blocks), before, writer };
  };
}

async function withLedger<T>(profile: string, use: (ledger: FabricLedger) => Promise<T>): Promise<T> {
  const ledger = await FabricLedger.open({ profile, channel: 'ehr' });
  try {
    return await use(ledger);
  } finally {
    await ledger.close();
  }
}
