import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import fc from 'fast-check';
import { carryOut, carryOutInTime } from './carry-out.ts';
import { histories } from './history.ts';
import { modelOfFabric } from './model-of-fabric.ts';
import { RealPeers } from './real-peers.ts';

/** How many histories; `PROPERTY_SEED=random HISTORIES=500` looks further. */
const runs = Number(process.env['HISTORIES'] ?? 6);

describeReal('FABRIC', 'the ledger model beside real peers', () => {
  let peers: RealPeers;
  beforeAll(async () => {
    peers = await RealPeers.up();
  }, 120_000);
  afterAll(() => peers.down());

  it('endorses, cuts blocks and judges as they do, for any history', async () => {
    const property = fc.asyncProperty(histories, async (history) => {
      const real = await carryOutInTime(peers.network, history);
      expect(await carryOut(await modelOfFabric(), history)).toEqual(real);
    });
    await fc.assert(property, { numRuns: runs, endOnFailure: true });
  }, 3_600_000);
});
