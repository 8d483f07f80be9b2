// The writer thread of the status store: checkpoints take tens of milliseconds, and here they delay no request.
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadAnswer } from '../threads/thread-client.ts';
import { openStatusDatabase } from './status-database.ts';
import type { NumberedStatusRequest } from './status-requests.ts';
import { StatusWriter } from './status-writer.ts';

const writer = new StatusWriter(openStatusDatabase((workerData as { readonly file: string }).file));
let waiting: NumberedStatusRequest[] = [];

function answer(answered: ThreadAnswer<number>): void {
  parentPort?.postMessage(answered);
}

function fail(ids: readonly number[], error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  for (const id of ids) answer({ id, code: 'STATUS_STORE_FAILED', message: `the status store: ${message}` });
}

// All requests that have arrived share one transaction.
function writeGroup(): void {
  const group = waiting;
  waiting = [];
  const changes = group.filter((request) => request.kind !== 'close');
  try {
    if (changes.length > 0) writer.inTransaction(() => changes.forEach(write));
    for (const { id } of changes) answer({ id, value: 0 });
  } catch (error) {
    fail(
      changes.map(({ id }) => id),
      error,
    );
  }
  for (const request of group) if (request.kind === 'close') close(request.id);
}

function write(request: Exclude<NumberedStatusRequest, { kind: 'close' }>): void {
  if (request.kind === 'accepted') writer.accepted(request.rows);
  else if (request.kind === 'settled') writer.settled(request.rows, request.position);
  else writer.forget(request.opIds);
}

function close(id: number): void {
  writer.close();
  answer({ id, value: 0 });
  parentPort?.close();
}

parentPort?.on('message', (request: NumberedStatusRequest) => {
  if (waiting.push(request) === 1) setImmediate(writeGroup);
});
