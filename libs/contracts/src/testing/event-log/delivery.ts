import type { LogRun } from '../../event-log.ts';
import { aRecord } from '../builders.ts';
import { eventually } from '../eventually.ts';
import { jestGlobals } from '../jest-globals.ts';
import { collect, eachWithSubject, numbered, text, topic, type OpenSubject } from './subject.ts';

/** Back-pressure, redelivery, pause and close. */
export function describeDelivery(open: OpenSubject): void {
  const { describe, expect, it } = jestGlobals();
  describe('delivery', () => {
    const subject = eachWithSubject(open);
    const from = { at: 'start' } as const;
    const texts = (run: LogRun): string => run.records.map((record) => text(record.value)).join();

    it('delivers the next run of a partition only when the promise for the previous one has resolved', async () => {
      const { log } = subject;
      await log.append(
        topic,
        0,
        numbered(0, 6).map((one) => aRecord(one)),
      );
      let inHand = 0;
      const seen: string[] = [];
      await log.subscribe({ group: 'g', topic, partitions: [0], from, maxRecords: 2 }, async (run) => {
        inHand++;
        seen.push(`${inHand}:${texts(run)}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        inHand--;
      });
      await eventually(() => seen.length === 3);
      expect(seen).toEqual(['1:0,1', '1:2,3', '1:4,5']);
    });

    it('delivers partitions independently', async () => {
      const { log } = subject;
      await log.append(topic, 0, [aRecord('blocks')]);
      await log.append(topic, 1, [aRecord('goes on')]);
      const { promise: release, resolve } = Promise.withResolvers<undefined>();
      const seen: string[] = [];
      await log.subscribe({ group: 'g', topic, from }, async (run) => {
        seen.push(texts(run));
        if (run.partition === 0) await release;
      });
      await eventually(() => seen.includes('goes on'));
      await log.append(topic, 1, [aRecord('and on')]);
      await eventually(() => seen.includes('and on'));
      resolve(undefined);
    });

    it('delivers the same run again when the handler rejects, and reports that', async () => {
      const { log } = subject;
      await log.append(
        topic,
        0,
        numbered(0, 4).map((one) => aRecord(one)),
      );
      const seen: string[] = [];
      const errors: string[] = [];
      const onError = (error: unknown, run: LogRun | undefined): void => {
        errors.push(`${String(error)} ${run && texts(run)}`);
      };
      await log.subscribe({ group: 'g', topic, partitions: [0], from, maxRecords: 2, onError }, async (run) => {
        seen.push(texts(run));
        if (seen.length < 3) throw new Error('not yet');
      });
      await eventually(() => seen.length === 4);
      expect(seen).toEqual(['0,1', '0,1', '0,1', '2,3']);
      expect(errors).toEqual(['Error: not yet 0,1', 'Error: not yet 0,1']);
    });

    it('delivers nothing while paused, and continues where it stopped', async () => {
      const { log } = subject;
      await log.append(topic, 0, [aRecord('0')]);
      const read = await collect(log);
      const witness = await collect(log, { group: 'witness' });
      await read.arrived(1);
      read.subscription.pause();
      read.subscription.pause();
      await log.append(topic, 0, [aRecord('1'), aRecord('2')]);
      await witness.arrived(3);
      expect(read.texts().length).toBeLessThan(3);
      read.subscription.resume();
      expect(await read.arrived(3)).toEqual(['0', '1', '2']);
    });

    it('closes a subscription after the current run and delivers nothing more', async () => {
      const { log } = subject;
      await log.append(topic, 0, [aRecord('0')]);
      const { promise: release, resolve } = Promise.withResolvers<undefined>();
      const seen: string[] = [];
      const subscription = await log.subscribe({ group: 'g', topic, partitions: [0], from }, async (run) => {
        seen.push(texts(run));
        await release;
        seen.push('done');
      });
      await eventually(() => seen.length === 1);
      const closed = subscription.close().then(() => seen.push('closed'));
      await log.append(topic, 0, [aRecord('1')]);
      resolve(undefined);
      await closed;
      const witness = await collect(log, { group: 'witness' });
      await witness.arrived(2);
      expect(seen).toEqual(['0', 'done', 'closed']);
    });

    it('closes while a run is being retried, and while paused', async () => {
      const { log } = subject;
      await log.append(topic, 0, [aRecord('0')]);
      let tries = 0;
      const failing = await log.subscribe({ group: 'g', topic, partitions: [0], from }, async () => {
        tries++;
        throw new Error('never');
      });
      const paused = await collect(log);
      await paused.arrived(1);
      paused.subscription.pause();
      await eventually(() => tries > 1);
      await failing.close();
      const triesAtClose = tries;
      await log.close();
      expect(tries).toBe(triesAtClose);
    });
  });
}
