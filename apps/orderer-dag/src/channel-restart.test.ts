import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { newestProgress, topics, type EventLog } from '@medrex/contracts';
import { FaultyEventLog } from '@medrex/contracts/testing';
import { assetOperations } from '@medrex/execute-batch/testing';
import { seededRandom } from '@medrex/ledger';
import fc from 'fast-check';
import { audit, auditSerially } from './testing/audit.ts';
import { allReports } from './testing/channel-record.ts';
import { KillableProcess } from './testing/killable-process.ts';
import { anAssetOperation, deposit, discoveringOperations } from './testing/operations.ts';
import { TestChannel } from './testing/test-channel.ts';

/** Operations that depend on each other, commute, are rejected and repeat. */
const history = () => {
  const first = deposit('ann');
  return [
    [first, deposit('ben'), anAssetOperation({ do: 'create', asset: 'a', owner: 'ann', value: 1 }), first],
    [anAssetOperation({ do: 'create', asset: 'a', owner: 'ben', value: 1 }), deposit('ann'), deposit('cat'), first],
    [
      anAssetOperation({ do: 'pay', from: 'ann', to: 'ben', amount: 2 }),
      anAssetOperation({ do: 'label', asset: 'a', label: 'x' }),
    ],
    [
      anAssetOperation({ do: 'pay', from: 'ann', to: 'ben', amount: 2 }),
      anAssetOperation({ do: 'look', asset: 'a' }),
      deposit('cat'),
    ],
  ];
};

const progressOf = async (log: EventLog) =>
  newestProgress(
    'ehr',
    (await log.latest(topics.progress, 0)).map(({ value }) => value),
  );

describe('a channel whose orderer-dag dies', () => {
  /** Runs the history under an instance that dies at a step, then under a second one. Returns the steps of the first. */
  async function dying(diesAtStep: number, millisecondsBetween: number): Promise<number> {
    const channel = await TestChannel.open({ limits: { progressEveryMs: 10 } });
    const killable = new KillableProcess(diesAtStep);
    const runs = history();
    await channel.append(runs[0] ?? []);
    await channel.start({ killable });
    for (const run of runs.slice(1)) {
      await channel.clock.advance(millisecondsBetween);
      await channel.append(run);
    }
    await channel.until(() => killable.isDead || channel.placed.every(({ seq }) => channel.outcomes().has(seq)));
    await channel.clock.advance(diesAtStep % 3 === 0 ? 50 : 0);
    killable.kill();
    await channel.start();
    await channel.append([deposit('ann')]);
    await channel.quiet();
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
    return killable.steps;
  }

  it('between any two of its acked writes loses no operation, applies none twice and keeps the order', async () => {
    const steps = await dying(Number.POSITIVE_INFINITY, 25);
    expect(steps).toBeGreaterThan(20);
    for (let step = 1; step <= steps; step++) await dying(step, 25);
  });

  it('repeatedly, on a faulty network with new operations and foreign writers, keeps all guarantees', async () => {
    const bad = fc.record({
      seed: fc.integer(),
      hopMs: fc.constantFrom(0, 6),
      deaths: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 5 }),
      chance: fc.constantFrom(0, 0.1, 0.3),
    });
    const histories = fc.oneof(assetOperations({ maxLength: 40 }), discoveringOperations);
    await fc.assert(
      fc.asyncProperty(histories, bad, async (operations, { seed, hopMs, deaths, chance }) => {
        const channel = await TestChannel.open({ seed, latencies: { hopMs }, limits: { progressEveryMs: 10 } });
        const random = seededRandom(seed);
        const faults = { endorsementFails: chance / 2, envelopeDropped: chance / 4, acknowledgementLost: chance };
        channel.ledger.setFaults({ ...faults, envelopeHangs: chance / 2, hangMs: 2_500 });
        const left = [...deaths];
        const startNext = async (): Promise<KillableProcess> => {
          const killable = new KillableProcess(left.shift());
          await channel.start({ killable });
          return killable;
        };
        let killable = await startNext();
        for (const operation of operations) {
          await channel.append([operation]);
          if (random() < 0.1) channel.foreignWrite('ann', 2);
          await channel.clock.advance(Math.floor(random() * 20));
          if (killable.isDead) killable = await startNext();
        }
        killable.kill();
        await channel.start();
        await channel.quiet(600_000);
        // Delayed envelopes and the last foreign writes are committed before the comparison.
        await channel.clock.advance(5_000);
        expect(await audit(channel)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('while its outcomes could not be written reports them after the restart', async () => {
    const channel = await TestChannel.open({ limits: { progressEveryMs: 10 } });
    const failing = (log: EventLog): EventLog =>
      Object.assign(Object.create(log) as EventLog, {
        append: (topic: string, ...rest: [number, []]) =>
          topic === topics.outcomes ? Promise.reject(new Error('no room')) : log.append(topic, ...rest),
      });
    const killable = new KillableProcess();
    const first = await channel.start({ killable, wrap: failing });
    await channel.append([deposit('ann'), deposit('ben')]);
    await channel.clock.advance(1_000);
    expect([first.count('settled'), channel.outcomes().size]).toEqual([1, 0]);
    expect((await progressOf(channel.newLog()))?.lowWaterMark).toBe(0);
    killable.kill();
    await channel.start();
    await channel.quiet();
    expect(await audit(channel)).toEqual([]);
  });

  it('restarts at the low-water mark and skips terminal operations above it', async () => {
    const channel = await TestChannel.open({ faults: { envelopeDropped: () => false } });
    const blocked = deposit('ann');
    const killable = new KillableProcess();
    channel.ledger.setFaults({ verdict: undefined });
    await channel.start({ killable });
    await channel.append([deposit('ben')]);
    await channel.quiet();
    // A foreign writer keeps changing one account, so its operation stays live while later ones end.
    channel.ledger.setFaults({
      envelopeDropped: ({ args }) => args.some((arg) => Buffer.from(arg).includes(blocked.opId)),
    });
    await channel.append([blocked]);
    await channel.clock.advance(30);
    const later = await channel.append([deposit('cat'), deposit('dan')]);
    await channel.until(() => later.every((seq) => channel.outcomes().has(seq)));
    await channel.clock.advance(500);
    killable.kill();
    channel.ledger.setFaults({ envelopeDropped: 0 });
    const progress = await progressOf(channel.newLog());
    expect(progress?.lowWaterMark).toBe(1024);
    const reportsBefore = allReports(channel.topics).length;
    const second = await channel.start();
    expect(second.loop.readFrom.operations).toBe(1);
    await channel.quiet();
    await channel.clock.advance(500);
    // Only the blocked operation ran again: one more report with one outcome.
    const reports = allReports(channel.topics).slice(reportsBefore);
    expect(reports.flatMap(({ outcomes }) => outcomes.map(({ opId }) => opId))).toEqual([blocked.opId]);
    expect(await audit(channel)).toEqual([]);
  });

  it('has a successor that rebuilds 100,000 live operations within seconds', async () => {
    const limits = { live: { operationsMax: 200_000, bytesMax: 256 * 1024 * 1024 } };
    const channel = await TestChannel.open({ limits, faults: { endorsementFails: 1 } });
    const operations = Array.from({ length: 100_000 }, (_, at) => deposit(`a${at % 10_000}`));
    await channel.append(operations);
    const begunMs = performance.now();
    const successor = await channel.start();
    while (successor.loop.status().planner.live < operations.length) await nextTurn();
    // 2 s on an idle machine; 5 s are promised. The limit allows for a loaded machine but not for a quadratic walk.
    expect(performance.now() - begunMs).toBeLessThan(30_000);
    expect(successor.loop.status().span).toBe(operations.length);
    await successor.loop.abandon();
  }, 90_000);

  it('reports every block, at most twice', async () => {
    const channel = await TestChannel.open();
    const first = await channel.start();
    await channel.append([deposit('ann')]);
    await channel.quiet();
    await first.stop();
    channel.foreignWrite('ann', 7);
    await channel.clock.advance(50);
    await channel.start();
    await channel.clock.advance(50);
    const blocks = channel.topics.partition(topics.blocks, 0).read(0, 1_000, 1_000_000);
    const numbers = blocks.map(
      ({ value }) => (JSON.parse(Buffer.from(value).toString()) as { blockNum: number }).blockNum,
    );
    expect(numbers).toEqual([0, 1, 2]);
  });
});

describe('two live instances', () => {
  it('lose nothing and apply nothing twice; the older one ends when it sees the newer generation', async () => {
    const channel = await TestChannel.open({ latencies: { hopMs: 4 } });
    const first = await channel.start();
    for (let run = 0; run < 6; run++) {
      await channel.append([deposit('ann'), deposit('ben'), deposit('ann')]);
      await channel.clock.advance(7);
    }
    const second = await channel.start();
    for (let run = 0; run < 6; run++) {
      await channel.append([deposit('ann'), deposit('ben'), deposit('ann')]);
      await channel.clock.advance(7);
    }
    await channel.quiet();
    expect([first.isSuperseded(), second.isSuperseded()]).toEqual([true, false]);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });

  it('exclude each other on the ledger while the older one has not noticed: the loser answers from the operation records', async () => {
    const channel = await TestChannel.open({ latencies: { hopMs: 4 } });
    const withoutDelivery = (log: EventLog): EventLog =>
      new FaultyEventLog(log, { seed: 1, deliveries: { [topics.progress]: { drop: 1 } } });
    const first = await channel.start({ wrap: withoutDelivery });
    const second = await channel.start();
    for (let run = 0; run < 12; run++) {
      await channel.append([deposit('ann'), deposit('ben'), deposit('ann')]);
      await channel.clock.advance(9);
    }
    await channel.quiet();
    await channel.until(() => first.loop.status().planner.live + second.loop.status().planner.live === 0);
    expect(first.isSuperseded()).toBe(false);
    expect([first, second].map((one) => one.notes.includes('validated: MVCC_READ_CONFLICT'))).toContain(true);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
    // Both reported every operation with the same outcome.
    const reported = allReports(channel.topics).flatMap(({ outcomes }) => outcomes.map(({ seq }) => seq));
    expect(reported.length).toBe(channel.placed.length * 2);
  });

  it('do not share a generation: of two that claimed the same one, at most one continues', async () => {
    const channel = await TestChannel.open();
    const [first, second] = await Promise.all([channel.start(), channel.start()]);
    await channel.append([deposit('ann')]);
    await channel.clock.advance(1_000);
    const survivors = [first, second].filter((one) => !one.isSuperseded());
    expect(survivors.length).toBeLessThan(2);
  });
});
