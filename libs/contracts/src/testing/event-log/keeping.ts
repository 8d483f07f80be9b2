import { topics } from '../../topics.ts';
import { aRecord } from '../builders.ts';
import { jestGlobals } from '../jest-globals.ts';
import { collect, eachWithSubject, numbered, text, topic, type OpenSubject } from './subject.ts';

/** What is kept after a restart, compaction and truncation. */
export function describeKeeping(open: OpenSubject): void {
  const { describe, expect, it } = jestGlobals();
  describe('keeping', () => {
    const subject = eachWithSubject(open);
    const committed = { at: 'committed' } as const;

    it('keeps records, offsets and commits after a restart', async () => {
      const { log } = subject;
      await log.append(
        topic,
        0,
        numbered(0, 5).map((one) => aRecord(one)),
      );
      await log.commit('g', topic, 0, 3);
      const reopened = await subject.reopen();
      expect(await reopened.committed('g', topic, 0)).toBe(3);
      expect(await reopened.append(topic, 0, [aRecord('5')])).toEqual({ baseOffset: 5, lastOffset: 5 });
      const read = await collect(reopened, { group: 'g', from: committed });
      expect(await read.arrived(3)).toEqual(['3', '4', '5']);
    });

    it('delivers again after a restart what was not committed', async () => {
      const { log } = subject;
      await log.append(
        topic,
        0,
        numbered(0, 4).map((one) => aRecord(one)),
      );
      const read = await collect(log, { group: 'g', from: committed, maxRecords: 1 });
      await read.arrived(4);
      await log.commit('g', topic, 0, 2);
      const reopened = await subject.reopen();
      const again = await collect(reopened, { group: 'g', from: committed });
      expect(await again.arrived(2)).toEqual(['2', '3']);
    });

    it('resets a commit to an earlier offset', async () => {
      const { log } = subject;
      await log.append(
        topic,
        0,
        numbered(0, 4).map((one) => aRecord(one)),
      );
      await log.commit('g', topic, 0, 4);
      await log.commit('g', topic, 0, 1);
      expect(await log.committed('g', topic, 0)).toBe(1);
    });

    it('keeps the newest record of each key of a compacted topic, in the order they were written', async () => {
      const { log } = subject;
      const { progress } = topics;
      expect(await log.latest(progress, 0)).toEqual([]);
      await log.append(progress, 0, [aRecord('a1', 'a'), aRecord('b1', 'b'), aRecord('a2', 'a')]);
      for (const value of numbered(0, 30)) await log.append(progress, 0, [aRecord(value, 'c')]);
      await log.append(progress, 0, [aRecord('b2', 'b')]);
      await log.append(progress, 1, [aRecord('elsewhere', 'a')]);
      const newest = (await log.latest(progress, 0)).map(({ key, value, offset }) => [key, text(value), offset]);
      expect(newest).toEqual([
        ['a', 'a2', 2],
        ['c', '29', 32],
        ['b', 'b2', 33],
      ]);
      const reopened = await subject.reopen();
      expect((await reopened.latest(progress, 0)).map(({ key }) => key)).toEqual(['a', 'c', 'b']);
      expect(await reopened.bounds(progress, 0)).toMatchObject({ end: 34 });
    });

    it('shows readers of a compacted topic the newest record of each key, in offset order', async () => {
      const { log } = subject;
      const { progress } = topics;
      for (const value of numbered(0, 10)) await log.append(progress, 0, [aRecord(value, `key-${Number(value) % 3}`)]);
      const read = await collect(log, { topic: progress });
      await read.arrived(3);
      await log.append(progress, 0, [aRecord('last', 'key-0')]);
      await read.arrived(read.texts().includes('last') ? 3 : read.records().length + 1);
      const offsets = read.records().map(({ offset }) => offset);
      expect(offsets).toEqual([...offsets].sort((one, other) => one - other));
      expect(read.texts()).toEqual(expect.arrayContaining(['7', '8', '9', 'last']));
    });

    it('may delete records below truncateBefore, never above, and offsets continue', async () => {
      const { log } = subject;
      const value = (index: string): string => index.padEnd(1000, '.');
      for (let at = 0; at < 200; at += 10) {
        await log.append(
          topic,
          0,
          numbered(at, at + 10).map((one) => aRecord(value(one))),
        );
      }
      await log.truncateBefore(topic, 0, 150);
      const { start, end } = await log.bounds(topic, 0);
      expect(start).toBeGreaterThan(0);
      expect(start).toBeLessThanOrEqual(150);
      expect(end).toBe(200);
      const read = await collect(log);
      await read.arrived(200 - start);
      expect(read.records().map(({ offset }) => offset)).toEqual(numbered(start, 200).map(Number));
      await expect(collect(log, { from: { at: 'offset', offset: 0 } })).rejects.toMatchObject({
        code: 'OFFSET_OUT_OF_RANGE',
      });
      await log.commit('behind', topic, 0, 0);
      const behind = collect(log, { group: 'behind', from: committed });
      await expect(behind).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
      const reopened = await subject.reopen();
      expect(await reopened.bounds(topic, 0)).toEqual({ start, end: 200 });
    });

    it('continues its offsets when everything was truncated', async () => {
      const { log } = subject;
      for (const one of numbered(0, 40)) await log.append(topic, 0, [aRecord(one.padEnd(2000, '.'))]);
      await log.truncateBefore(topic, 0, 40);
      await log.truncateBefore(topic, 0, 4_000);
      const reopened = await subject.reopen();
      expect(await reopened.bounds(topic, 0)).toMatchObject({ end: 40 });
      expect(await reopened.append(topic, 0, [aRecord('next')])).toMatchObject({ baseOffset: 40 });
    });
  });
}
