import { describe, expect, it } from '@jest/globals';
import { flaws } from '@medrex/fabric/testing';
import fc from 'fast-check';
import { carryOut } from './carry-out.ts';
import { behaviourOf, developmentPeers } from './development-network.ts';
import { goldenFiles, readGolden } from './golden.ts';
import { histories, historyLimits } from './history.ts';
import { modelOfFabric } from './model-of-fabric.ts';

const goldenCodes = [
  'BAD_PROPOSAL_TXID',
  'DUPLICATE_TXID',
  'ENDORSEMENT_POLICY_FAILURE',
  'INVALID_ENDORSER_TRANSACTION',
  'MVCC_READ_CONFLICT',
  'PHANTOM_READ_CONFLICT',
  'VALID',
];

describe('the recorded histories of real peers', () => {
  it.each(goldenFiles())('contain every validation code and flaw that a history can lead to: %s', (file) => {
    const { recorded } = readGolden(file);
    const codes = recorded.flatMap(({ carried }) => carried.blocks.flat().map((line) => line.split(' ').at(-1)));
    expect([...new Set(codes)].sort()).toEqual(goldenCodes);
    const picks = recorded.flatMap(({ history }) => history.flatMap((round) => round.picks));
    const seen = new Set(picks.flatMap((pick) => (typeof pick === 'number' ? [] : [pick[1]])));
    expect([...seen].sort()).toEqual([...flaws].sort());
  });
});

describe('the development network', () => {
  // Only a few of each, to be quick; the integration tests run more.
  it.each(goldenFiles())(
    'gives the results of real peers in the histories with the most flaws: %s',
    async (file) => {
      const { network, recorded } = readGolden(file);
      const flawsIn = ({ history }: (typeof recorded)[number]): number =>
        history.flatMap((round) => round.picks).filter((pick) => typeof pick !== 'number').length;
      const few = recorded.toSorted((a, b) => flawsIn(b) - flawsIn(a)).slice(0, 2);
      const peers = await developmentPeers(behaviourOf(network));
      try {
        for (const { history, carried } of few) {
          expect(await carryOut(peers.network, history)).toEqual(carried);
        }
      } finally {
        await peers.down();
      }
    },
    60_000,
  );
});

describe('the ledger model', () => {
  it.each(goldenFiles())('gives the results of real peers: %s', async (file) => {
    const { limits, recorded } = readGolden(file);
    expect(limits).toEqual(historyLimits);
    expect(recorded.length).toBeGreaterThan(0);
    for (const { history, carried } of recorded) {
      expect(await carryOut(await modelOfFabric(), history)).toEqual(carried);
    }
  });

  it('gives the same result for a history each time', async () => {
    const property = fc.asyncProperty(histories, async (history) => {
      const [once, again] = [
        await carryOut(await modelOfFabric(), history),
        await carryOut(await modelOfFabric(), history),
      ];
      expect(again).toEqual(once);
      const reported = once.blocks.flat().length;
      expect(reported).toBe(once.refusals.filter((refusal) => refusal === null).length);
    });
    await fc.assert(property, { numRuns: 50 });
  });
});
