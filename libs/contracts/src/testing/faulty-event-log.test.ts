import { describe, expect, it } from '@jest/globals';
import type { LogRun } from '../event-log.ts';
import { InMemoryEventLog } from '../in-memory/event-log.ts';
import { aRecord } from './builders.ts';
import { eventually } from './eventually.ts';
import { eventLogContract } from './event-log-contract.ts';
import { FaultyEventLog, type FaultyEventLogOptions } from './faulty-event-log.ts';
import { realClock } from './real-clock.ts';
import { InMemoryTopics } from '../in-memory/topics.ts';

eventLogContract('FaultyEventLog without faults', async () => {
  const topics = new InMemoryTopics({ partitions: () => 3 });
  const openLog = (): FaultyEventLog =>
    new FaultyEventLog(new InMemoryEventLog({ clock: realClock, topics, redelivery: { firstMs: 1, maxMs: 10 } }), {
      seed: 1,
    });
  const log = openLog();
  return {
    log,
    reopen: async () => {
      await log.close();
      return openLog();
    },
    dispose: () => log.close(),
  };
});

async function delivered(options: FaultyEventLogOptions, enough: (offsets: number[]) => boolean): Promise<number[]> {
  const log = new FaultyEventLog(new InMemoryEventLog({ clock: realClock }), options);
  const offsets: number[] = [];
  const onRun = async (run: LogRun): Promise<void> => void offsets.push(...run.records.map(({ offset }) => offset));
  await log.append(
    't',
    0,
    Array.from({ length: 40 }, (_, index) => aRecord(String(index))),
  );
  await log.subscribe({ group: 'g', topic: 't', from: { at: 'start' }, maxRecords: 4 }, onRun);
  await eventually(() => enough(offsets));
  await log.close();
  return offsets;
}

const all = Array.from({ length: 40 }, (_, offset) => offset);
const sorted = (offsets: readonly number[]): number[] => [...offsets].sort((one, other) => one - other);

describe('FaultyEventLog', () => {
  it('delivers runs twice, and nothing is missing', async () => {
    const options = { seed: 3, deliveries: { t: { duplicate: 0.5 } } };
    const offsets = await delivered(options, (seen) => seen.includes(39) && seen.length > 40);
    expect([...new Set(offsets)]).toEqual(all);
  });

  it('swaps records, and delivers delayed ones after later ones', async () => {
    const swapped = await delivered({ seed: 3, deliveries: { t: { swap: 0.3 } } }, (seen) => seen.length === 40);
    expect(swapped).not.toEqual(all);
    expect(sorted(swapped)).toEqual(all);
    const late = await delivered(
      { seed: 3, deliveries: { t: { late: 0.3, delayMs: 5 } } },
      (seen) => seen.length === 40,
    );
    expect(late).not.toEqual(all);
    expect(sorted(late)).toEqual(all);
  });

  it('drops records, the same ones for the same seed', async () => {
    const options = { seed: 11, deliveries: { t: { drop: 0.4 }, other: { drop: 1 } } };
    const twice = await Promise.all([0, 1].map(() => delivered(options, (seen) => seen.some((offset) => offset > 36))));
    expect(twice[0]!.length).toBeLessThan(40);
    expect(twice[1]).toEqual(twice[0]);
  });

  it('crashes before the log has the records, or after, before the caller knows', async () => {
    const killed: string[] = [];
    const inner = new InMemoryEventLog({ clock: realClock });
    const log = new FaultyEventLog(inner, {
      seed: 1,
      crashes: [
        { topic: 't', append: 2, when: 'before-append', kill: () => killed.push('before') },
        { topic: 't', append: 3, when: 'before-ack', kill: () => killed.push('after') },
      ],
    });
    await log.append('t', 0, [aRecord('1')]);
    await expect(log.append('t', 0, [aRecord('2')])).rejects.toThrow('crashed before-append of append 2 to t');
    expect(await log.bounds('t', 0)).toMatchObject({ end: 1 });
    await expect(log.append('t', 0, [aRecord('3')])).rejects.toThrow('crashed before-ack');
    expect(await log.bounds('t', 0)).toMatchObject({ end: 2 });
    expect(killed).toEqual(['before', 'after']);
    await log.append('t', 0, [aRecord('4')]);
    await log.close();
  });
});
