// A service for the tests of runService, as a process or a thread; argv[2] or the thread's data selects its behaviour.
import { isMainThread, workerData } from 'node:worker_threads';
import { CodedError } from '@medrex/coded-error';
import { runService, type RunningService } from '../run-service.ts';

const behaviour = isMainThread ? process.argv[2] : String(workerData);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const description = { code: 'VAULT_UNAVAILABLE', retryable: true, meaning: 'm', remedy: 'Start the vault.' };

function trouble(): void {
  if (behaviour === 'throws') JSON.parse('{"name": Smith}');
  if (behaviour === 'rejects') void Promise.reject(new CodedError(description, 'the vault is gone'));
}

async function start(end: (code: number) => void): Promise<RunningService> {
  if (behaviour === 'wrong configuration') throw new Error('PORT must be a number');
  if (behaviour === 'slow start') {
    process.send?.('starting');
    await pause(300);
  }
  const alive = setInterval(() => undefined, 1_000);
  setTimeout(trouble, 20);
  if (behaviour === 'ends itself') setTimeout(end, 20, 3);
  return {
    urls: { api: 'http://localhost:1' },
    close: async () => {
      await pause(behaviour === 'hangs' ? 60_000 : 50);
      clearInterval(alive);
      process.stdout.write('closed\n');
    },
  };
}

runService(start, { closeWithinMs: 500 });
