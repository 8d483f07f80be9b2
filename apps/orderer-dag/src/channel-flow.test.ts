import { describe, expect, it } from '@jest/globals';
import { analyzedCodec, newestProgress, operationClasses, topics, type EventLog } from '@medrex/contracts';
import { FaultyEventLog } from '@medrex/contracts/testing';
import type { Contract } from '@medrex/execute-batch';
import { accountKey, assetTransfer, holdingKey } from '@medrex/execute-batch/testing';
import { seededRandom, type Proposal } from '@medrex/ledger';
import { audit, auditSerially } from './testing/audit.ts';
import { allReports } from './testing/channel-record.ts';
import { anAssetOperation, carries, deposit, isFusion } from './testing/operations.ts';
import { TestChannel } from './testing/test-channel.ts';

const people = Array.from({ length: 10 }, (_, at) => `p${at}`);

describe('a repeated operation', () => {
  it('gets the outcome of the first one: in the same fusion, while it is in flight, and afterwards', async () => {
    const channel = await TestChannel.open({ latencies: { hopMs: 10 } });
    const instance = await channel.start();
    const one = deposit('ann');
    const seqs = await channel.append([one, one]);
    await channel.until(() => instance.count('sent') > 0);
    seqs.push(...(await channel.append([one])));
    await channel.quiet();
    seqs.push(...(await channel.append([one, deposit('ann')])));
    await channel.quiet();
    const outcomes = channel.outcomes();
    const reported = seqs
      .slice(0, 4)
      .map((seq) =>
        outcomes.get(seq)?.map(({ status, code, txId, blockNum, txNum }) => ({ status, code, txId, blockNum, txNum })),
      );
    expect(new Set(reported.map((all) => JSON.stringify(all))).size).toBe(1);
    expect(reported[0]).toHaveLength(1);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });

  it('waits for the first one even when it conflicts with nothing else', async () => {
    const channel = await TestChannel.open({ latencies: { hopMs: 10 } });
    const instance = await channel.start();
    const note = anAssetOperation({ do: 'note', asset: 'a', id: 'n1' });
    await channel.append([note]);
    await channel.until(() => instance.count('sent') > 0);
    await channel.append([note, deposit('ann')]);
    await channel.append([note, deposit('ben')]);
    await channel.quiet();
    expect(instance.notes.filter((text) => text.startsWith('validated') && text !== 'validated: VALID')).toEqual([]);
    expect(await audit(channel)).toEqual([]);
  });

  it('with another body is rejected as ID_REUSED, and the first outcome stays', async () => {
    const channel = await TestChannel.open();
    await channel.start();
    const one = deposit('ann');
    const seqs = await channel.append([one, { ...one, sourceHash: 'f'.repeat(32) }, one]);
    await channel.quiet();
    expect(seqs.map((seq) => channel.end(seq))).toEqual(['applied OK', 'rejected ID_REUSED', 'applied OK']);
    expect(await audit(channel)).toEqual([]);
  });
});

describe('a key that depends on the state', () => {
  /** `a` belongs to ann; transferring it from her discovers the key of her holding. */
  async function started() {
    const channel = await TestChannel.open({ latencies: { hopMs: 5 } });
    const instance = await channel.start();
    await channel.append([anAssetOperation({ do: 'create', asset: 'a', owner: 'ann', value: 1 })]);
    await channel.quiet();
    return { channel, instance };
  }

  it('that another flight holds widens the operation before anything is sent, so that nothing conflicts', async () => {
    const { channel, instance } = await started();
    await channel.append([anAssetOperation({ do: 'create', asset: 'b', owner: 'ann', value: 1 })]);
    await channel.until(() => instance.count('sent') === 2);
    const [seq] = (await channel.append([anAssetOperation({ do: 'transfer', asset: 'a', to: 'ben' })])) as [number];
    await channel.quiet();
    expect(instance.notes.filter((note) => note.startsWith('returned'))).toEqual(['returned: widened']);
    expect(instance.notes.filter((note) => note.startsWith('validated') && note !== 'validated: VALID')).toEqual([]);
    expect(channel.outcomes().get(seq)?.[0]?.status).toBe('applied');
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });

  it('that is free is added to the queues, and reported as undeclared in the outcome', async () => {
    const { channel, instance } = await started();
    const [seq] = (await channel.append([anAssetOperation({ do: 'transfer', asset: 'a', to: 'ben' })])) as [number];
    await channel.quiet();
    expect(instance.count('returned: widened')).toBe(0);
    const reported = allReports(channel.topics).flatMap(({ outcomes }) => outcomes);
    expect(reported.find((outcome) => outcome.seq === seq)?.undeclared).toEqual([
      { key: holdingKey('ann'), mode: 'readWrite' },
    ]);
  });
});

describe('an operation that touches another key at each try', () => {
  it('is closed after eight tries, at its place in the order', async () => {
    const restless = deposit('ann');
    let tries = 0;
    const contract: Contract = {
      ...assetTransfer,
      async apply(operation, state, budget) {
        if (operation.opId === restless.opId) await state.get(accountKey(`h${(tries += 1)}`));
        return assetTransfer.apply(operation, state, budget);
      },
    };
    // Each key that it discovers is held by an operation that is in flight for 200 ms.
    const isHeld = (proposal: Proposal): boolean => isFusion(proposal) && !carries(proposal, restless);
    const channel = await TestChannel.open({ contracts: [contract], faults: { envelopeHangs: isHeld, hangMs: 200 } });
    const instance = await channel.start();
    await channel.append([deposit('h1')]);
    await channel.until(() => instance.count('sent') === 1);
    const [seq] = (await channel.append([restless])) as [number];
    for (let number = 2; number < 12; number++) {
      await channel.clock.advance(150);
      await channel.append([deposit(`h${number}`)]);
    }
    await channel.quiet();
    expect([channel.end(seq), tries]).toEqual(['dead UNSTABLE_KEYS', 8]);
    expect(instance.count('closing: UNSTABLE_KEYS')).toBe(1);
    expect(channel.placed.filter((one) => channel.end(one.seq) === 'applied OK')).toHaveLength(11);
  });
});

describe('a foreign writer', () => {
  it('costs tries but no operation: all are applied on top of its writes', async () => {
    const channel = await TestChannel.open({ seed: 5 });
    const instance = await channel.start();
    const random = seededRandom(5);
    for (let run = 0; run < 60; run++) {
      await channel.append(people.slice(0, 3).map((name) => deposit(name)));
      if (run % 5 === 0) channel.foreignWrite(people[run % 3] as string, run);
      await channel.clock.advance(Math.floor(random() * 40));
    }
    await channel.quiet();
    expect(await audit(channel)).toEqual([]);
    expect(channel.placed.every(({ seq }) => channel.end(seq) === 'applied OK')).toBe(true);
    expect(instance.count('returned: own')).toBe(0);
    expect(instance.loop.status().planner.foreignKeys).toBeGreaterThan(0);
    // Twelve foreign writes: at most 1.1 of our envelopes lost for each.
    expect(instance.count('validated: MVCC_READ_CONFLICT')).toBeLessThanOrEqual(13);
  });

  it('that invalidates a fusion makes the contract decide again: a rejection counts only in a VALID envelope', async () => {
    const channel = await TestChannel.open();
    const instance = await channel.start();
    await channel.append([deposit('ann')]);
    await channel.quiet();
    // The next fusion finds too low a balance; before it is ordered, a foreign write raises it.
    const seqs = await (async () => {
      channel.ledger.setFaults({ envelopeHangs: ({ fn }) => fn === 'executeBatch' });
      const made = await channel.append([
        anAssetOperation({ do: 'pay', from: 'ann', to: 'ben', amount: 5 }),
        deposit('cat'),
      ]);
      await channel.until(() => instance.count('sent') === 2);
      return made;
    })();
    channel.foreignWrite('ann', 100);
    await channel.clock.advance(50);
    channel.ledger.setFaults({ envelopeHangs: 0 });
    channel.ledger.releaseHanging();
    await channel.quiet();
    expect(instance.notes).toContain('returned: foreign');
    expect(seqs.map((seq) => channel.end(seq))).toEqual(['applied OK', 'applied OK']);
    expect(await audit(channel)).toEqual([]);
  });

  it('is noticed before sending when its block arrives during endorsement', async () => {
    const channel = await TestChannel.open({ latencies: { endorseMs: 60 } });
    const instance = await channel.start();
    channel.foreignWrite('ann', 9);
    await channel.clock.advance(62);
    await channel.append([deposit('ann')]); // endorsed from 62 to 122 ms; the foreign block arrives at 80 ms
    await channel.quiet();
    expect([instance.count('returned: stale'), instance.count('validated: MVCC_READ_CONFLICT')]).toEqual([1, 0]);
    expect(await audit(channel)).toEqual([]);
  });
});

describe('advice', () => {
  it('may be repeated, out of order, missing, or for unknown operations', async () => {
    const channel = await TestChannel.open();
    const disturbed = (log: EventLog): EventLog =>
      new FaultyEventLog(log, { seed: 3, deliveries: { [topics.analyzed]: { duplicate: 0.5, swap: 0.5, drop: 0.2 } } });
    await channel.start({ wrap: disturbed });
    const log = channel.newLog();
    for (let run = 0; run < 10; run++) {
      const seqs = await channel.append(people.map((name) => deposit(name)));
      const about = [...seqs, 999_999_999, 0, 1];
      const analyses = about.map((seq) => ({
        seq,
        opId: '0'.repeat(32),
        edges: [],
        isConflicting: false,
        depth: run,
        criticality: seq % 7,
      }));
      await log.append(topics.analyzed, 0, [{ value: analyzedCodec.encode({ channel: 'ehr', analyses }) }]);
      await channel.clock.advance(5);
    }
    await channel.quiet();
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });
});

describe('the log of operations', () => {
  it('is read only as far as memory allows, without deadlock', async () => {
    const channel = await TestChannel.open({ limits: { live: { operationsMax: 30, bytesMax: 1_000_000 } } });
    const instance = await channel.start();
    for (let run = 0; run < 60; run++) await channel.append(people.map((name) => deposit(name)));
    let most = 0;
    await channel.until(() => {
      most = Math.max(most, instance.loop.status().planner.live);
      return channel.placed.every(({ seq }) => channel.outcomes().has(seq));
    });
    expect(most).toBeLessThanOrEqual(40);
    expect(await auditSerially(channel)).toEqual([]);
  });

  it('may be delivered twice', async () => {
    const channel = await TestChannel.open();
    const twice = (log: EventLog): EventLog =>
      new FaultyEventLog(log, { seed: 3, deliveries: { [topics.operations]: { duplicate: 0.7 } } });
    await channel.start({ wrap: twice });
    for (let run = 0; run < 10; run++) {
      await channel.append(people.map((name) => deposit(name)));
      await channel.clock.advance(5);
    }
    await channel.quiet();
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
    const reported = allReports(channel.topics).flatMap(({ outcomes }) => outcomes);
    expect(reported).toHaveLength(100);
  });

  it('may be truncated below the low-water mark once that is durable', async () => {
    const channel = await TestChannel.open();
    await channel.start();
    for (let run = 0; run < 70; run++) await channel.append([deposit('ann')]);
    await channel.quiet();
    await channel.clock.advance(500);
    const log = channel.newLog();
    const progress = newestProgress(
      'ehr',
      (await log.latest(topics.progress, 0)).map(({ value }) => value),
    );
    expect(progress).toMatchObject({ lowWaterMark: 70 * 1024, doneRanges: [], live: 0 });
    expect((await log.bounds(topics.operations, 0)).start).toBe(70);
  });

  it('is not truncated while the mark is not durable', async () => {
    const channel = await TestChannel.open();
    let isDown = false;
    const failing = (log: EventLog): EventLog =>
      Object.assign(Object.create(log) as EventLog, {
        append: (topic: string, ...rest: [number, []]) =>
          isDown && topic === topics.progress ? Promise.reject(new Error('no room')) : log.append(topic, ...rest),
      });
    await channel.start({ wrap: failing });
    isDown = true;
    for (let run = 0; run < 70; run++) await channel.append([deposit('ann')]);
    await channel.quiet();
    await channel.clock.advance(10_000);
    expect((await channel.newLog().bounds(topics.operations, 0)).start).toBe(0);
    isDown = false;
    await channel.clock.advance(10_000);
    expect((await channel.newLog().bounds(topics.operations, 0)).start).toBe(70);
  });

  it('stops at an unreadable record, and reports it', async () => {
    const channel = await TestChannel.open();
    const instance = await channel.start();
    const before = await channel.append([deposit('ann')]);
    await channel.newLog().append(topics.operations, 0, [{ value: Buffer.from('nonsense') }]);
    const after = await channel.append([deposit('ann')]);
    await channel.clock.advance(5_000);
    expect([...before, ...after].map((seq) => channel.end(seq))).toEqual(['applied OK', undefined]);
    expect(instance.loop.status().progress.lowWaterMark).toBe(1024);
  });
});

describe('a deadline', () => {
  it('that has passed before planning closes the operation at its place in the order', async () => {
    const channel = await TestChannel.open();
    const instance = await channel.start();
    await channel.append([deposit('ann')]);
    const late = await channel.append([deposit('ann')], { deadlineMs: channel.clock.now() - 1 });
    const after = await channel.append([deposit('ann')]);
    await channel.quiet();
    expect([...late, ...after].map((seq) => channel.end(seq))).toEqual(['dead EXPIRED', 'applied OK']);
    expect(await audit(channel)).toEqual([]);
    expect(instance.loop.status().planner.live).toBe(0);
  });
});

describe('an operation that is ready but never carried', () => {
  it('is closed after 30 s of working time, with an alarm after 10 s', async () => {
    const neverOrdered = deposit('ann');
    const channel = await TestChannel.open({
      faults: {
        envelopeDropped: ({ args }) => args.some((arg) => arg[0] === 0 && Buffer.from(arg).includes(neverOrdered.opId)),
      },
    });
    const instance = await channel.start();
    const [seq] = (await channel.append([neverOrdered])) as [number];
    const work = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        await channel.append([deposit('ben')]);
        await channel.clock.advance(1_000);
      }
    };
    await work(9);
    expect(instance.count('hanging: 1')).toBe(0);
    await work(4);
    expect([instance.count('hanging: 1') > 0, instance.count('closing: READY_TOO_LONG')]).toEqual([true, 0]);
    await work(47);
    await channel.quiet();
    expect(channel.end(seq)).toBe('dead READY_TOO_LONG');
    expect(await audit(channel)).toEqual([]);
  });
});

describe('SIGTERM', () => {
  it('waits for flights, writes progress, and leaves nothing to be repeated', async () => {
    const channel = await TestChannel.open({ latencies: { hopMs: 5 } });
    const first = await channel.start();
    await channel.append(people.map((name) => deposit(name)));
    await channel.until(() => first.count('sent') > 0);
    const stopping = first.stop();
    await channel.clock.advance(1_000);
    await stopping;
    const progress = newestProgress(
      'ehr',
      (await channel.newLog().latest(topics.progress, 0)).map(({ value }) => value),
    );
    expect(progress).toMatchObject({ lowWaterMark: 1024, live: 0 });
    await channel.start();
    await channel.append([deposit('ann')]);
    await channel.quiet();
    expect(allReports(channel.topics).flatMap(({ outcomes }) => outcomes)).toHaveLength(11);
  });

  it('waits at most a second for flights', async () => {
    const channel = await TestChannel.open({ faults: { envelopeHangs: 1 } });
    const first = await channel.start();
    await channel.append([deposit('ann')]);
    await channel.until(() => first.count('sent') > 0);
    let isStopped = false;
    void first.stop().then(() => (isStopped = true));
    await channel.clock.advance(900);
    expect(isStopped).toBe(false);
    await channel.clock.advance(200);
    expect(isStopped).toBe(true);
    channel.ledger.setFaults({ envelopeHangs: 0 });
    channel.ledger.releaseHanging();
    await channel.start();
    await channel.quiet();
    expect(await audit(channel)).toEqual([]);
  });
});

describe('classes', () => {
  it('are all carried, whatever is in front of them', async () => {
    const channel = await TestChannel.open();
    await channel.start();
    for (const name of operationClasses)
      await channel.append(
        people.map((person) => deposit(person)),
        { class: name },
      );
    await channel.quiet();
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });
});
