import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from '@jest/globals';
import { topics } from '@medrex/contracts';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { KafkaEventLog } from '../event-log.ts';
import { applyTopics, removeTopics } from './topic-plan.ts';

const written = 120;
const kilobytes50 = Buffer.alloc(50 * 1024, 'progress');

describeReal('KAFKA', 'the progress topic as the manifest makes it', (where) => {
  const connection = { brokers: where.split(','), clientId: 'medrex-test' };
  const prefix = `test-${randomUUID().slice(0, 8)}.`;
  const log = new KafkaEventLog({ connection, prefix });
  afterEach(async () => {
    await log.close();
    await removeTopics(connection, prefix);
  });

  /** Records that a reader from the start gets, as one that takes over is. */
  async function read(): Promise<readonly number[]> {
    const offsets: number[] = [];
    const place = { topic: topics.progress, partitions: [0], from: { at: 'start' } } as const;
    const subscription = await log.subscribe({ group: 'test', ...place }, async ({ records }) => {
      offsets.push(...records.map(({ offset }) => offset));
    });
    await eventually(() => offsets.at(-1) === written - 1);
    await subscription.close();
    return offsets;
  }

  it('is small soon after many writes: segments are compacted to the newest record of each key', async () => {
    await applyTopics(connection, prefix, { channels: 1, replicationFactor: 1, minInSyncReplicas: 1 });
    for (let number = 0; number < written; number++)
      await log.append(topics.progress, 0, [{ key: `ehr/${number % 2}`, value: kilobytes50 }]);
    // The cleaner looks every 15 s, so it may have been here already; what it leaves is at most the segment that is written,
    // of a MiB, and the newest record of each key before it.
    const left = await eventually(async () => {
      const offsets = await read();
      return offsets.length < 30 && offsets;
    }, 60_000);
    expect(left.at(-1)).toBe(written - 1);
    expect(await log.latest(topics.progress, 0)).toMatchObject([{ key: 'ehr/0' }, { key: 'ehr/1' }]);
  }, 90_000);
});
