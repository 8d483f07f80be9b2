import { CodedError } from '@medrex/coded-error';
import {
  newestProgress,
  operationsPerRecord,
  progressCodec,
  progressKey,
  topics,
  type EventLog,
  type LogRecord,
  type NewRecord,
  type Progress,
} from '@medrex/contracts';
import { ordererErrors } from './errors.ts';

/** Header of a progress record: where the claim stands under which it was written. The claim itself has none. */
const claimHeader = 'claim';

/** An instance's right to drive a channel: a generation, and the offset of the record that claimed it. */
export interface Claim {
  readonly generation: number;
  readonly offset: number;
}

/** What an instance knows when it has taken a channel over. */
export interface TakeOver {
  /** Where the one before it stood, under this instance's generation. */
  readonly progress: Progress;
  /** Offset of the first `operations` record to read. */
  readonly operationsOffset: number;
  /** Offset of this instance's first progress record, its claim: a later one shows itself behind it. */
  readonly progressOffset: number;
}

/** Which channel is taken over, on which log. */
export interface TakeOverOptions {
  readonly log: EventLog;
  readonly channel: string;
  readonly partition: number;
  /** The newest progress, for whoever has followed the topic to its end; read from the topic when absent. */
  readonly before?: Progress;
}

/** A record of the progress topic, marked with the claim of the instance that writes it; the claim itself when there is none yet. */
export const progressRecord = (progress: Progress, claimOffset?: number): NewRecord => ({
  key: progressKey(progress),
  value: progressCodec.encode(progress),
  ...(claimOffset !== undefined && { headers: new Map([[claimHeader, Buffer.from(String(claimOffset))]]) }),
});

/** Under which claim a progress record was written; undefined for a record of another channel. */
export function claimOf(record: LogRecord, channel: string): Claim | undefined {
  const progress = progressCodec.decode(record.value);
  if (progress.channel !== channel) return undefined;
  const offset = record.headers.get(claimHeader);
  const { generation } = progress;
  return { generation, offset: offset === undefined ? record.offset : Number(Buffer.from(offset).toString()) };
}

/**
 * The order of all claims of a channel: by generation, and where two took the same one, the claim that stands later in the
 * log counts. The log has put them in order, so every instance that reads both comes to the same answer, and one stays.
 */
export const isLater = (claim: Claim, than: Claim): boolean =>
  claim.generation > than.generation || (claim.generation === than.generation && claim.offset > than.offset);

/** True for a progress record of this channel that was written under a later claim than ours. */
export function supersedes(record: LogRecord, channel: string, { progress, progressOffset }: TakeOver): boolean {
  const claim = claimOf(record, channel);
  return claim !== undefined && isLater(claim, { generation: progress.generation, offset: progressOffset });
}

/**
 * Takes a channel over: the next generation, from where the highest one stood. The new generation is durable before
 * anything is read or sent, so whoever drove the channel until now sees it and ends.
 *
 * @throws CodedError OPERATIONS_LOG_BEHIND when the log ends before the low-water mark.
 */
export async function takeOver({ log, channel, partition, before: known }: TakeOverOptions): Promise<TakeOver> {
  const before = known ?? (await newestOf(log, channel, partition)) ?? nothingYet(channel);
  const progress: Progress = { ...before, generation: before.generation + 1, handedOver: undefined };
  const operationsOffset = Math.floor(progress.lowWaterMark / operationsPerRecord);
  const { end } = await log.bounds(topics.operations, partition);
  if (operationsOffset > end) {
    throw new CodedError(
      ordererErrors.OPERATIONS_LOG_BEHIND,
      `channel ${channel}: ${topics.operations}/${partition} ends at ${end}, but everything below ${operationsOffset} is done`,
    );
  }
  const { baseOffset } = await log.append(topics.progress, partition, [progressRecord(progress)]);
  return { progress, operationsOffset, progressOffset: baseOffset };
}

async function newestOf(log: EventLog, channel: string, partition: number): Promise<Progress | undefined> {
  const values = (await log.latest(topics.progress, partition)).map(({ value }) => value);
  return newestProgress(channel, values);
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
