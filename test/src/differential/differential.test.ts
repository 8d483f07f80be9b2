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

describe('what real peers did', () => {
  it.each(goldenFiles())('shows every code and every flaw that a history can lead to: %s', (file) => {
    const { recorded } = readGolden(file);
    const codes = recorded.flatMap(({ carried }) => carried.blocks.flat().map((line) => line.split(' ').at(-1)));
    expect([...new Set(codes)].sort()).toEqual(goldenCodes);
    const picks = recorded.flatMap(({ history }) => history.flatMap((round) => round.picks));
    const seen = new Set(picks.flatMap((pick) => (typeof pick === 'number' ? [] : [pick[1]])));
    expect([...seen].sort()).toEqual([...flaws].sort());
  });
});

describe('the development network', () => {
  // A few of each, so that the suite stays quick; the integration tier goes through all.
  it.each(goldenFiles())(
    'does what real peers did in the histories with the most flaws: %s',
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
  it.each(goldenFiles())('does what real peers did: %s', async (file) => {
    const { limits, recorded } = readGolden(file);
    expect(limits).toEqual(historyLimits);
    expect(recorded.length).toBeGreaterThan(0);
    for (const { history, carried } of recorded) {
      expect(await carryOut(await modelOfFabric(), history)).toEqual(carried);
    }
  });

  it('tells one history in the same words each time', async () => {
    const property = fc.asyncProperty(histories, async (history) => {
      const [once, again] = [
        await carryOut(await modelOfFabric(), history),
        await carryOut(await modelOfFabric(), history),
      ];
      expect(again).toEqual(once);
      const told = once.blocks.flat().length;
      expect(told).toBe(once.refusals.filter((refusal) => refusal === null).length);
    });
    await fc.assert(property, { numRuns: 50 });
  });
});
