import { describe, expect, it } from '@jest/globals';
import { decodeDeadLetter, topics, type DeadLetter, type EventLog } from '@medrex/contracts';
import { encodeOperation, type Operation } from '@medrex/execute-batch';
import { audit } from './testing/audit.ts';
import { KillableProcess } from './testing/killable-process.ts';
import { assetContractWith, deposit } from './testing/operations.ts';
import { TestChannel } from './testing/test-channel.ts';

const broken = deposit('ben', { bodies: [Buffer.from('c2VhbGVk')] });
const contract = assetContractWith(
  ({ opId }) => opId === broken.opId,
  () => Promise.reject(new TypeError('a defect of the contract')),
);
const open = () => TestChannel.open({ contracts: [contract], limits: { progressEveryMs: 10 } });

function lettersOf(channel: TestChannel): DeadLetter[] {
  const partition = channel.topics.partition(topics.deadLetters, 0);
  return partition.read(partition.start, Infinity, Infinity).map(decodeDeadLetter);
}

/** A log that rejects dead letters while `isDown`. */
function without(log: EventLog, down: { isDown: boolean }): EventLog {
  return Object.assign(Object.create(log) as EventLog, {
    append: (...given: Parameters<EventLog['append']>) =>
      down.isDown && given[0] === topics.deadLetters ? Promise.reject(new Error('no room')) : log.append(...given),
  });
}

const bytesOf = (operation: Operation) => Buffer.from(encodeOperation(operation));

describe('an operation that ended dead', () => {
  it('has a dead letter with its bytes and the reason; applied and rejected ones have none', async () => {
    const channel = await open();
    await channel.start();
    const late = deposit('ann');
    await channel.append([deposit('ann'), broken, deposit('ann')], { class: 'cpoe', item: 4 });
    await channel.append([late], { deadlineMs: channel.clock.now() - 1 });
    await channel.quiet();
    const letters = lettersOf(channel);
    const found = letters.map(({ operation, reason }) => [operation.opId, reason]);
    expect(found.sort()).toEqual(
      [
        [broken.opId, 'CONTRACT_ERROR'],
        [late.opId, 'EXPIRED'],
      ].sort(),
    );
    const letter = letters.find(({ reason }) => reason === 'CONTRACT_ERROR');
    expect(letter?.routing).toMatchObject({ class: 'cpoe', item: 4, sealedName: 'c2VhbGVk' });
    expect(Buffer.from(letter?.operationBytes ?? [])).toEqual(bytesOf(broken));
  });

  it('is reported only when its dead letter is durable, for which the channel waits', async () => {
    const channel = await open();
    const down = { isDown: true };
    const { count } = await channel.start({ wrap: (log) => without(log, down) });
    const [dead, other] = (await channel.append([broken, deposit('ann')])) as [number, number];
    await channel.clock.advance(5_000);
    expect(count('settled')).toBe(1);
    expect([channel.end(dead), channel.end(other)]).toEqual([undefined, undefined]);
    const [later] = (await channel.append([deposit('ann')])) as [number];
    await channel.until(() => channel.end(later) === 'applied OK');
    down.isDown = false;
    await channel.quiet();
    expect(channel.end(dead)).toBe('dead CONTRACT_ERROR');
    expect(lettersOf(channel)).toHaveLength(1);
  });

  it('has a dead letter before its outcome is reported, wherever orderer-dag dies', async () => {
    const dying = async (step: number): Promise<number> => {
      const channel = await open();
      const killable = new KillableProcess(step);
      await channel.start({ killable });
      const [dead] = (await channel.append([broken, deposit('ann')])) as [number];
      await channel.until(() => killable.isDead || channel.end(dead) !== undefined);
      await channel.clock.advance(30);
      const isReported = channel.end(dead) !== undefined;
      expect(lettersOf(channel).length > 0 || !isReported).toBe(true);
      killable.kill();
      await channel.start();
      await channel.append([deposit('ann')]);
      await channel.quiet();
      expect(channel.end(dead)).toBe('dead CONTRACT_ERROR');
      expect(new Set(lettersOf(channel).map(({ operation }) => operation.opId))).toEqual(new Set([broken.opId]));
      expect(await audit(channel)).toEqual([]);
      return killable.steps;
    };
    const steps = await dying(Number.POSITIVE_INFINITY);
    expect(steps).toBeGreaterThan(5);
    for (let step = 1; step <= steps; step++) await dying(step);
  });
});
