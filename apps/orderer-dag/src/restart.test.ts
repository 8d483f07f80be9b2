import { describe, expect, it } from '@jest/globals';
import { progressCodec, topics, type LogRecord, type Progress } from '@medrex/contracts';
import { InMemoryEventLog, InMemoryTopics } from '@medrex/contracts/in-memory';
import { aProgress, realClock } from '@medrex/contracts/testing';
import { progressRecord, supersedes, takeOver } from './restart.ts';

function aLog() {
  const kept = new InMemoryTopics();
  const log = new InMemoryEventLog({ clock: realClock, topics: kept });
  const write = (progress: Progress, claimOffset?: number) =>
    log.append(topics.progress, 0, [progressRecord(progress, claimOffset)]);
  const operations = async (count: number): Promise<void> => {
    for (let made = 0; made < count; made++) await log.append(topics.operations, 0, [{ value: Buffer.alloc(1) }]);
  };
  return { log, write, operations };
}

describe('takeOver', () => {
  it('starts a new channel at generation 1 and offset 0', async () => {
    const { log } = aLog();
    const taken = await takeOver({ log, channel: 'ehr', partition: 0 });
    expect(taken).toMatchObject({ operationsOffset: 0, progress: { generation: 1, lowWaterMark: 0, blockHeight: 0 } });
  });

  it('continues from the highest generation, and its claim is durable before it returns', async () => {
    const { log, write, operations } = aLog();
    await operations(9);
    await write(aProgress({ generation: 7, lowWaterMark: 8 * 1024 + 3, doneRanges: [[8197, 8200]], blockHeight: 40 }));
    await write(aProgress({ generation: 6, lowWaterMark: 12 }));
    const taken = await takeOver({ log, channel: 'ehr', partition: 0 });
    expect(taken.operationsOffset).toBe(8);
    expect(taken.progress).toMatchObject({
      generation: 8,
      lowWaterMark: 8195,
      doneRanges: [[8197, 8200]],
      blockHeight: 40,
    });
    const newest = (await log.latest(topics.progress, 0)).map(({ value }) => progressCodec.decode(value).generation);
    expect(newest).toContain(8);
  });

  it("ignores another channel's progress", async () => {
    const { log, write } = aLog();
    await write(aProgress({ channel: 'lab', generation: 7 }));
    expect((await takeOver({ log, channel: 'ehr', partition: 0 })).progress.generation).toBe(1);
  });

  it('fails when the operations log ends before the low-water mark, i.e. was recreated', async () => {
    const { log, write, operations } = aLog();
    await operations(3);
    await write(aProgress({ generation: 1, lowWaterMark: 4 * 1024 }));
    await expect(takeOver({ log, channel: 'ehr', partition: 0 })).rejects.toMatchObject({
      code: 'OPERATIONS_LOG_BEHIND',
    });
  });

  it('supersedes earlier claims, but not later ones', async () => {
    const { log, write } = aLog();
    const claim = async (generation: number) => {
      const progress = aProgress({ generation });
      const { baseOffset: progressOffset } = await write(progress);
      return { progress, operationsOffset: 0, progressOffset };
    };
    const newest = async (): Promise<LogRecord> => (await log.latest(topics.progress, 0)).at(-1) as LogRecord;
    const [first, twin, later] = [await claim(2), await claim(2), await claim(3)];
    const isSeenBy = async () => {
      const record = await newest();
      return [first, twin, later].map((own) => supersedes(record, 'ehr', own));
    };
    expect(await isSeenBy()).toEqual([true, true, false]);
    // Of two claims of one generation, later records of the first do not supersede the second, whatever compaction has left.
    await write(first.progress, first.progressOffset);
    expect(await isSeenBy()).toEqual([false, false, false]);
    await write(twin.progress, twin.progressOffset);
    expect(await isSeenBy()).toEqual([true, false, false]);
    await write(aProgress({ channel: 'lab', generation: 9 }));
    expect(await isSeenBy()).toEqual([false, false, false]);
  });

  it('clears the hand-over mark of the previous leader', async () => {
    const { log, write } = aLog();
    await write(aProgress({ generation: 4, handedOver: true }));
    expect((await takeOver({ log, channel: 'ehr', partition: 0 })).progress).toEqual(aProgress({ generation: 5 }));
  });
});
