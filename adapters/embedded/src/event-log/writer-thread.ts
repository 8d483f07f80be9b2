// The writer thread of the event log. SQLite blocks while it waits for the disk, and here it blocks nothing else. It
// knows only files, no topics, so it starts quickly.
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

// All requests that have arrived form one group; the next one gathers while it is written. Waiting for a group to grow
// was tried (2 ms): the CPU use was the same, and consecutive appends took seven times as long.
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
