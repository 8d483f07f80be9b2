import {
  decodeOperations,
  newestProgress,
  operationsPerRecord,
  progressCodec,
  topics,
  type EventLog,
  type Progress,
  type SequencedOperation,
} from '@medrex/contracts';
import { openCommandLog } from './command-log.ts';

/** Number of live operations that name one of the pseudonyms, over all channels of a data folder. */
export async function liveOperationsOf(dataDir: string, pseudonyms: readonly string[]): Promise<number> {
  const { log, partitionsOf } = await openCommandLog(dataDir);
  try {
    let live = 0;
    for (const partition of await partitionsOf(topics.operations)) {
      await readLive(log, partition, ({ operation }) => {
        if (operation.keys.some(({ key }) => pseudonyms.some((pseudonym) => key.includes(pseudonym)))) live += 1;
      });
    }
    return live;
  } finally {
    await log.close();
  }
}

/** Calls `onLive` for every operation of a channel's log that is not known to be terminal. */
async function readLive(
  log: EventLog,
  partition: number,
  onLive: (operation: SequencedOperation) => void,
): Promise<void> {
  const progress = await progressOf(log, partition);
  const lowWaterMark = progress?.lowWaterMark ?? 0;
  const isDone = (seq: number) =>
    seq < lowWaterMark || (progress?.doneRanges.some(([first, last]) => first <= seq && seq <= last) ?? false);
  const { start, end } = await log.bounds(topics.operations, partition);
  const from = Math.max(start, Math.floor(lowWaterMark / operationsPerRecord));
  if (from >= end) return;
  await new Promise<void>((resolve, reject) => {
    const place = { topic: topics.operations, partitions: [partition], from: { at: 'offset', offset: from } } as const;
    const subscription = log.subscribe({ group: 'medrex-cli', ...place, onError: reject }, async (run) => {
      for (const record of run.records) {
        for (const operation of decodeOperations(record)) if (!isDone(operation.seq)) onLive(operation);
        if (record.offset >= end - 1) void subscription.then((one) => one.close()).then(resolve, reject);
      }
    });
    subscription.catch(reject);
  });
}

/** The newest progress of the channel of a partition. */
async function progressOf(log: EventLog, partition: number): Promise<Progress | undefined> {
  const values = (await log.latest(topics.progress, partition)).map(({ value }) => value);
  const [any] = values;
  return any === undefined ? undefined : newestProgress(progressCodec.decode(any).channel, values);
}
