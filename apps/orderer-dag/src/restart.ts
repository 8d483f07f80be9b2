import { CodedError } from '@medrex/coded-error';
import {
  newestProgress,
  operationsPerRecord,
  progressCodec,
  progressKey,
  topics,
  type EventLog,
  type LogRecord,
  type Progress,
} from '@medrex/contracts';
import { ordererErrors } from './errors.ts';

/** Header of a progress record that names the process that wrote it; a generation belongs to one. */
const instanceHeader = 'instance';

/** What an instance knows when it has taken a channel over. */
export interface TakeOver {
  /** Where the one before it stood, under this instance's generation. */
  readonly progress: Progress;
  /** Offset of the first `operations` record to read. */
  readonly operationsOffset: number;
  /** Offset of this instance's first progress record: a newer generation shows itself behind it. */
  readonly progressOffset: number;
}

/** A record of the progress topic, marked with the instance that writes it. */
export const progressRecord = (progress: Progress, instance: string) => ({
  key: progressKey(progress),
  value: progressCodec.encode(progress),
  headers: new Map([[instanceHeader, Buffer.from(instance)]]),
});

/** True for a progress record of this channel that another instance wrote under our generation or a later one. */
export function supersedes(
  record: LogRecord,
  own: { readonly channel: string; readonly generation: number; readonly instance: string },
): boolean {
  const { channel, generation } = progressCodec.decode(record.value);
  const instance = Buffer.from(record.headers.get(instanceHeader) ?? []).toString();
  return channel === own.channel && generation >= own.generation && instance !== own.instance;
}

/**
 * Takes a channel over: the next generation, from where the highest one stood. The new generation is durable before
 * anything is read or sent, so whoever drove the channel until now sees it and ends.
 *
 * @throws CodedError OPERATIONS_LOG_BEHIND when the log ends before the low-water mark.
 */
export async function takeOver(log: EventLog, channel: string, partition: number, instance: string): Promise<TakeOver> {
  const values = (await log.latest(topics.progress, partition)).map(({ value }) => value);
  const before = newestProgress(channel, values);
  const progress = { ...(before ?? nothingYet(channel)), generation: (before?.generation ?? 0) + 1 };
  const operationsOffset = Math.floor(progress.lowWaterMark / operationsPerRecord);
  const { end } = await log.bounds(topics.operations, partition);
  if (operationsOffset > end) {
    throw new CodedError(
      ordererErrors.OPERATIONS_LOG_BEHIND,
      `channel ${channel}: ${topics.operations}/${partition} ends at ${end}, but everything below ${operationsOffset} is done`,
    );
  }
  const { baseOffset } = await log.append(topics.progress, partition, [progressRecord(progress, instance)]);
  return { progress, operationsOffset, progressOffset: baseOffset };
}

const nothingYet = (channel: string): Progress => ({
  channel,
  generation: 0,
  lowWaterMark: 0,
  doneRanges: [],
  live: 0,
  contractVersion: '',
  blockHeight: 0,
});
