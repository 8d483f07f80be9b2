import { join } from 'node:path';
import {
  decodeOperations,
  encodeOperations,
  topics,
  type AcceptedOperation,
  type SequencedOperation,
} from '@medrex/contracts';
import { EmbeddedEventLog } from '@medrex/embedded';
import { readTopic } from './left-behind.ts';
import type { Stack } from './stack.ts';

/** What stands in the `operations` topic; may be asked while ingest runs. */
export async function readOperations(stack: Stack): Promise<readonly SequencedOperation[]> {
  return withLog(stack, async (log) => (await readTopic(log, topics.operations)).flatMap(decodeOperations));
}

/**
 * Appends operations as an ingest would that was killed before it could note them, and then took the same messages again. Ingest must
 * not run: a partition has one writer.
 */
export async function appendOperations(stack: Stack, operations: readonly AcceptedOperation[]): Promise<void> {
  await withLog(stack, async (log) => {
    const records = encodeOperations(operations).map((value) => ({ value }));
    await log.append(topics.operations, 0, records);
  });
}

async function withLog<T>({ folder }: Stack, use: (log: EmbeddedEventLog) => Promise<T>): Promise<T> {
  const log = new EmbeddedEventLog({ root: join(folder, 'log') });
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}
