import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import fc from 'fast-check';
import { carryOut, carryOutInTime, type Carried, type Network } from './carry-out.ts';
import { behaviourOf, developmentPeers, type DevelopmentPeers } from './development-network.ts';
import { goldenFiles, readGolden } from './golden.ts';
import { histories, type History } from './history.ts';
import { modelOfFabric } from './model-of-fabric.ts';
import { RealPeers } from './real-peers.ts';

/** Number of histories; `PROPERTY_SEED=random HISTORIES=500` tests more. */
const runs = Number(process.env['HISTORIES'] ?? 6);
/** Number of recorded histories for the development network; the unit tests run all of them on the model. */
const recordedRuns = Number(process.env['HISTORIES'] ?? 12);
/** BatchTimeout of the real peers in ms; on an idle machine a round is sent in a tenth of a second. */
const batchTimeoutMs = 1_000;

describe('the development network', () => {
  it.each(goldenFiles())('gives the results of real peers: %s', async (file) => {
    const { recorded, network } = readGolden(file);
    const peers = await developmentPeers(behaviourOf(network));
    try {
      for (const { history, carried } of recorded.slice(0, recordedRuns)) {
        expect(await carryOut(peers.network, history)).toEqual(carried);
      }
    } finally {
      await peers.down();
    }
  });
});

describeReal('FABRIC', 'the ledger model and the development network beside real peers', () => {
  let real: RealPeers;
  let development: DevelopmentPeers;
  beforeAll(async () => {
    real = await RealPeers.up(batchTimeoutMs);
    development = await developmentPeers(behaviourOf(real.label));
  }, 120_000);
  afterAll(async () => {
    await development.down();
    await real.down();
  });

  it('endorse, cut blocks and validate like them, for any history', async () => {
    const onEach = (history: History): Promise<readonly Carried[]> => {
      const networks: readonly Network[] = [real.network, development.network];
      return Promise.all(networks.map((network) => carryOutInTime(network, history)));
    };
    const property = fc.asyncProperty(histories, async (history) => {
      const [onPeers, onDevnet] = await onEach(history);
      expect(onDevnet).toEqual(onPeers);
      expect(await carryOut(await modelOfFabric(), history)).toEqual(onPeers);
    });
    await fc.assert(property, { numRuns: runs, endOnFailure: true });
  }, 3_600_000);
});
