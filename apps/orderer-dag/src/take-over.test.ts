import { describe, expect, it } from '@jest/globals';
import { newestProgress, progressCodec, progressKey, topics, type EventLog } from '@medrex/contracts';
import { FaultyEventLog } from '@medrex/contracts/testing';
import { assetOperations } from '@medrex/execute-batch/testing';
import { seededRandom } from '@medrex/ledger';
import fc from 'fast-check';
import { pause } from './clock.ts';
import { audit, auditSerially } from './testing/audit.ts';
import { KillableProcess } from './testing/killable-process.ts';
import { deposit, discoveringOperations } from './testing/operations.ts';
import { TestChannel, type TestChannelOptions, type TestInstance } from './testing/test-channel.ts';

const standby = { heartbeatMs: 1_000, leaseMs: 3_000, silenceMs: 4_000 };
/** Guaranteed maximum from the death of the leader to the first outcome of the next one, in ms. */
const promisedMs = 5_000;

const openChannel = (options: TestChannelOptions = {}): Promise<TestChannel> =>
  TestChannel.open({ ...options, limits: { standby, ...options.limits } });

const progressOf = async (log: EventLog) =>
  newestProgress(
    'ehr',
    (await log.latest(topics.progress, 0)).map(({ value }) => value),
  );

const leads = (instance: TestInstance): boolean => instance.driver.loop !== undefined;

/** A leader with some outcomes, and a standby. */
async function pair(options: TestChannelOptions = {}, killable = new KillableProcess()) {
  const channel = await openChannel(options);
  const leader = await channel.start({ killable });
  await channel.append([deposit('ann'), deposit('ben')]);
  await channel.quiet();
  const second = await channel.start();
  return { channel, killable, leader, second };
}

describe('an instance that starts while another one leads', () => {
  it('stays a standby as long as the leader writes progress, even without changes', async () => {
    const { channel, leader, second } = await pair();
    await channel.clock.advance(60_000);
    expect([leads(leader), leads(second), second.notes]).toEqual([true, false, ['waits: 1']]);
    expect(second.driver.notReady()).toBeUndefined();
  });

  it('keeps the operations from the low-water mark on, and drops those below it', async () => {
    const { channel, leader } = await pair();
    const { driver } = await channel.start();
    channel.ledger.setFaults({ endorsementFails: 1 });
    await channel.append(Array.from({ length: 20 }, () => deposit('ann')));
    await channel.clock.advance(200);
    const newest = await progressOf(channel.newLog());
    expect([newest?.lowWaterMark, driver.readFrom.operations]).toEqual([1_024, 1]);
    channel.ledger.setFaults({ endorsementFails: 0 });
    await channel.quiet();
    await channel.clock.advance(200);
    expect([leads(leader), driver.readFrom.operations]).toEqual([true, 2]);
  });

  it('leads at once when the last leader has handed over, or there never was one', async () => {
    const channel = await openChannel();
    const first = await channel.start();
    await first.stop();
    const second = await channel.start();
    expect([first, second].map(({ notes }) => notes[0])).toEqual(['leads: 1 start', 'leads: 2 start']);
  });
});

describe('a leader that dies', () => {
  it('is succeeded within five seconds, and all its operations are carried', async () => {
    const { channel, killable, second } = await pair({ latencies: { hopMs: 4 } });
    for (const pauseMs of [0, 130, 400, 999]) await channel.clock.advance(pauseMs);
    await channel.append([deposit('ann'), deposit('ben'), deposit('ann')]);
    await channel.clock.advance(6);
    killable.kill();
    const seqs = await channel.append([deposit('ann'), deposit('cat')]);
    const diedMs = channel.clock.now();
    await channel.until(() => channel.end(seqs[0] as number) !== undefined);
    expect(channel.clock.now() - diedMs).toBeLessThanOrEqual(promisedMs);
    expect(channel.clock.now() - diedMs).toBeGreaterThan(standby.silenceMs - standby.heartbeatMs);
    await channel.quiet();
    expect(second.notes.slice(0, 2)).toEqual(['waits: 1', 'leads: 2 silence']);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });

  it('is succeeded by one of three standbys; the others keep waiting', async () => {
    const { channel, killable, second: none } = await pair();
    await none.stop();
    const processes = [new KillableProcess(), new KillableProcess(), new KillableProcess()];
    const others: TestInstance[] = [];
    // A remote broker: a claim is read some time after it was written.
    const slow = (log: EventLog): EventLog =>
      Object.assign(Object.create(log) as EventLog, {
        append: async (...what: Parameters<EventLog['append']>) => {
          await pause(channel.clock, 30);
          return log.append(...what);
        },
      });
    for (const one of processes) others.push(await channel.start({ killable: one, wrap: slow }));
    killable.kill();
    await channel.append([deposit('ann')]);
    await channel.quiet();
    await channel.clock.advance(20_000);
    expect(others.filter(leads)).toHaveLength(1);
    // The others did not even try, as each waits a little longer than the one before.
    expect(processes.filter(({ steps }) => steps === 0)).toHaveLength(2);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });

  it('is succeeded by one of two that claim the same generation at the same time', async () => {
    const channel = await openChannel();
    const [first, second] = await Promise.all([channel.start(), channel.start()]);
    await channel.append([deposit('ann'), deposit('ben')]);
    await channel.quiet();
    await channel.clock.advance(20_000);
    expect([first, second].map((one) => one.isSuperseded()).sort()).toEqual([false, true]);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });
});

describe('a standby', () => {
  it('at its memory limit admits the kept operations before newly read ones when it takes over', async () => {
    const limits = { live: { operationsMax: 12, bytesMax: 1_000_000 } };
    const { channel, killable, second } = await pair({ limits });
    channel.ledger.setFaults({ endorsementFails: 1 });
    for (let run = 0; run < 20; run++) {
      await channel.append([deposit('ann'), deposit('ben')]);
      await channel.clock.advance(5);
    }
    killable.kill();
    channel.ledger.setFaults({ endorsementFails: 0 });
    await channel.quiet();
    expect(leads(second)).toBe(true);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });

  it('that was suspended reads the log before it takes over', async () => {
    const channel = await openChannel();
    await channel.start();
    const killable = new KillableProcess();
    const second = await channel.start({ killable });
    await channel.clock.advance(3_900);
    killable.stop();
    await channel.clock.advance(60_000);
    killable.resume();
    await channel.clock.advance(60_000);
    expect(second.notes).toEqual(['waits: 1']);
  });

  it('that cannot read the log reports that, and does not take over', async () => {
    const channel = await openChannel();
    await channel.start();
    let isDown = false;
    const down = (log: EventLog): EventLog =>
      Object.assign(Object.create(log) as EventLog, {
        bounds: (...place: [string, number]) =>
          isDown ? Promise.reject(new Error('no broker')) : log.bounds(...place),
        subscribe: (...how: Parameters<EventLog['subscribe']>) =>
          log.subscribe(how[0], (run) => (isDown ? Promise.reject(new Error('no broker')) : how[1](run))),
      });
    const second = await channel.start({ wrap: down });
    isDown = true;
    await channel.clock.advance(30_000);
    expect([leads(second), second.driver.notReady()]).toEqual([false, 'progress-unreadable']);
    isDown = false;
    await channel.clock.advance(30_000);
    expect([leads(second), second.driver.notReady()]).toEqual([false, undefined]);
  });

  it('that gets no records checks the log first, and takes over when the log has nothing new', async () => {
    const channel = await openChannel();
    const killable = new KillableProcess();
    await channel.start({ killable });
    const deaf = (log: EventLog): EventLog =>
      new FaultyEventLog(log, { seed: 1, deliveries: { [topics.progress]: { drop: 1 } } });
    const second = await channel.start({ wrap: deaf });
    await channel.clock.advance(60_000);
    expect(leads(second)).toBe(false);
    killable.kill();
    await channel.clock.advance(10_000);
    expect(leads(second)).toBe(true);
  });

  it('ends when the low-water mark decreases, i.e. the topics were reset', async () => {
    const { channel, leader, second } = await pair();
    await channel.clock.advance(1_000);
    await leader.driver.abandon();
    const log = channel.newLog();
    const newest = await progressOf(log);
    const reset = { channel: 'ehr', generation: 2, lowWaterMark: 0, doneRanges: [], live: 0 };
    const progress = { ...newest, ...reset, contractVersion: '1', blockHeight: newest?.blockHeight ?? 0 };
    await log.append(topics.progress, 0, [{ key: progressKey(progress), value: progressCodec.encode(progress) }]);
    await channel.clock.advance(50);
    expect(second.isSuperseded()).toBe(true);
  });
});

describe('a planned hand-over', () => {
  it('takes less than a second under load, loses no operation and applies none twice', async () => {
    const { channel, leader, second } = await pair({ latencies: { hopMs: 4 } });
    const people = Array.from({ length: 40 }, (_, at) => `p${at}`);
    // A thousand operations a second, five at a time.
    const load = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 5) {
        await channel.append(people.slice((passed / 5) % 35, ((passed / 5) % 35) + 5).map((name) => deposit(name)));
        await channel.clock.advance(5);
      }
    };
    await load(500);
    const reportedMs = channel.clock.now();
    const stopping = leader.stop();
    const [next] = (await channel.append([deposit('next')])) as [number];
    await load(300);
    await channel.until(() => channel.end(next) !== undefined);
    expect(channel.clock.now() - reportedMs).toBeLessThan(1_000);
    await stopping;
    await channel.quiet();
    expect([leader.notes.at(-1), second.notes.slice(0, 2)]).toEqual([
      'handed over: 1',
      ['waits: 1', 'leads: 2 handed-over'],
    ]);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });

  it('goes to one of three, and back when the first has restarted and the second leaves', async () => {
    const { channel, leader, second } = await pair();
    const others = [second, await channel.start(), await channel.start()];
    await leader.stop();
    await channel.clock.advance(1_000);
    expect(others.filter(leads)).toHaveLength(1);
    const again = await channel.start();
    for (const one of others) await one.stop();
    await channel.clock.advance(1_000);
    expect([leads(again), again.notes.slice(0, 1)]).toEqual([true, [expect.stringMatching(/^waits/)]]);
    await channel.append([deposit('ann')]);
    await channel.quiet();
    expect(await audit(channel)).toEqual([]);
  });
});

describe('a leader that is suspended and resumes after the take-over', () => {
  /** Suspends the leader at a step, lets the standby take over, and resumes the leader. */
  async function suspendAndResume(endsAtStep: number): Promise<number> {
    const killable = new KillableProcess(endsAtStep, 'stop');
    const channel = await openChannel({ latencies: { hopMs: 4 }, limits: { progressEveryMs: 10 } });
    const leader = await channel.start({ killable });
    const second = killable.isStopped ? undefined : await channel.start();
    for (let run = 0; run < 4; run++) {
      await channel.append([deposit('ann'), deposit('ben'), deposit('ann')]);
      await channel.clock.advance(9);
    }
    killable.stop();
    const next = second ?? (await channel.start());
    await channel.until(() => leads(next), 10_000);
    await channel.append([deposit('ann'), deposit('cat')]);
    await channel.clock.advance(endsAtStep % 2 === 0 ? 3 : 60);
    killable.resume();
    await channel.append([deposit('ann')]);
    await channel.quiet();
    await channel.clock.advance(5_000);
    expect([leader.isSuperseded(), next.isSuperseded()]).toEqual([true, false]);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
    return killable.steps;
  }

  it('at any of its acked writes has no further effect, and ends', async () => {
    const steps = await suspendAndResume(Number.POSITIVE_INFINITY);
    expect(steps).toBeGreaterThanOrEqual(20);
    for (let step = 3; step <= steps; step++) await suspendAndResume(step);
  }, 60_000);

  it('sends nothing, as its lease has expired, unless it was already sending', async () => {
    const { channel, killable, leader, second } = await pair({ latencies: { hopMs: 4 } });
    // Its endorsement is answered while it is suspended.
    await channel.append([deposit('ann')]);
    await channel.until(() => leader.count('started: 1') > 0);
    const sent = leader.count('sent');
    killable.stop();
    await channel.until(() => leads(second), 10_000);
    await channel.quiet();
    killable.resume();
    await channel.append([deposit('ann'), deposit('dan')]);
    await channel.quiet();
    expect([leader.count('sent') - sent, leader.isSuperseded()]).toEqual([0, true]);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });

  it('asks the log who leads before it sends anything, and ends, even without a record from the topic', async () => {
    const channel = await openChannel({ latencies: { hopMs: 4 } });
    const killable = new KillableProcess();
    const deaf = (log: EventLog): EventLog =>
      new FaultyEventLog(log, { seed: 1, deliveries: { [topics.progress]: { drop: 1 } } });
    const leader = await channel.start({ killable, wrap: deaf });
    const second = await channel.start();
    // Its endorsement is answered while it is suspended.
    await channel.append([deposit('ann')]);
    await channel.until(() => leader.count('started: 1') > 0);
    killable.stop();
    await channel.until(() => leads(second), 10_000);
    await channel.quiet();
    killable.resume();
    await channel.append([deposit('ann'), deposit('dan')]);
    await channel.clock.advance(1_500);
    expect([leader.count('returned: lapsed'), leader.count('sent'), leader.isSuperseded()]).toEqual([1, 0, true]);
    await channel.quiet();
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });

  it('continues when no other instance took over meanwhile', async () => {
    const channel = await openChannel();
    const killable = new KillableProcess();
    const only = await channel.start({ killable });
    killable.stop();
    await channel.append([deposit('ann')]);
    await channel.clock.advance(60_000);
    killable.resume();
    await channel.quiet();
    expect([leads(only), only.isSuperseded()]).toEqual([true, false]);
    expect(await audit(channel)).toEqual([]);
  });

  it('repeatedly, with deaths and hand-overs in between, on a faulty network, keeps all guarantees', async () => {
    const action = fc.constantFrom('kill' as const, 'stop' as const, 'hand over' as const, 'nothing' as const);
    const bad = fc.record({
      seed: fc.integer(),
      hopMs: fc.constantFrom(0, 6),
      actions: fc.array(fc.record({ action, afterMs: fc.nat(300) }), { maxLength: 4 }),
      chance: fc.constantFrom(0, 0.1, 0.3),
    });
    const histories = fc.oneof(assetOperations({ maxLength: 30 }), discoveringOperations);
    await fc.assert(
      fc.asyncProperty(histories, bad, async (operations, { seed, hopMs, actions, chance }) => {
        const channel = await openChannel({ seed, latencies: { hopMs }, limits: { progressEveryMs: 10 } });
        const random = seededRandom(seed);
        const struck = { endorsementFails: chance / 2, envelopeDropped: chance / 4, acknowledgementLost: chance };
        channel.ledger.setFaults({ ...struck, envelopeHangs: chance / 2, hangMs: 2_500 });
        const born = async () => {
          const killable = new KillableProcess();
          return { killable, instance: await channel.start({ killable }) };
        };
        let all = [await born(), await born()];
        const left = [...operations];
        const carry = async (ms: number): Promise<void> => {
          await channel.append(left.splice(0, 1 + Math.floor(random() * 5)));
          if (random() < 0.2) channel.foreignWrite('ann', 2);
          await channel.clock.advance(ms);
        };
        for (const { action, afterMs } of actions) {
          await carry(afterMs);
          const leader = all.find(({ instance, killable }) => leads(instance) && !killable.isStopped);
          if (leader === undefined || action === 'nothing') continue;
          if (action === 'kill') leader.killable.kill();
          else if (action === 'stop') leader.killable.stop();
          else void leader.instance.stop();
          if (action !== 'stop') all = all.filter((one) => one !== leader);
          all.push(await born());
          await carry(random() < 0.5 ? 4_600 : 50);
          for (const { killable } of all) if (random() < 0.7) killable.resume();
        }
        for (const { killable } of all) killable.resume();
        if (left.length > 0) await channel.append(left);
        await channel.quiet(600_000);
        await channel.clock.advance(15_000);
        expect(await audit(channel)).toEqual([]);
        expect(all.filter(({ instance }) => leads(instance) && !instance.isSuperseded())).toHaveLength(1);
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});
