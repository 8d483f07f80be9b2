import { parentPort, workerData } from 'node:worker_threads';

const { beats, starts, mode } = workerData as {
  readonly beats: Int32Array;
  /** Incremented on every start. */
  readonly starts: Int32Array;
  readonly mode: 'loops' | 'throws' | 'never starts';
};

if (mode === 'never starts') throw new Error('nothing to serve');
setInterval(() => Atomics.add(beats, 0, 1), 20);
const isFirst = Atomics.add(starts, 0, 1) === 0;
parentPort?.postMessage('ready');
if (isFirst) setTimeout(mode === 'loops' ? loopForEver : fail, 50);

function loopForEver(): never {
  for (;;);
}

function fail(): never {
  throw new Error('a mistake');
}
