// The thread that writes the event log: SQLite blocks while it waits for the disk, and here nobody waits with it. It knows files, not
// topics, so that starting it loads next to nothing.
import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads';
import { LogWriter } from './log-writer.ts';
import type { WriterRequest, WriterThreadData } from './writer-requests.ts';

const { wakeUpChannel, limits } = workerData as WriterThreadData;
const wakeUps = new BroadcastChannel(wakeUpChannel);
const writer = new LogWriter(limits, {
  answer: (answer) => parentPort?.postMessage(answer),
  appended: (partition) => wakeUps.postMessage(partition),
});

let waiting: WriterRequest[] = [];

// Everything that arrived by now is one group: while it is being written the next one gathers. Waiting for a group to grow was tried
// (2 ms): the same CPU, and appends that follow each other took seven times as long.
function writeGroup(): void {
  const group = waiting;
  waiting = [];
  if (writer.write(group) === 'closed') {
    wakeUps.close();
    parentPort?.close();
  }
}

parentPort?.on('message', (request: WriterRequest) => {
  if (waiting.push(request) === 1) setImmediate(writeGroup);
});
