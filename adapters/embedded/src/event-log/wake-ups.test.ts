import { BroadcastChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from '@jest/globals';
import { WakeUps } from './wake-ups.ts';

const channel = `wake-ups of a test ${process.pid}`;
const open: { close(): void }[] = [];
const aWakeUps = (): WakeUps => {
  const wakeUps = new WakeUps(channel);
  open.push(wakeUps);
  return wakeUps;
};
const never = new AbortController().signal;
const longMs = 60_000;

/** Whether it happens well before the long wait is over. */
async function within(ms: number, event: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, ms, false);
  const isInTime = await Promise.race([event.then(() => true), late]);
  clearTimeout(timer);
  return isInTime;
}

describe('WakeUps', () => {
  afterEach(() => {
    for (const one of open.splice(0)) one.close();
  });

  it('wakes the readers of a partition when it grows, and no others', async () => {
    const wakeUps = aWakeUps();
    const readers = [0, 1].map(() => wakeUps.arrival('t/0', longMs, never));
    const other = wakeUps.arrival('t/1', longMs, never);
    const writer = new BroadcastChannel(channel);
    open.push(writer);
    writer.postMessage('t/0');
    expect(await within(5_000, Promise.all(readers))).toBe(true);
    expect(await within(20, other)).toBe(false);
  });

  it('wakes a reader after its time, though another waits longer', async () => {
    const wakeUps = aWakeUps();
    const long = wakeUps.arrival('t/0', longMs, never);
    expect(await within(5_000, wakeUps.arrival('t/0', 5, never))).toBe(true);
    expect(await within(5_000, wakeUps.arrival('t/1', 5, never))).toBe(true);
    expect(await within(20, long)).toBe(false);
  });

  it('wakes a reader that is aborted, before or while it waits', async () => {
    const wakeUps = aWakeUps();
    const stop = new AbortController();
    const waiting = wakeUps.arrival('t/0', longMs, stop.signal);
    stop.abort();
    expect(await within(5_000, waiting)).toBe(true);
    expect(await within(5_000, wakeUps.arrival('t/0', longMs, stop.signal))).toBe(true);
  });
});
