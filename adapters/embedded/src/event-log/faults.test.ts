import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { topics } from '@medrex/contracts';
import { eventually } from '@medrex/contracts/testing';
import { EmbeddedEventLog, type EmbeddedEventLogOptions } from './event-log.ts';
import { offsetsFile } from './partition-files.ts';
import { ifThere } from './segment-files.ts';
import { aFolder } from './testing/a-folder.ts';
import { WriterClient } from './writer-client.ts';

function contains(file: string, text: string): boolean {
  const bytes = ifThere(() => readFileSync(file)) ?? Buffer.alloc(0); // write-ahead logs are deleted when the database is closed
  return bytes.includes(text);
}

/** Sets the clock back for everything that is stored. */
function makeOlder(file: string, ms: number): void {
  const database = new DatabaseSync(file);
  database.prepare('UPDATE chunk SET at = at - ?').run(ms);
  database.close();
}

describe('faults of EmbeddedEventLog', () => {
  let folder: ReturnType<typeof aFolder>;
  const open: EmbeddedEventLog[] = [];
  const openLog = (options: Partial<EmbeddedEventLogOptions> = {}): EmbeddedEventLog => {
    const log = new EmbeddedEventLog({ root: folder.path, ...options });
    open.push(log);
    return log;
  };
  const record = (bytes = 1): { readonly value: Uint8Array } => ({ value: Buffer.alloc(bytes, 'x') });
  beforeEach(() => {
    folder = aFolder();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((log) => log.close()));
    folder.remove();
  });

  it('refuses an append when the disk fails, and continues at the same offset afterwards', async () => {
    const log = openLog();
    writeFileSync(join(folder.path, 'blocked'), 'a file where the topic needs a folder');
    const refused = log.append('blocked', 0, [record()]);
    await expect(refused).rejects.toMatchObject({
      code: 'LOG_WRITE_FAILED',
      message: expect.stringMatching(/^blocked\/0: /),
    });
    expect(await log.append('other', 0, [record()])).toMatchObject({ baseOffset: 0 });
    rmSync(join(folder.path, 'blocked'));
    expect(await log.append('blocked', 0, [record()])).toEqual({ baseOffset: 0, lastOffset: 0 });
  });

  it('refuses an append when too much is waiting for the disk already', async () => {
    const log = openLog({ backlogBytesMax: 1_000 });
    const first = log.append('t', 0, [record(900)]);
    await expect(log.append('t', 0, [record(200)])).rejects.toMatchObject({ code: 'LOG_BACKLOG', retryable: true });
    expect(await first).toMatchObject({ baseOffset: 0 });
    expect(await log.append('t', 0, [record(5_000)])).toMatchObject({ baseOffset: 1 });
  });

  it('rejects waiting appends when the writer thread ends', async () => {
    const client = new WriterClient(null as never); // a thread without data fails as it starts
    const asked = client.ask({ kind: 'commit', file: join(folder.path, 'g'), topic: 't', partition: 0, offset: 1 });
    await expect(asked).rejects.toMatchObject({ code: 'LOG_WRITE_FAILED', retryable: true });
    await client.close();
  });

  it('reads committed offsets although a process was killed while it created the file', async () => {
    const log = openLog();
    await log.append('t', 0, [record()]);
    const file = offsetsFile(folder.path, 'g');
    mkdirSync(dirname(file), { recursive: true });
    const killed = new DatabaseSync(`${file}.of-the-killed`);
    killed.exec('PRAGMA cache_size = 1; CREATE TABLE first (bytes BLOB); BEGIN');
    for (let row = 0; row < 10; row++) killed.exec('INSERT INTO first VALUES (randomblob(5000))');
    for (const suffix of ['', '-journal']) copyFileSync(`${file}.of-the-killed${suffix}`, `${file}${suffix}`);
    killed.close();
    expect(await log.committed('g', 't', 0)).toBeUndefined();
    await log.commit('g', 't', 0, 1);
    expect(await log.committed('g', 't', 0)).toBe(1);
  });

  it('reports to a reader that unread records were deleted, and delivers nothing more', async () => {
    const log = openLog({ segment: { bytes: 1_000 } });
    for (let index = 0; index < 20; index++) await log.append('t', 0, [record(600)]);
    const offsets: number[] = [];
    const errors: unknown[] = [];
    const subscription = await log.subscribe(
      { group: 'g', topic: 't', from: { at: 'start' }, maxRecords: 1, onError: (error) => errors.push(error) },
      async (run) => {
        offsets.push(run.records[0]?.offset ?? -1);
        if (offsets.length === 1) await log.truncateBefore('t', 0, 15);
      },
    );
    await eventually(() => errors.length > 0);
    await log.append('t', 0, [record()]);
    await subscription.close();
    expect(errors).toMatchObject([{ code: 'OFFSET_OUT_OF_RANGE' }]);
    // The segment it had open when the others went could still be read.
    expect(offsets).toEqual([0, 1]);
  });

  it('keeps plain text in the intake folder only', async () => {
    const log = openLog();
    const clear = { value: Buffer.from('Smith'), key: 'Smith' };
    await log.append(topics.intake, 0, [clear]);
    await log.append(topics.intakeUrgent, 0, [clear]);
    await log.append(topics.operations, 0, [{ value: Buffer.from('sealed') }]);
    await log.commit('g', topics.intake, 0, 1);
    const files = readdirSync(folder.path, { recursive: true, encoding: 'utf8' }).filter((file) =>
      statSync(join(folder.path, file)).isFile(),
    );
    await log.close();
    const holding = files.filter((file) => /\.sqlite/.test(file) && contains(join(folder.path, file), 'Smith'));
    expect(holding.length).toBeGreaterThan(0);
    expect(holding.filter((file) => !file.startsWith(join('intake', 'medrex.ehr.intake')))).toEqual([]);
  });

  it('deletes expired plain text even if the topic has no writer any more', async () => {
    const writer = openLog();
    await writer.append(topics.intake, 0, [{ value: Buffer.from('Smith') }]);
    await writer.close();
    const eightDaysMs = 8 * 24 * 3600 * 1000;
    const database = join(folder.path, 'intake', topics.intake, '0', '0000000000000000.sqlite');
    makeOlder(database, eightDaysMs);
    const reader = openLog({ sweepMs: 20 });
    expect(await reader.bounds(topics.intake, 0)).toEqual({ start: 0, end: 1 });
    await eventually(async () => (await reader.bounds(topics.intake, 0)).start === 1);
    expect(await reader.bounds(topics.intake, 0)).toEqual({ start: 1, end: 1 });
    const isThere = (): boolean =>
      readdirSync(join(database, '..')).some((name) => name.startsWith('0000000000000000.'));
    await eventually(() => !isThere(), 30_000); // a sweep may be slow on a busy machine
    expect(await openLog().append(topics.intake, 0, [{ value: Buffer.from('next') }])).toMatchObject({ baseOffset: 1 });
  });

  it('creates its folder, and finds it under any form of its path', async () => {
    const deep = join(folder.path, 'a', 'b');
    const log = openLog({ root: join(folder.path, 'a', '..', 'a', 'b') });
    await log.append('t', 0, [record()]);
    expect(readdirSync(deep)).toEqual(['intake', 't']);
    mkdirSync(deep, { recursive: true });
    expect(await openLog({ root: deep }).bounds('t', 0)).toEqual({ start: 0, end: 1 });
  });
});
