import { afterEach, describe, expect, it } from '@jest/globals';
import { WatchedThread } from './watched-thread.ts';

const open: WatchedThread[] = [];
afterEach(async () => {
  for (const thread of open.splice(0)) await thread.close();
});

/** Starts a thread that misbehaves on its first run; resolves when the second run is ready, or when the thread failed to start. */
async function run(mode: 'loops' | 'throws' | 'never starts') {
  const starts = new Int32Array(new SharedArrayBuffer(4));
  const restarts: string[] = [];
  await new Promise<void>((resolve) => {
    let ready = 0;
    const thread = new WatchedThread({
      file: new URL('./testing/looping-thread.ts', import.meta.url),
      data: { starts, mode },
      env: process.env,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      blockedMs: 300,
      onReady: () => ++ready === 2 && resolve(),
      onRestart: (why) => restarts.push(why),
      onFailedStart: (error) => {
        restarts.push(String(error));
        resolve();
      },
    });
    open.push(thread);
  });
  return { said: restarts, starts: Atomics.load(starts, 0) };
}

describe('the watchdog', () => {
  it('restarts a thread whose event loop is blocked', async () => {
    const { said: restarts, starts } = await run('loops');
    expect(starts).toBe(2);
    expect(restarts[0]).toBe('a contract blocked the event loop for 300 ms');
  });

  it('restarts a thread that ended with an error', async () => {
    const { said: restarts, starts } = await run('throws');
    expect([restarts, starts]).toEqual([['Error: a mistake'], 2]);
  });

  it('does not restart a thread that failed to start', async () => {
    expect(await run('never starts')).toEqual({ said: ['Error: nothing to serve'], starts: 0 });
  });
});
