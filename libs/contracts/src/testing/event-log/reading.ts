import { aRecord } from '../builders.ts';
import { eventually } from '../eventually.ts';
import { jestGlobals } from '../jest-globals.ts';
import { collect, eachWithSubject, numbered, text, topic, type OpenSubject } from './subject.ts';

/** Start positions, sizes of runs, and reading while the log grows. */
export function describeReading(open: OpenSubject): void {
  const { describe, expect, it } = jestGlobals();
  describe('reading', () => {
    const subject = eachWithSubject(open);

    it('starts at the start, the end, an offset, or what the group committed', async () => {
      const { log } = subject;
      await log.append(
        topic,
        0,
        numbered(0, 10).map((one) => aRecord(one)),
      );
      await log.commit('committed', topic, 0, 7);
      const read = {
        start: await collect(log),
        end: await collect(log, { from: { at: 'end' } }),
        offset: await collect(log, { from: { at: 'offset', offset: 4 } }),
        committed: await collect(log, { group: 'committed', from: { at: 'committed' } }),
        never: await collect(log, { group: 'never', from: { at: 'committed' } }),
      };
      await log.append(topic, 0, [aRecord('10')]);
      expect(await read.start.arrived(11)).toEqual(numbered(0, 11));
      expect(await read.end.arrived(1)).toEqual(['10']);
      expect(await read.offset.arrived(7)).toEqual(numbered(4, 11));
      expect(await read.committed.arrived(4)).toEqual(numbered(7, 11));
      expect(await read.never.arrived(11)).toEqual(numbered(0, 11));
    });

    it('starts at the end itself, and refuses an offset beyond it instead of choosing another', async () => {
      const { log } = subject;
      await log.append(topic, 0, [aRecord('0'), aRecord('1')]);
      const atEnd = await collect(log, { from: { at: 'offset', offset: 2 } });
      await expect(collect(log, { from: { at: 'offset', offset: 3 } })).rejects.toMatchObject({
        code: 'OFFSET_OUT_OF_RANGE',
        message: expect.stringContaining(`${topic}/0`),
      });
      await log.commit('ahead', topic, 0, 99);
      const ahead = collect(log, { group: 'ahead', from: { at: 'committed' } });
      await expect(ahead).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
      await log.append(topic, 0, [aRecord('2')]);
      expect(await atEnd.arrived(1)).toEqual(['2']);
    });

    it('limits runs to maxRecords and maxBytes, and delivers a larger record alone', async () => {
      const { log } = subject;
      const sizes = [10, 10, 10, 50, 10, 10, 10, 10];
      await log.append(
        topic,
        0,
        sizes.map((size, index) => aRecord(String(index).padEnd(size, '.'))),
      );
      const byCount = await collect(log, { maxRecords: 3 });
      const byBytes = await collect(log, { maxBytes: 25 });
      await Promise.all([byCount.arrived(8), byBytes.arrived(8)]);
      expect(byCount.runs.map((run) => run.records.length)).toEqual([3, 3, 2]);
      for (const run of byBytes.runs) {
        const bytes = run.records.reduce((sum, record) => sum + record.value.length, 0);
        expect(bytes <= 25 || run.records.length === 1).toBe(true);
      }
      expect(byBytes.texts().map((one) => one[0])).toEqual(numbered(0, 8));
    });

    it('gives the end of the log with each run', async () => {
      const { log } = subject;
      await log.append(
        topic,
        0,
        numbered(0, 9).map((one) => aRecord(one)),
      );
      const read = await collect(log, { maxRecords: 4 });
      await read.arrived(9);
      const lags = read.runs.map((run) => run.endOffset - (run.records.at(-1)?.offset ?? 0) - 1);
      expect(lags).toEqual([5, 1, 0]);
    });

    it('delivers what is appended while it reads: everything, once, in order', async () => {
      const { log } = subject;
      const read = await collect(log, { maxRecords: 7 });
      for (let at = 0; at < 200; at += 5) {
        await log.append(
          topic,
          0,
          numbered(at, at + 5).map((one) => aRecord(one)),
        );
      }
      await read.arrived(200);
      expect(read.texts()).toEqual(numbered(0, 200));
      expect(read.records().map(({ offset }) => offset)).toEqual(numbered(0, 200).map(Number));
    });

    it('delivers everything to every group, with separate commits', async () => {
      const { log } = subject;
      await log.append(topic, 0, [aRecord('0'), aRecord('1')]);
      const [one, other] = await Promise.all([collect(log, { group: 'one' }), collect(log, { group: 'other' })]);
      expect(await one.arrived(2)).toEqual(['0', '1']);
      expect(await other.arrived(2)).toEqual(['0', '1']);
      await log.commit('one', topic, 0, 1);
      await log.commit('other', topic, 0, 2);
      await log.commit('other', topic, 1, 5);
      expect(await log.committed('one', topic, 0)).toBe(1);
      expect(await log.committed('other', topic, 0)).toBe(2);
      expect(await log.committed('third', topic, 0)).toBeUndefined();
    });

    it('reads records of megabytes and of one byte from the same partition', async () => {
      const { log } = subject;
      const large = Buffer.alloc(3 * 1024 * 1024, 'x');
      await log.append(topic, 0, [aRecord('a'), { value: large }, aRecord('b'), { value: large }, aRecord('c')]);
      const read = await collect(log, { maxBytes: 1024 });
      await eventually(() => read.records().length === 5);
      expect(read.records().map((record) => record.value.length)).toEqual([1, large.length, 1, large.length, 1]);
      expect(text(read.records()[4]?.value)).toBe('c');
    });
  });
}
