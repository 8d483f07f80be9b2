import { describe, expect, it } from '@jest/globals';
import { aRecord } from '../testing/builders.ts';
import { eventLogContract } from '../testing/event-log-contract.ts';
import { eventually } from '../testing/eventually.ts';
import { realClock } from '../testing/real-clock.ts';
import { topics } from '../topics.ts';
import { InMemoryEventLog } from './event-log.ts';
import { InMemoryTopics } from './topics.ts';

const redelivery = { firstMs: 1, maxMs: 10 };

eventLogContract('InMemoryEventLog', async () => {
  const contents = new InMemoryTopics({ partitions: () => 3 });
  const open: InMemoryEventLog[] = [];
  const openLog = (): InMemoryEventLog => {
    const log = new InMemoryEventLog({ clock: realClock, topics: contents, redelivery });
    open.push(log);
    return log;
  };
  return {
    log: openLog(),
    reopen: async () => {
      await Promise.all(open.map((log) => log.close()));
      return openLog();
    },
    dispose: async () => {
      await Promise.all(open.map((log) => log.close()));
    },
  };
});

describe('InMemoryEventLog', () => {
  const value = (bytes: number): { readonly value: Uint8Array } => ({ value: Buffer.alloc(bytes) });

  it('refuses appends above its limit on a topic without deletion, and accepts them after truncation', async () => {
    const log = new InMemoryEventLog({ clock: realClock, topics: new InMemoryTopics({ bytesMax: 1_000 }) });
    await log.append(topics.operations, 0, [value(600), value(300)]);
    const refused = log.append(topics.operations, 0, [value(200)]);
    await expect(refused).rejects.toMatchObject({ code: 'LOG_FULL', retryable: true });
    await log.truncateBefore(topics.operations, 0, 1);
    expect(await log.append(topics.operations, 0, [value(200)])).toEqual({ baseOffset: 2, lastOffset: 2 });
    await log.close();
  });

  it('drops the oldest records of a topic that is kept by age, once it is full or they are too old', async () => {
    let nowMs = 0;
    const clock = { ...realClock, nowMs: () => nowMs };
    const log = new InMemoryEventLog({ clock, topics: new InMemoryTopics({ bytesMax: 1_000 }) });
    for (let at = 0; at < 30; at++) await log.append(topics.analyzed, 0, [value(100)]);
    expect(await log.bounds(topics.analyzed, 0)).toEqual({ start: 20, end: 30 });
    nowMs = 2 * 24 * 3600 * 1000;
    await log.append(topics.analyzed, 0, [value(100)]);
    expect(await log.bounds(topics.analyzed, 0)).toEqual({ start: 30, end: 31 });
    await log.close();
  });

  it('reports to a reader that its records were deleted, and delivers nothing more', async () => {
    const log = new InMemoryEventLog({ clock: realClock, redelivery });
    await log.append('t', 0, [aRecord('0'), aRecord('1')]);
    const errors: unknown[] = [];
    const seen: number[] = [];
    const onError = (error: unknown): void => void errors.push(error);
    const subscription = await log.subscribe(
      { group: 'g', topic: 't', from: { at: 'start' }, maxRecords: 1, onError },
      async (run) => {
        seen.push(run.records[0]!.offset);
        if (seen.length === 1) await log.truncateBefore('t', 0, 2);
      },
    );
    await eventually(() => errors.length > 0);
    await log.append('t', 0, [aRecord('2')]);
    await subscription.close();
    expect(errors).toMatchObject([{ code: 'OFFSET_OUT_OF_RANGE' }]);
    expect(seen).toEqual([0]);
    await log.close();
  });
});
