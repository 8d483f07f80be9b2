import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EventLog, LogRecord } from '@medrex/contracts';
import { eventually } from '@medrex/contracts/testing';
import { EmbeddedEventLog } from './event-log.ts';
import { aFolder } from './testing/a-folder.ts';
import { kill, startProcess } from './testing/start-process.ts';

type Acknowledged = [value: string, offset: number];

async function readAll(log: EventLog): Promise<LogRecord[]> {
  const { end } = await log.bounds('killed', 0);
  const records: LogRecord[] = [];
  const subscription = await log.subscribe({ group: 'g', topic: 'killed', from: { at: 'start' } }, async (run) => {
    records.push(...run.records);
  });
  await eventually(() => records.length >= end);
  await subscription.close();
  return records;
}

describe('EmbeddedEventLog between processes', () => {
  let folder: ReturnType<typeof aFolder>;
  const open: EmbeddedEventLog[] = [];
  const openLog = (): EmbeddedEventLog => {
    const log = new EmbeddedEventLog({ root: folder.path, segment: { bytes: 50_000 } });
    open.push(log);
    return log;
  };
  beforeEach(() => {
    folder = aFolder();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((log) => log.close()));
    folder.remove();
  });

  it('loses no acknowledged record, and duplicates none, when its process is killed while it appends', async () => {
    const acknowledged = new Map<string, number>();
    for (const enough of [60, 200, 500]) {
      const before = acknowledged.size;
      const child = startProcess('append-until-killed.ts', folder.path);
      child.on('message', (pairs: Acknowledged[]) =>
        pairs.forEach(([value, offset]) => acknowledged.set(value, offset)),
      );
      await eventually(() => acknowledged.size >= before + enough, 10_000);
      await kill(child);
      const log = openLog();
      const records = await readAll(log);
      await log.close();
      expect(records.map(({ offset }) => offset)).toEqual(records.map((_, index) => index));
      const stored = new Map(records.map((record) => [record.value.toString().trim(), record.offset]));
      expect(stored.size).toBe(records.length);
      for (const [value, offset] of acknowledged) expect([value, stored.get(value)]).toEqual([value, offset]);
    }
  });

  it('continues at the next offset after its writer was killed, since the lock ends with the process', async () => {
    const child = startProcess('append-until-killed.ts', folder.path);
    await new Promise((resolve) => child.once('message', resolve));
    await kill(child);
    const log = openLog();
    const { end } = await log.bounds('killed', 0);
    const appended = await log.append('killed', 0, [{ value: Buffer.from('after') }]);
    expect(appended).toEqual({ baseOffset: end, lastOffset: end });
  });

  it('reads what another process is writing, but cannot write there', async () => {
    const child = startProcess('append-until-killed.ts', folder.path);
    await new Promise((resolve) => child.once('message', resolve));
    const log = openLog();
    const offsets: number[] = [];
    await log.subscribe({ group: 'g', topic: 'killed', from: { at: 'start' } }, async (run) => {
      offsets.push(...run.records.map(({ offset }) => offset));
    });
    const { end } = await log.bounds('killed', 0);
    await eventually(() => offsets.length > end + 100);
    expect(offsets).toEqual(offsets.map((_, index) => index));
    await expect(log.append('killed', 0, [{ value: Buffer.from('mine') }])).rejects.toMatchObject({
      code: 'LOG_HAS_ANOTHER_WRITER',
      retryable: true,
      message: expect.stringMatching(
        new RegExp(`killed/0 is written by process ${child.pid} \\(thread \\d+\\) since 20`),
      ),
    });
    await log.append('another', 0, [{ value: Buffer.from('mine') }]);
    await kill(child);
    expect(await log.append('killed', 0, [{ value: Buffer.from('now') }])).toMatchObject({
      baseOffset: expect.any(Number),
    });
  });

  it('has one writer per partition in a process, too; a reader wakes up when another log writes', async () => {
    const [one, other] = [openLog(), openLog()];
    const seen: string[] = [];
    await other.subscribe({ group: 'g', topic: 't', from: { at: 'start' } }, async (run) => {
      seen.push(...run.records.map((record) => record.value.toString()));
    });
    await one.append('t', 0, [{ value: Buffer.from('a') }]);
    await eventually(() => seen.length === 1);
    const second = other.append('t', 0, [{ value: Buffer.from('b') }]);
    await expect(second).rejects.toMatchObject({ code: 'LOG_HAS_ANOTHER_WRITER' });
    await one.close();
    expect(await other.append('t', 0, [{ value: Buffer.from('b') }])).toEqual({ baseOffset: 1, lastOffset: 1 });
    await eventually(() => seen.length === 2);
    expect(seen).toEqual(['a', 'b']);
  });
});
