import {
  analyzedCodec,
  encodeOperations,
  topics,
  type AcceptedOperation,
  type EventLog,
  type NewRecord,
} from '@medrex/contracts';
import { anAnalysis, type WholeOperation } from '@medrex/contracts/testing';
import { operationsOf, readTopic } from './left-behind.ts';
import type { Chance } from './seed.ts';
import type { Stack } from './stack.ts';

// A partition has one writer: call these only while the topic's own writer is not running.

/** The operations of the `operations` topic; also while ingest runs. */
export async function readOperations(stack: Stack): Promise<readonly WholeOperation[]> {
  return withLog(stack, (log) => operationsOf(stack, log));
}

/** Appends operations like an ingest that was killed before noting them, and then accepted the same messages again. */
export async function appendOperations(stack: Stack, operations: readonly AcceptedOperation[]): Promise<void> {
  await append(
    stack,
    topics.operations,
    encodeOperations(operations).map((value) => ({ value })),
  );
}

/** Appends the records of a topic again in random order, so that readers get them twice and out of order. */
export async function appendAgain(stack: Stack, topic: string, chance: Chance): Promise<void> {
  const records = await withLog(stack, (log) => readTopic(log, topic));
  const copies = records.map(({ key, value, headers }) => ({ value, headers, ...(key !== undefined && { key }) }));
  await append(stack, topic, chance.shuffled(copies));
}

/** Repeatedly appends wrong advice, for future or past operations. */
export async function appendLies(stack: Stack, chance: Chance): Promise<void> {
  const lies = Array.from({ length: 200 }, () => {
    const [depth, criticality] = [chance.between(0, 1_000), chance.between(0, 1_000)];
    const seq = chance.between(0, 100) * 1_024 + chance.between(0, 12);
    const edges = [{ from: seq + chance.between(-5, 5) + 5, type: 'RAW' } as const];
    const analyses = [anAnalysis({ seq, depth, criticality, edges, isConflicting: chance.between(0, 1) === 1 })];
    return { value: analyzedCodec.encode({ channel: 'ehr', analyses }) };
  });
  await append(stack, topics.analyzed, lies);
}

async function append(stack: Stack, topic: string, records: readonly NewRecord[]): Promise<void> {
  await withLog(stack, (log) => log.append(topic, 0, records));
}

async function withLog<T>(stack: Stack, use: (log: EventLog) => Promise<T>): Promise<T> {
  const log = stack.openLog();
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}
