import { describe, expect, it } from '@jest/globals';
import { decodeOperations, operationsPerRecord, topics, type RoutedBytes } from '@medrex/contracts';
import { InMemoryEventLog } from '@medrex/contracts/in-memory';
import { anId, aRouting, eventually, FaultyEventLog, realClock } from '@medrex/contracts/testing';
import { encodeOperation } from '@medrex/execute-batch';
import { anOperation } from '@medrex/execute-batch/testing';
import { Appender, NotAppended, type AppenderOptions } from './appender.ts';

const operation = (id: number | string): RoutedBytes => ({
  routing: aRouting(),
  operationBytes: encodeOperation(anOperation({ opId: anId(id) })),
});
const operations = (count: number, from = 0): RoutedBytes[] =>
  Array.from({ length: count }, (_, at) => operation(from + at));

function open(given: Partial<AppenderOptions> = {}) {
  const log = new InMemoryEventLog({ clock: realClock });
  const failures: number[] = [];
  const halts: unknown[] = [];
  const appender = new Appender({
    log,
    partition: 0,
    lowWaterMark: () => 0,
    queueMax: 10_000,
    queueBytesMax: 1_000_000,
    onAppended: () => undefined,
    onFailure: (_error, attempt) => failures.push(attempt),
    onHalt: (facts) => halts.push(facts),
    backoffMs: [1],
    ...given,
  });
  return { log, appender, failures, halts };
}

async function ids(log: InMemoryEventLog): Promise<readonly string[]> {
  const { end } = await log.bounds(topics.operations, 0);
  const read: string[] = [];
  const subscription = await log.subscribe(
    { group: 'test', topic: topics.operations, from: { at: 'start' } },
    async (run) => {
      read.push(...run.records.flatMap(decodeOperations).map(({ operation: { opId } }) => opId));
    },
  );
  if (end > 0) await eventually(() => read.length > 0);
  await subscription.close();
  return read;
}

describe('Appender', () => {
  it('appends in the order of the calls and returns the seq of each operation', async () => {
    const { log, appender } = open();
    const [one, two] = await Promise.all([appender.append(operations(2)), appender.append(operations(3, 2))]);
    expect([...one, ...two]).toEqual([0, 1, 2, 3, 4]);
    expect(await appender.append([operation('later')])).toEqual([operationsPerRecord]);
    expect(await ids(log)).toEqual([0, 1, 2, 3, 4, 'later'].map(anId));
  });

  it('numbers operations across the records of one append', async () => {
    const { appender } = open();
    const seqs = await appender.append(operations(operationsPerRecord + 2));
    expect(seqs.slice(-3)).toEqual([operationsPerRecord - 1, operationsPerRecord, operationsPerRecord + 1]);
  });

  it.each(['before-append', 'before-ack'] as const)(
    'retries the same records first when an append fails %s',
    async (when) => {
      const kill = () => undefined;
      const inner = new InMemoryEventLog({ clock: realClock });
      const log = new FaultyEventLog(inner, {
        seed: 1,
        crashes: [{ topic: topics.operations, append: 1, when, kill }],
      });
      const { appender, failures } = open({ log });
      const first = appender.append(operations(2));
      await Promise.resolve();
      await Promise.resolve();
      const second = appender.append(operations(1, 2));
      await Promise.all([first, second]);
      expect(failures).toEqual([1]);
      const stored = when === 'before-ack' ? [0, 1, 0, 1, 2] : [0, 1, 2];
      expect(await ids(inner)).toEqual(stored.map(anId));
    },
  );

  it('halts, and acknowledges nothing, when the log assigns an offset below the low-water mark', async () => {
    const { appender, halts } = open({ lowWaterMark: () => 5 * operationsPerRecord });
    await expect(appender.append(operations(1))).rejects.toMatchObject({ reason: 'halted' });
    expect(halts).toEqual([{ offset: 0, lowWaterMark: 5 * operationsPerRecord }]);
    expect(appender.isHalted).toBe(true);
    await expect(appender.append(operations(1))).rejects.toBeInstanceOf(NotAppended);
  });

  it('accepts offset 0 of a new log', async () => {
    const { appender } = open({ lowWaterMark: () => 0 });
    expect(await appender.append(operations(1))).toEqual([0]);
  });

  it('has no room while more operations than its limit wait', async () => {
    const stuck = { append: () => new Promise<never>(() => undefined) };
    const { appender } = open({ log: stuck, queueMax: 3 });
    appender.append(operations(3)).catch(() => undefined);
    expect(appender.hasRoom).toBe(false);
    expect(appender.queued).toBe(3);
    await appender.close(1);
  });

  it('has no room while more bytes than its limit wait', async () => {
    const stuck = { append: () => new Promise<never>(() => undefined) };
    const { appender } = open({ log: stuck, queueBytesMax: 500 });
    appender.append(operations(1)).catch(() => undefined);
    expect(appender.hasRoom).toBe(true);
    appender.append(operations(4, 1)).catch(() => undefined);
    expect(appender.hasRoom).toBe(false);
    await appender.close(1);
    expect(appender.queued).toBe(0);
  });

  it('refuses, when closed, what it could not append within the grace period', async () => {
    const { appender } = open({ log: { append: () => Promise.reject(new Error('down')) } });
    const lost = appender.append(operations(1));
    await Promise.all([expect(lost).rejects.toMatchObject({ reason: 'stopped' }), appender.close(10)]);
  });

  it('finishes what is queued when it is closed', async () => {
    const { log, appender } = open();
    const appended = appender.append(operations(2));
    await appender.close(1_000);
    expect(await appended).toHaveLength(2);
    expect(await ids(log)).toHaveLength(2);
  });
});
