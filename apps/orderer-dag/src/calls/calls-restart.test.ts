import { describe, expect, it } from '@jest/globals';
import { topics, type EventLog } from '@medrex/contracts';
import { FaultyEventLog } from '@medrex/contracts/testing';
import type { Operation } from '@medrex/execute-batch';
import { seededRandom, type Proposal } from '@medrex/ledger';
import { assetChaincode } from '@medrex/ledger/sample';
import fc from 'fast-check';
import { assetCall, auditCalls, ledgerStateOf, ownCodes, serialState } from '../testing/calls.ts';
import { KillableProcess } from '../testing/killable-process.ts';
import { deposit } from '../testing/operations.ts';
import { TestChannel } from '../testing/test-channel.ts';

const basic = assetChaincode();
const open = (more: Parameters<typeof TestChannel.open>[0] = {}) =>
  TestChannel.open({ plain: [basic], limits: { progressEveryMs: 10 }, ...more });

const isCallOf =
  (fn: string) =>
  (proposal: Proposal): boolean =>
    proposal.fn === fn;

/** Calls on a few assets, some of which are refused, and a repeat. */
function history(isDeclared: boolean): Operation[][] {
  const call = (fn: string, ...args: string[]) => assetCall(fn, args, isDeclared);
  const first = call('createAsset', 'a', 'ann', '1');
  return [
    [first, call('createAsset', 'b', 'ben', '1'), call('createAsset', 'a', 'cat', '1'), first],
    [call('addValue', 'a', '2'), call('transferAsset', 'b', 'ann'), deposit('ann')],
    [call('addValue', 'a', '3'), call('deleteAsset', 'b'), call('updateAsset', 'b', 'ben', '1'), first],
  ];
}

describe('calls on a channel whose orderer-dag dies', () => {
  async function dying(diesAtStep: number, isDeclared: boolean): Promise<number> {
    const channel = await open();
    const killable = new KillableProcess(diesAtStep);
    const runs = history(isDeclared);
    await channel.append(runs[0] ?? []);
    await channel.start({ killable });
    for (const run of runs.slice(1)) {
      await channel.clock.advance(25);
      await channel.append(run);
    }
    await channel.until(() => killable.isDead || channel.placed.every(({ seq }) => channel.outcomes().has(seq)));
    await channel.clock.advance(diesAtStep % 3 === 0 ? 50 : 0);
    killable.kill();
    await channel.start();
    await channel.append([assetCall('addValue', ['a', '1'], isDeclared)]);
    await channel.quiet();
    expect(await auditCalls(channel, basic)).toEqual([]);
    const calls = channel.placed.filter(({ operation }) => operation.contract === 'per-transaction');
    const first = calls.filter(({ operation }, at) => calls.findIndex((one) => one.operation === operation) === at);
    if (isDeclared) expect(await ledgerStateOf(channel, 'basic')).toEqual(await serialState(basic, first));
    return killable.steps;
  }

  it.each([true, false])(
    'between any two of its acked writes are neither lost nor applied twice (declared: %s)',
    async (isDeclared) => {
      const steps = await dying(Number.POSITIVE_INFINITY, isDeclared);
      expect(steps).toBeGreaterThan(20);
      for (let step = 1; step <= steps; step++) await dying(step, isDeclared);
    },
  );

  it('repeatedly, on a faulty network with foreign writers, keep all guarantees', async () => {
    const id = fc.constantFrom('a', 'b', 'c');
    const action = fc.oneof(
      fc.tuple(fc.constant('createAsset'), id, fc.constantFrom('ann', 'ben')),
      fc.tuple(fc.constant('addValue'), id, fc.constant('1')),
      fc.tuple(fc.constant('transferAsset'), id, fc.constantFrom('ann', 'ben')),
      fc.tuple(fc.constant('deleteAsset'), id),
      fc.constant(['getAllAssets']),
    );
    const bad = fc.record({
      seed: fc.integer(),
      hopMs: fc.constantFrom(0, 6),
      deaths: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 5 }),
      chance: fc.constantFrom(0, 0.1, 0.3),
      declared: fc.constantFrom(0, 0.5, 1),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 25 }),
        bad,
        async (actions, { seed, hopMs, deaths, chance, declared }) => {
          const channel = await open({ seed, latencies: { hopMs } });
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
          for (const [fn = '', ...args] of actions) {
            await channel.append([assetCall(fn, args, args.length > 0 && random() < declared)]);
            if (random() < 0.1) {
              const value = Buffer.from(JSON.stringify({ id: 'a', owner: 'foreign', value: 0 }));
              void channel.ledger
                .foreignWrite({ key: 'a' as never, value }, { chaincode: 'basic' })
                .catch(() => undefined);
            }
            await channel.clock.advance(Math.floor(random() * 20));
            if (killable.isDead) killable = await startNext();
          }
          killable.kill();
          await channel.start();
          await channel.quiet(600_000);
          await channel.clock.advance(5_000);
          expect(await auditCalls(channel, basic)).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('are applied once when an envelope in the orderer is committed late', async () => {
    const channel = await open();
    const killable = new KillableProcess();
    await channel.start({ killable });
    channel.ledger.setFaults({ envelopeHangs: isCallOf('createAsset'), hangMs: 'held' });
    await channel.append([assetCall('createAsset', ['a', 'ann', '1'], true)]);
    await channel.clock.advance(30);
    killable.kill();
    channel.ledger.setFaults({ envelopeHangs: 0 });
    await channel.start();
    await channel.quiet();
    channel.ledger.releaseHanging();
    await channel.clock.advance(100);
    expect(await ownCodes(channel)).toEqual({ VALID: 1, DUPLICATE_TXID: 1 });
    expect(await auditCalls(channel, basic)).toEqual([]);
  });

  it('end dead after their deadline, and a late envelope of theirs takes no effect', async () => {
    const channel = await open();
    const killable = new KillableProcess();
    await channel.start({ killable });
    channel.ledger.setFaults({ envelopeHangs: isCallOf('createAsset'), hangMs: 'held' });
    const [seq = 0] = await channel.append([assetCall('createAsset', ['a', 'ann', '1'], true)], {
      deadlineMs: channel.clock.now() + 100,
    });
    await channel.clock.advance(30);
    killable.kill();
    await channel.clock.advance(200);
    await channel.start();
    await channel.quiet();
    channel.ledger.releaseHanging();
    await channel.clock.advance(100);
    expect(channel.end(seq)).toBe('dead EXPIRED');
    expect(await ledgerStateOf(channel, 'basic')).toEqual(new Map());
    expect(await auditCalls(channel, basic)).toEqual([]);
  });

  it('are applied when they took effect before their deadline', async () => {
    const channel = await open();
    const killable = new KillableProcess();
    await channel.start({ killable, wrap: withoutOutcomes });
    const [seq = 0] = await channel.append([assetCall('createAsset', ['a', 'ann', '1'], true)], {
      deadlineMs: channel.clock.now() + 100,
    });
    await channel.clock.advance(150);
    killable.kill();
    await channel.start();
    await channel.quiet();
    expect(channel.end(seq)).toBe('applied OK');
    expect(await auditCalls(channel, basic)).toEqual([]);
  });

  it('continue with the next try after tries that foreign writes invalidated', async () => {
    const channel = await open();
    await channel.start();
    await channel.append([assetCall('createAsset', ['a', 'ann', '1'], true)]);
    await channel.quiet();
    const killable = new KillableProcess();
    const second = await channel.start({ killable });
    channel.ledger.setFaults({ envelopeHangs: isCallOf('addValue'), hangMs: 60 });
    await channel.append([assetCall('addValue', ['a', '1'], true)]);
    await channel.clock.advance(30);
    const value = Buffer.from(JSON.stringify({ id: 'a', owner: 'foreign', value: 10 }));
    await channel.ledger.foreignWrite({ key: 'a' as never, value }, { chaincode: 'basic' });
    await channel.until(() => second.count('validated: MVCC_READ_CONFLICT') === 1);
    killable.kill();
    channel.ledger.setFaults({ envelopeHangs: 0 });
    await channel.start();
    await channel.quiet();
    expect((await ledgerStateOf(channel, 'basic')).get('a')).toContain('"value":11');
    expect(await auditCalls(channel, basic)).toEqual([]);
  });
});

const withoutOutcomes = (log: EventLog): EventLog =>
  Object.assign(Object.create(log) as EventLog, {
    append: (topic: string, ...rest: [number, []]) =>
      topic === topics.outcomes ? Promise.reject(new Error('no room')) : log.append(topic, ...rest),
  });

describe('calls on a faulty network', () => {
  it('are sent again unchanged when their envelope is dropped', async () => {
    const channel = await open();
    let dropped = 0;
    channel.ledger.setFaults({ envelopeDropped: ({ fn }) => fn === 'createAsset' && dropped++ < 2 });
    const { notes } = await channel.start();
    await channel.append([assetCall('createAsset', ['a', 'ann', '1'], true)]);
    await channel.quiet();
    expect(dropped).toBe(3);
    expect(notes.filter((note) => note === 'endorsed')).toHaveLength(1);
    expect(await auditCalls(channel, basic)).toEqual([]);
  });

  it('are applied once when their acknowledgement is lost', async () => {
    const channel = await open({ faults: { acknowledgementLost: isCallOf('createAsset') } });
    await channel.start();
    await channel.append([assetCall('createAsset', ['a', 'ann', '1'], true)]);
    await channel.quiet();
    await channel.clock.advance(5_000);
    expect((await ownCodes(channel))['VALID']).toBeGreaterThan(0);
    expect(await auditCalls(channel, basic)).toEqual([]);
  });

  it('are not rejected because state cannot be read', async () => {
    const channel = await open();
    await channel.start();
    await channel.append([assetCall('createAsset', ['a', 'ann', '1'], true)]);
    await channel.quiet();
    channel.ledger.setFaults({ stateReadsFail: 1 });
    const [seq = 0] = await channel.append([assetCall('addValue', ['a', '1'], true)]);
    await channel.clock.advance(3_000);
    expect(channel.end(seq)).toBeUndefined();
    channel.ledger.setFaults({ stateReadsFail: 0 });
    await channel.quiet();
    expect(channel.end(seq)).toBe('applied OK');
  });
});

describe('two live instances', () => {
  it('apply each call once and report the same, while the older one has not noticed the newer', async () => {
    const channel = await open({ latencies: { hopMs: 4 } });
    const withoutDelivery = (log: EventLog): EventLog =>
      new FaultyEventLog(log, { seed: 1, deliveries: { [topics.progress]: { drop: 1 } } });
    const first = await channel.start({ wrap: withoutDelivery });
    const second = await channel.start();
    await channel.append([assetCall('createAsset', ['a', 'ann', '0'], true), assetCall('readAsset', ['none'], true)]);
    for (let run = 0; run < 12; run++) {
      await channel.append([
        assetCall('addValue', ['a', '1'], run % 2 === 0),
        assetCall('createAsset', ['a', 'x', '0'], true),
      ]);
      await channel.clock.advance(9);
    }
    await channel.quiet();
    await channel.until(() => first.loop.status().planner.live + second.loop.status().planner.live === 0);
    expect(first.isSuperseded()).toBe(false);
    expect((await ledgerStateOf(channel, 'basic')).get('a')).toContain('"value":12');
    expect(await auditCalls(channel, basic)).toEqual([]);
  });
});
