import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { threadId } from 'node:worker_threads';
import { makeFolder } from '../folders/make-folder.ts';
import { eventLogError } from './errors.ts';
import { ifThere } from './segment-files.ts';

const sqliteBusy = 5;

/** A sweep by another process holds the lock for a moment; if it is held longer, there is another writer. */
const waitMs = 300;

/**
 * Makes this thread the only writer of a partition until `release`. It is a lock of the operating system, held through
 * SQLite on an empty file. It ends with the process in any case, so there are no stale locks to detect.
 * @throws CodedError LOG_HAS_ANOTHER_WRITER, naming it
 */
export function lockPartition(folder: string, name: string): { release(): void } {
  makeFolder(folder);
  const database = new DatabaseSync(join(folder, 'writer.lock'), { timeout: waitMs });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw error;
    throw eventLogError('LOG_HAS_ANOTHER_WRITER', `${name} is written by ${writerOf(folder)}`);
  }
  const writer = { process: process.pid, thread: threadId, since: new Date().toISOString() };
  writeFileSync(join(folder, 'writer.json'), JSON.stringify(writer));
  return { release: () => database.close() };
}

function isBusy(error: unknown): boolean {
  return (error as { readonly errcode?: unknown }).errcode === sqliteBusy;
}

// The holder may be writing the file just now, or may have been killed before it could. The name is only informative;
// the lock decides.
function writerOf(folder: string): string {
  const text = ifThere(() => readFileSync(join(folder, 'writer.json'), 'utf8')) ?? '';
  const writer = /"process":(\d+),"thread":(\d+),"since":"([^"]+)"/.exec(text);
  return writer === null ? 'another process' : `process ${writer[1]} (thread ${writer[2]}) since ${writer[3]}`;
}
