import { describe, expect, it } from '@jest/globals';
import { assetOperations, type AssetFacts } from '@medrex/execute-batch/testing';
import type { Operation } from '@medrex/execute-batch';
import { seededRandom } from '@medrex/ledger';
import fc from 'fast-check';
import { audit, auditSerially } from './testing/audit.ts';
import { discoveringOperations } from './testing/operations.ts';
import { TestChannel } from './testing/test-channel.ts';

/** Whether an operation discovers keys from the state (the holding that shrinks, whom `payOwner` pays); their order only holds from then on. */
const discovers = (operation: Operation): boolean =>
  ['transfer', 'delete', 'payOwner'].includes((operation.facts as unknown as AssetFacts).do);

/** Whether an operation is a compaction. A random one may also name deltas in flight, and conflicts with them once. */
const compacts = (operation: Operation): boolean => (operation.facts as unknown as AssetFacts).do === 'compact';

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

/** A network with some latency, and an occasional foreign writer of keys that our operations read. */
interface World {
  readonly seed: number;
  readonly hopMs: number;
  readonly endorseMs: number;
  readonly foreignWrites: readonly (readonly [account: string, balance: number])[];
}

const world: fc.Arbitrary<World> = fc.record({
  seed: fc.integer(),
  hopMs: fc.constantFrom(0, 1, 7),
  endorseMs: fc.constantFrom(0, 3, 15),
  foreignWrites: fc.constant([]),
});

const histories = fc.oneof(assetOperations({ maxLength: 60 }), discoveringOperations);

const foreign: fc.Arbitrary<World['foreignWrites']> = fc.array(
  fc.tuple(fc.constantFrom('ann', 'ben', 'cat'), fc.nat(20)),
  { maxLength: 8 },
);

async function live(operations: readonly Operation[], { seed, hopMs, endorseMs, foreignWrites }: World) {
  const channel = await TestChannel.open({ seed, latencies: { hopMs, endorseMs } });
  const instance = await channel.start();
  const writing = foreignWrites.map(([account, balance], at) =>
    channel.clock.after(at * 25, () => channel.foreignWrite(account, balance)),
  );
  await feed(channel, operations, seed);
  await channel.quiet();
  for (const cancel of writing) cancel();
  // The last foreign writes are committed before the comparison.
  await channel.clock.advance(500);
  return { channel, instance };
}

describe('ChannelLoop', () => {
  it('ends every operation once, in order on declared keys, with the state of the committed order', async () => {
    let widened = 0;
    await fc.assert(
      fc.asyncProperty(histories, world, async (operations, given) => {
        const { channel, instance } = await live(operations, given);
        expect(await audit(channel)).toEqual([]);
        if (!operations.some(compacts)) expect(instance.count('validated: MVCC_READ_CONFLICT')).toBe(0);
        expect(instance.loop.status().planner).toMatchObject({ live: 0, keys: 0, flights: 0 });
        widened += instance.count('returned: widened');
      }),
      { numRuns: 60 },
    );
    // The test is only meaningful if discovered keys were held by another flight.
    expect(widened).toBeGreaterThan(0);
  });

  it('does the same with foreign writers, whose writes have their places in the committed order', async () => {
    await fc.assert(
      fc.asyncProperty(histories, world, foreign, async (operations, given, foreignWrites) => {
        const { channel, instance } = await live(operations, { ...given, foreignWrites });
        expect(await audit(channel)).toEqual([]);
        if (!operations.some(compacts)) expect(instance.count('returned: own')).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('gives the state of serial execution in seq order without foreign writers and discovered keys', async () => {
    await fc.assert(
      fc.asyncProperty(assetOperations({ maxLength: 60 }), world, async (operations, given) => {
        const { channel } = await live(
          operations.filter((operation) => !discovers(operation)),
          given,
        );
        expect(await auditSerially(channel)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});
