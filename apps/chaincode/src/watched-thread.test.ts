import { afterEach, describe, expect, it } from '@jest/globals';
import { WatchedThread } from './watched-thread.ts';

const open: WatchedThread[] = [];
afterEach(async () => {
  for (const thread of open.splice(0)) await thread.close();
});

/** Starts a thread that misbehaves the first time; resolves when it is ready for the second time, or has not started at all. */
async function run(mode: 'loops' | 'throws' | 'never starts') {
  const starts = new Int32Array(new SharedArrayBuffer(4));
  const said: string[] = [];
  await new Promise<void>((resolve) => {
    let ready = 0;
    const thread = new WatchedThread({
      file: new URL('./testing/looping-thread.ts', import.meta.url),
      data: { starts, mode },
      env: process.env,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      blockedMs: 300,
      onReady: () => ++ready === 2 && resolve(),
      onRestart: (why) => said.push(why),
      onFailedStart: (error) => {
        said.push(String(error));
        resolve();
      },
    });
    open.push(thread);
  });
  return { said, starts: Atomics.load(starts, 0) };
}

describe('the watchdog', () => {
  it('ends a thread whose loop stands still, and starts it again', async () => {
    const { said, starts } = await run('loops');
    expect(starts).toBe(2);
    expect(said[0]).toBe('a contract let nothing else run for 300 ms');
  });

  it('starts a thread again that ended of a mistake', async () => {
    const { said, starts } = await run('throws');
    expect([said, starts]).toEqual([['Error: a mistake'], 2]);
  });

  it('gives up on a thread that never started', async () => {
    expect(await run('never starts')).toEqual({ said: ['Error: nothing to serve'], starts: 0 });
  });
});
