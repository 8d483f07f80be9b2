import { describe, expect, it } from '@jest/globals';
import { progressCodec, topics, type Progress } from '@medrex/contracts';
import { InMemoryEventLog, InMemoryTopics } from '@medrex/contracts/in-memory';
import { aProgress, realClock } from '@medrex/contracts/testing';
import { progressRecord, supersedes, takeOver } from './restart.ts';

function aLog() {
  const kept = new InMemoryTopics();
  const log = new InMemoryEventLog({ clock: realClock, topics: kept });
  const write = (progress: Progress, instance = 'before') =>
    log.append(topics.progress, 0, [progressRecord(progress, instance)]);
  const operations = async (count: number): Promise<void> => {
    for (let made = 0; made < count; made++) await log.append(topics.operations, 0, [{ value: Buffer.alloc(1) }]);
  };
  return { log, write, operations };
}

describe('takeOver', () => {
  it('begins a new channel at generation 1 and the start of everything', async () => {
    const { log } = aLog();
    const taken = await takeOver(log, 'ehr', 0, 'me');
    expect(taken).toMatchObject({ operationsOffset: 0, progress: { generation: 1, lowWaterMark: 0, blockHeight: 0 } });
  });

  it('goes on where the highest generation stood, and makes that known before it returns', async () => {
    const { log, write, operations } = aLog();
    await operations(9);
    await write(aProgress({ generation: 7, lowWaterMark: 8 * 1024 + 3, doneRanges: [[8197, 8200]], blockHeight: 40 }));
    await write(aProgress({ generation: 6, lowWaterMark: 12 }));
    const taken = await takeOver(log, 'ehr', 0, 'me');
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
    expect((await takeOver(log, 'ehr', 0, 'me')).progress.generation).toBe(1);
  });

  it('halts when the operations log ends before the low-water mark: it was made anew', async () => {
    const { log, write, operations } = aLog();
    await operations(3);
    await write(aProgress({ generation: 1, lowWaterMark: 4 * 1024 }));
    await expect(takeOver(log, 'ehr', 0, 'me')).rejects.toMatchObject({ code: 'OPERATIONS_LOG_BEHIND' });
  });

  it('is seen by the instance before it, and by one that took the same generation', async () => {
    const { log, write } = aLog();
    await write(aProgress({ generation: 2 }), 'me');
    await write(aProgress({ generation: 2 }), 'twin');
    await write(aProgress({ generation: 3 }), 'later');
    await write(aProgress({ generation: 1 }), 'earlier');
    await write(aProgress({ generation: 9, channel: 'lab' }), 'elsewhere');
    const own = { channel: 'ehr', generation: 2, instance: 'me' };
    const seen: string[] = [];
    for (const record of await log.latest(topics.progress, 0)) {
      seen.push(`${Buffer.from(record.headers.get('instance') ?? []).toString()}: ${supersedes(record, own)}`);
    }
    // The topic is compacted, so of generation 2 only the twin's record is left.
    expect(seen).toEqual(['twin: true', 'later: true', 'earlier: false', 'elsewhere: false']);
  });
});
