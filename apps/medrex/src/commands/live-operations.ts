import { join } from 'node:path';
import {
  decodeOperations,
  newestProgress,
  operationsPerRecord,
  topics,
  type EventLog,
  type SequencedOperation,
} from '@medrex/contracts';
import { EmbeddedEventLog } from '@medrex/embedded';
import { defaults } from './defaults.ts';

/** How many operations that name one of the pseudonyms are accepted and not terminal, read from the log of a data folder. */
export async function liveOperationsOf(dataDir: string, pseudonyms: readonly string[]): Promise<number> {
  const log = new EmbeddedEventLog({ root: join(dataDir, 'log') });
  try {
    let live = 0;
    await readLive(log, (operation) => {
      if (operation.operation.keys.some(({ key }) => pseudonyms.some((pseudonym) => key.includes(pseudonym))))
        live += 1;
    });
    return live;
  } finally {
    await log.close();
  }
}

/** Calls `onLive` for every operation of the default channel's log that is not known to be terminal. */
async function readLive(log: EventLog, onLive: (operation: SequencedOperation) => void): Promise<void> {
  const partition = 0;
  const latest = await log.latest(topics.progress, partition);
  const progress = newestProgress(
    defaults.channel,
    latest.map(({ value }) => value),
  );
  const lowWaterMark = progress?.lowWaterMark ?? 0;
  const isDone = (seq: number) =>
    seq < lowWaterMark || (progress?.doneRanges.some(([first, last]) => first <= seq && seq <= last) ?? false);
  const { start, end } = await log.bounds(topics.operations, partition);
  const from = Math.max(start, Math.floor(lowWaterMark / operationsPerRecord));
  if (from >= end) return;
  await new Promise<void>((resolve, reject) => {
    const subscription = log.subscribe(
      { group: 'medrex-cli', topic: topics.operations, partitions: [partition], from: { at: 'offset', offset: from } },
      async (run) => {
        for (const record of run.records) {
          for (const operation of decodeOperations(record)) if (!isDone(operation.seq)) onLive(operation);
          if (record.offset >= end - 1) void subscription.then((one) => one.close()).then(resolve, reject);
        }
      },
    );
    subscription.catch(reject);
  });
}
