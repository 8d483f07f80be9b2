import { topics } from '../../topics.ts';
import { aRecord } from '../builders.ts';
import { jestGlobals } from '../jest-globals.ts';
import { collect, eachWithSubject, numbered, topic, type OpenSubject } from './subject.ts';

const mebibyte = 1024 * 1024;

/** The guarantees of `append`. */
export function describeAppending(open: OpenSubject): void {
  const { describe, expect, it } = jestGlobals();
  describe('appending', () => {
    const subject = eachWithSubject(open);

    it('gives consecutive offsets from 0 on and says which', async () => {
      const { log } = subject;
      expect(await log.append(topic, 0, [aRecord('a'), aRecord('b')])).toEqual({ baseOffset: 0, lastOffset: 1 });
      expect(await log.append(topic, 0, [aRecord('c')])).toEqual({ baseOffset: 2, lastOffset: 2 });
      expect(await log.append(topic, 0, [])).toEqual({ baseOffset: 3, lastOffset: 2 });
      expect(await log.bounds(topic, 0)).toEqual({ start: 0, end: 3 });
      expect(await log.bounds(topic, 1)).toEqual({ start: 0, end: 0 });
    });

    it('takes effect in the order of the calls, whether they are awaited or not', async () => {
      const { log } = subject;
      const appended = await Promise.all(numbered(0, 60).map((one) => log.append(topic, 0, [aRecord(one)])));
      expect(appended.map(({ baseOffset }) => baseOffset)).toEqual(numbered(0, 60).map(Number));
      const read = await collect(log);
      expect(await read.arrived(60)).toEqual(numbered(0, 60));
    });

    it('keeps partitions and topics apart', async () => {
      const { log } = subject;
      await Promise.all([
        log.append(topic, 0, [aRecord('p0')]),
        log.append(topic, 2, [aRecord('p2')]),
        log.append('another.topic', 0, [aRecord('other')]),
      ]);
      const read = await collect(log, { partitions: [2] });
      expect(await read.arrived(1)).toEqual(['p2']);
      const all = await collect(log, { partitions: undefined });
      expect((await all.arrived(2)).sort()).toEqual(['p0', 'p2']);
    });

    it('returns value, key, headers as bytes, place and time', async () => {
      const { log } = subject;
      const before = Date.now();
      const bytes = Buffer.from([0, 255, 128, 10]);
      const headers = new Map([
        ['ce_id', Buffer.from('ä')],
        ['empty', Buffer.alloc(0)],
        ['raw', bytes],
      ]);
      await log.append(topic, 1, [{ value: bytes, key: 'kéy', headers }, { value: Buffer.alloc(0) }]);
      const read = await collect(log, { partitions: [1] });
      await read.arrived(2);
      const [full, bare] = read.records();
      expect(full).toMatchObject({ topic, partition: 1, offset: 0, key: 'kéy' });
      expect(Buffer.compare(full!.value, bytes)).toBe(0);
      expect([...full!.headers].map(([name, value]) => [name, Buffer.from(value).toString('hex')])).toEqual([
        ['ce_id', 'c3a4'],
        ['empty', ''],
        ['raw', '00ff800a'],
      ]);
      expect(full!.timestampMs).toBeGreaterThanOrEqual(before - 1);
      expect(full!.timestampMs).toBeLessThanOrEqual(Date.now() + 1);
      expect(bare).toMatchObject({ offset: 1, key: undefined });
      expect([bare!.value.length, bare!.headers.size]).toEqual([0, 0]);
    });

    it('takes records of 8 MiB, refuses larger ones by name, and stores nothing of a refused append', async () => {
      const { log } = subject;
      await log.append(topic, 0, [{ value: Buffer.alloc(8 * mebibyte, 7) }]);
      const tooLarge = log.append(topic, 0, [aRecord('small'), { value: Buffer.alloc(8 * mebibyte + 1) }]);
      await expect(tooLarge).rejects.toMatchObject({
        code: 'RECORD_TOO_LARGE',
        message: expect.stringContaining('8388608'),
      });
      await log.append(topic, 0, [aRecord('after')]);
      const read = await collect(log);
      expect((await read.arrived(2)).map((one) => one.length)).toEqual([8 * mebibyte, 5]);
    });

    it('refuses a partition that the topic does not have, and a compacted topic refuses a record without a key', async () => {
      const { log } = subject;
      await expect(log.append(topic, 3, [aRecord('x')])).rejects.toMatchObject({ code: 'PARTITION_UNKNOWN' });
      await expect(log.append(topic, -1, [aRecord('x')])).rejects.toMatchObject({ code: 'PARTITION_UNKNOWN' });
      await expect(log.append(topics.progress, 0, [aRecord('x')])).rejects.toMatchObject({
        code: 'RECORD_KEY_MISSING',
      });
    });

    it('finishes appends before it closes, and accepts none afterwards', async () => {
      const { log } = subject;
      const appends = numbered(0, 20).map((one) => log.append(topic, 0, [aRecord(one)]));
      await log.close();
      expect((await Promise.all(appends)).at(-1)).toEqual({ baseOffset: 19, lastOffset: 19 });
      await expect(log.append(topic, 0, [aRecord('late')])).rejects.toMatchObject({ code: 'LOG_CLOSED' });
      await log.close();
      const reopened = await subject.reopen();
      expect(await reopened.bounds(topic, 0)).toEqual({ start: 0, end: 20 });
      const read = await collect(reopened);
      expect(await read.arrived(20)).toEqual(numbered(0, 20));
    });
  });
}
