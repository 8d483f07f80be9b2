import { describe, expect, it } from '@jest/globals';
import { assetOperations } from '@medrex/execute-batch/testing';
import type { AssetFacts } from '@medrex/execute-batch/testing';
import type { Operation } from '@medrex/execute-batch';
import { seededRandom } from '@medrex/ledger';
import fc from 'fast-check';
import { audit, auditSerially } from './testing/audit.ts';
import { TestChannel } from './testing/test-channel.ts';

/** What only the state can tell (whose holding shrinks, whom `payOwner` pays): order on these keys begins with their discovery. */
const discovers = (operation: Operation): boolean =>
  ['transfer', 'delete', 'payOwner'].includes((operation.facts as unknown as AssetFacts).do);

/** Appends operations in runs of random length, some of them twice, while time passes. */
async function feed(channel: TestChannel, operations: readonly Operation[], seed: number): Promise<void> {
  const random = seededRandom(seed);
  for (let from = 0; from < operations.length;) {
    const to = from + 1 + Math.floor(random() * 6);
    const run = operations.slice(from, to);
    const repeated = run.flatMap((operation) => (random() < 0.1 ? [operation, operation] : [operation]));
    await channel.append(repeated);
    await channel.clock.advance(Math.floor(random() * 3) * 10);
    from = to;
  }
}

describe('ChannelLoop', () => {
  it('ends every operation once, in order on declared keys, with the state that the committed order gives', async () => {
    await fc.assert(
      fc.asyncProperty(assetOperations({ maxLength: 60 }), fc.integer(), async (operations, seed) => {
        const channel = await TestChannel.open({ seed });
        const instance = await channel.start();
        await feed(channel, operations, seed);
        await channel.quiet();
        expect(await audit(channel)).toEqual([]);
        expect(instance.count('returned: own')).toBe(0);
        expect(instance.loop.status().planner.live).toBe(0);
        await instance.stop();
      }),
      { numRuns: 40 },
    );
  });

  it('gives the state of serial execution in seq order where nobody else writes and nothing is discovered', async () => {
    await fc.assert(
      fc.asyncProperty(assetOperations({ maxLength: 60 }), fc.integer(), async (operations, seed) => {
        const channel = await TestChannel.open({ seed });
        await channel.start();
        await feed(
          channel,
          operations.filter((operation) => !discovers(operation)),
          seed,
        );
        await channel.quiet();
        expect(await auditSerially(channel)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});
