import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { PartitionBuffer } from './fetched-partition.ts';
import { StallWatchdog } from './stall-watchdog.ts';

const fetched = (offset: number) => ({
  partition: 0,
  highWatermark: '1',
  lastStableOffset: '1',
  abortedTransactions: [],
  messages: [{ offset: String(offset), timestamp: '0', key: null, value: Buffer.from('a') }],
});

describe('a watchdog of readers', () => {
  let watchdog: StallWatchdog;
  let end: number;
  let asked = 0;
  const stalledTopics: unknown[] = [];
  const newWatchdog = (): StallWatchdog => {
    const bounds = async () => {
      asked += 1;
      return new Map([[0, { start: 0, end }]]);
    };
    const observer = { stalled: (facts: { readonly topic: string }) => stalledTopics.push(facts.topic) };
    return new StallWatchdog({ requests: { bounds }, stallMs: 1, observer });
  };
  afterEach(() => watchdog.close());

  it('replaces the client of a reader that delivers nothing although there are new records, until it delivers some', async () => {
    [end, watchdog] = [1, newWatchdog()];
    const buffer = new PartitionBuffer('t', 0, 0);
    let renewed = 0;
    watchdog.watch('t', buffer, () => (renewed += 1));
    await eventually(() => renewed > 1);
    const reason = 'delivers nothing although it has new records';
    await eventually(() => watchdog.stalledReaders[0]?.reason === reason);
    expect(watchdog.stalledReaders).toEqual([{ topic: 't', partition: 0, reason }]);
    expect(stalledTopics).toContain('t');
    buffer.add(fetched(0), true);
    await eventually(() => watchdog.stalledReaders.every((trouble) => trouble.reason !== reason));
  });

  it('ignores a reader at the end of the log', async () => {
    [end, watchdog, asked] = [0, newWatchdog(), 0];
    let renewed = 0;
    watchdog.watch('t', new PartitionBuffer('t', 0, 0), () => (renewed += 1));
    await eventually(() => asked > 2);
    expect(renewed).toBe(0);
    expect(watchdog.stalledReaders.filter(({ reason }) => !reason.startsWith('no answer'))).toEqual([]);
  });

  it('reports a reader whose broker does not answer at all, until it does', async () => {
    const bounds = async () => new Map([[0, { start: 0, end: 0 }]]);
    watchdog = new StallWatchdog({ requests: { bounds }, stallMs: 50, observer: {} });
    const buffer = new PartitionBuffer('t', 0, 0);
    watchdog.watch('t', buffer, () => undefined);
    expect(watchdog.stalledReaders).toEqual([]);
    await eventually(() => watchdog.stalledReaders[0]?.reason.startsWith('no answer of its broker for'));
    buffer.add({ ...fetched(0), messages: [] }, true);
    expect(watchdog.stalledReaders).toEqual([]);
  });

  it('reports a reader whose records were deleted', () => {
    [end, watchdog] = [1, newWatchdog()];
    const buffer = new PartitionBuffer('t', 0, 0);
    watchdog.watch('t', buffer, () => undefined);
    buffer.fail(new Error('gone'), true);
    expect(watchdog.stalledReaders).toMatchObject([{ reason: 'its records were deleted under its reader' }]);
  });
});
