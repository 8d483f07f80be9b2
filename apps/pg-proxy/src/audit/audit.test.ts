import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditLog, type AuditLogOptions } from './audit-log.ts';
import { verifyAudit } from './verify.ts';

let folder: string;
let file: string;
const told: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'medrex-audit-'));
  file = join(folder, 'audit');
  told.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const options = (more: Partial<AuditLogOptions> = {}): AuditLogOptions => ({
  file,
  key: undefined,
  segmentBytes: 1_000_000,
  flushMs: 1,
  bufferMax: 100_000,
  whenFull: 'refuse',
  events: {
    failing: () => told.push('failing'),
    recovered: (dropped) => told.push(`recovered, ${dropped} dropped`),
    tampered: (what) => told.push(what),
  },
  ...more,
});
const body = (text: string): string => `"kind":"statement","table":${JSON.stringify(text)}`;

/** A log of so many entries beside its own. */
async function written(count: number, more: Partial<AuditLogOptions> = {}): Promise<void> {
  const log = await AuditLog.open(options(more));
  for (let at = 0; at < count; at++) {
    log.add(body(`t${at}`));
    if (at % 5 === 4) await log.flush();
  }
  await log.close();
}
const segment = (number = 1): string => `${file}.${String(number).padStart(6, '0')}`;
const linesOf = (number = 1): string[] => readFileSync(segment(number), 'utf8').split('\n').slice(0, -1);
const rewrite = (lines: readonly string[], number = 1): void =>
  writeFileSync(segment(number), lines.map((line) => `${line}\n`).join(''));
const faults = async (more = {}): Promise<string[]> =>
  (await verifyAudit(file, more)).faults.map(({ line, problem }) => `${line}: ${problem}`);

describe('the audit log', () => {
  it('creates its folder', async () => {
    file = join(folder, 'of', 'its', 'own');
    await written(1);
    expect((await verifyAudit(file)).faults).toEqual([]);
  });

  it('stays complete over restarts and segments', async () => {
    await written(20, { segmentBytes: 1_000 });
    await written(10, { segmentBytes: 1_000 });
    const verified = await verifyAudit(file);
    expect(verified).toMatchObject({ faults: [], dropped: 0, torn: 0 });
    expect(verified.segments).toBeGreaterThan(2);
    expect(verified.entries).toBe(30 + 2 * verified.segments - 1);
    expect(told).toEqual([]);
  });

  it.each([
    [
      'left out',
      (lines: string[]) => lines.filter((_line, at) => at !== 5),
      '6: entry 7 follows 5: entries are missing',
    ],
    [
      'changed',
      (lines: string[]) => lines.map((line, at) => (at === 5 ? line.replace('t4', 'tX') : line)),
      '7: the entry before 7 is not the one that was written',
    ],
    [
      'moved',
      (lines: string[]) => [...lines.slice(0, 4), lines[5]!, lines[4]!, ...lines.slice(6)],
      '5: entry 6 follows 4: entries are missing',
    ],
    ['repeated', (lines: string[]) => [...lines, lines.at(-1)!], '12: entry 11 follows 11: entries were moved'],
    [
      'made no entry',
      (lines: string[]) => lines.map((line, at) => (at === 5 ? 'x' : line)),
      '7: the line before is no entry, and was not torn by a crash',
    ],
    [
      'changed, the last one',
      (lines: string[]) => lines.map((line) => line.replace('t9', 'tX')),
      '0: entry 11 is not the one that was written',
    ],
    ['cut off', (lines: string[]) => lines.slice(0, -2), '0: cut off at the end: entries 10 to 11'],
  ])('notices an entry that was %s', async (_what, change, fault) => {
    await written(10);
    rewrite(change(linesOf()));
    expect(await faults()).toContain(fault);
  });

  it('notices a segment that is missing or replaced', async () => {
    await written(40, { segmentBytes: 1_000 });
    const third = linesOf(3);
    rmSync(segment(2));
    expect(await faults()).toContain('0: segment 2 is missing');
    rewrite(third, 2);
    expect((await faults()).length).toBeGreaterThan(0);
    expect(await faults({ from: 3 })).toEqual([]);
  });

  it('notices missing entries at the start of the first remaining segment', async () => {
    await written(40, { segmentBytes: 1_000 });
    rmSync(segment(1));
    const [first = '', ...others] = linesOf(2);
    const { seq } = JSON.parse(first) as { seq: number };
    for (const left of [others, others.slice(2), []]) {
      rewrite(left, 2);
      const next = seq + 1 + others.length - left.length;
      expect(await faults({ from: 2 })).toEqual([`1: entries before ${next} are missing`]);
    }
    rewrite([first, ...others], 2);
    expect(await faults({ from: 2 })).toEqual([]);
  });

  it('distinguishes a line torn by a crash from one that was cut', async () => {
    await written(10);
    appendFileSync(segment(), '{"seq":12,"prev":"');
    expect(await verifyAudit(file)).toMatchObject({ faults: [], torn: 1 });
    await written(3);
    expect(await verifyAudit(file)).toMatchObject({ faults: [], torn: 1, entries: 15 });
    expect(told).toEqual([]);
    rewrite(
      linesOf().map((line) => (line.startsWith('{"seq":12,"prev":"') && !line.endsWith('}') ? `${line}x` : line)),
    );
    expect(await faults()).toEqual([expect.stringContaining('the torn line before it')]);
  });

  it('continues after a line that was torn while an earlier one was being reported', async () => {
    await written(10);
    for (const torn of ['{"seq":12,"pr', '\n', '\n{"seq":12,"prev":"00', '\n{"seq"']) {
      appendFileSync(segment(), torn);
      expect(await verifyAudit(file)).toMatchObject({ faults: [], torn: 1 });
    }
    await written(3);
    expect(await verifyAudit(file)).toMatchObject({ faults: [], torn: 1, entries: 15 });
    expect(told).toEqual([]);
  });

  it('keeps segments at the configured size, even under constant writing', async () => {
    const log = await AuditLog.open(options({ segmentBytes: 1_000 }));
    for (let at = 0; at < 60; at++) {
      log.add(body(`t${at}`));
      const written = log.flush();
      log.add(body('meanwhile'));
      await written;
    }
    await log.close();
    const verified = await verifyAudit(file);
    expect(verified.faults).toEqual([]);
    expect(verified.segments).toBeGreaterThan(10);
    const sizes = Array.from({ length: verified.segments }, (_, at) => readFileSync(segment(at + 1)).length);
    expect(Math.max(...sizes)).toBeLessThan(1_600);
  });

  it('reports what it cannot read, and is not confused by files that are not its own', async () => {
    await written(10);
    writeFileSync(`${file}.99999999999999999999`, '');
    expect(await faults()).toContainEqual(expect.stringMatching(/^0: segments 2 to .* are missing$/));
    rmSync(`${file}.99999999999999999999`);
    mkdirSync(segment(2));
    expect(await faults()).toEqual(['1: it cannot be read: EISDIR']);
    rmSync(segment(2), { recursive: true });
    truncateSync(segment(), 64 << 20);
    expect(await faults()).toEqual(['12: the line is longer than any entry']);
    rmSync(`${file}.head`);
    mkdirSync(`${file}.head`);
    expect(await faults()).toEqual(['0: it cannot be read: EISDIR']);
  });

  it('notices a tail that was cut off before a restart, and records it permanently', async () => {
    await written(10);
    truncateSync(segment(), readFileSync(segment()).length - 40);
    await written(2);
    expect(told).toEqual(['the log ends at entry 10, and has had 11']);
    expect(await faults()).toContainEqual(
      expect.stringContaining('cut off before the proxy was started again: entry 11'),
    );
  });

  it('notices a head written without the key', async () => {
    await written(10, { key: 'the key' });
    expect(await faults({ key: 'the key' })).toEqual([]);
    const lines = linesOf().slice(0, -1);
    rewrite(lines);
    const { createHash } = await import('node:crypto');
    const hash = createHash('sha256').update(lines.at(-1)!).digest('hex');
    writeFileSync(`${file}.head`, JSON.stringify({ segment: 1, seq: 10, hash }));
    expect(await faults()).toEqual([]);
    expect(await faults({ key: 'the key' })).toEqual(['0: the head was not sealed with this key']);
    rmSync(`${file}.head`);
    expect(await faults()).toEqual(['0: the head is missing: whether the end was cut off cannot be told']);
  });

  it('buffers what the disk does not take, refuses statements meanwhile, and reports what it had to drop', async () => {
    const log = await AuditLog.open(options({ bufferMax: 300, segmentBytes: 200 }));
    // A folder in place of the next segment: as good as a disk that is full.
    log.add(body('first'));
    mkdirSync(segment(2));
    await log.flush();
    expect([log.isFailing, log.isRefusing]).toEqual([true, true]);
    for (let at = 0; at < 10; at++) log.add(body(`t${at}`));
    expect(log.dropped).toBeGreaterThan(0);
    rmSync(segment(2), { recursive: true });
    await log.flush();
    expect(log.isRefusing).toBe(false);
    await log.close();
    const verified = await verifyAudit(file);
    expect(verified).toMatchObject({ faults: [], dropped: log.dropped });
    expect(told).toEqual(['failing', `recovered, ${log.dropped} dropped`]);
    expect(readdirSync(folder).some((name) => name.endsWith('.new'))).toBe(false);
  });

  it('writes nothing twice, however many entries wait while the disk fails', async () => {
    const log = await AuditLog.open(options({ segmentBytes: 200, flushMs: 60_000 }));
    log.add(body('first'));
    mkdirSync(segment(2));
    await log.flush();
    log.add(body('second'));
    rmSync(segment(2), { recursive: true });
    await Promise.all([log.flush(), log.flush(), log.flush(), log.flush()]);
    await log.close();
    expect(await verifyAudit(file)).toMatchObject({ faults: [], entries: 7 });
  });

  it('continues where it failed, at any part of a batch', async () => {
    // Neither the next segment can be opened, nor the head be written; then the one, and then the other.
    const [next, head] = [segment(2), `${file}.head.new`];
    const log = await AuditLog.open(options({ segmentBytes: 200, flushMs: 60_000 }));
    log.add(body('first'));
    for (const inTheWay of [next, head]) mkdirSync(inTheWay);
    await log.flush();
    for (const inTheWay of [next, head]) {
      expect([log.isFailing, log.waiting]).toEqual([true, 0]);
      rmSync(inTheWay, { recursive: true });
      await log.flush();
    }
    expect(log.isFailing).toBe(false);
    await log.close();
    expect(await verifyAudit(file)).toMatchObject({ faults: [], entries: 4 });
    expect(linesOf(2)).toHaveLength(1);
  });

  it('refuses statements before a slow disk loses entries, and reports any that are lost', async () => {
    const log = await AuditLog.open(options({ bufferMax: 1_000, flushMs: 60_000 }));
    for (let at = 0; at < 20 && !log.isRefusing; at++) log.add(body('asked'));
    expect([log.dropped, log.isFailing]).toEqual([0, false]);
    for (let at = 0; at < 10; at++) log.add(body('ran already'));
    expect(log.dropped).toBeGreaterThan(0);
    await log.flush();
    expect(log.isRefusing).toBe(false);
    await log.close();
    expect(await verifyAudit(file)).toMatchObject({ faults: [], dropped: log.dropped });
    expect(told).toEqual([]);
  });

  (process.platform === 'linux' ? it : it.skip)('is written by one process at a time', async () => {
    const log = await AuditLog.open(options());
    await expect(AuditLog.open(options())).rejects.toThrow('another process is writing it');
    log.add(body('first'));
    await log.close();
    await written(1);
    expect((await verifyAudit(file)).faults).toEqual([]);
  });

  it('reports that there is no log', async () => {
    expect(await faults()).toEqual(['0: there is no log']);
  });
});
