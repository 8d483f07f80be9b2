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

/** Header of a progress record: the offset of the claim under which it was written. The claim itself has none. */
const claimHeader = 'claim';

/** An instance's claim to lead a channel: a generation, and the offset of the record that claims it. */
export interface Claim {
  readonly generation: number;
  readonly offset: number;
}

/** The result of a take-over. */
export interface TakeOver {
  /** Progress of the previous leader, under the generation of this instance. */
  readonly progress: Progress;
  /** Offset of the first `operations` record to read. */
  readonly operationsOffset: number;
  /** Offset of the first progress record of this instance, its claim; a later claim has a higher offset. */
  readonly progressOffset: number;
}

/** Options of a take-over. */
export interface TakeOverOptions {
  readonly log: EventLog;
  readonly channel: string;
  readonly partition: number;
  /** The newest progress, when the caller has followed the topic to its end; read from the topic when absent. */
  readonly before?: Progress;
}

/** A record of the progress topic. @param claimOffset offset of the writer's claim; absent for the claim itself */
export const progressRecord = (progress: Progress, claimOffset?: number): NewRecord => ({
  key: progressKey(progress),
  value: progressCodec.encode(progress),
  ...(claimOffset !== undefined && { headers: new Map([[claimHeader, Buffer.from(String(claimOffset))]]) }),
});

/** The claim under which a progress record was written; undefined for a record of another channel. */
export function claimOf(record: LogRecord, channel: string): Claim | undefined {
  const progress = progressCodec.decode(record.value);
  if (progress.channel !== channel) return undefined;
  const offset = record.headers.get(claimHeader);
  const { generation } = progress;
  return { generation, offset: offset === undefined ? record.offset : Number(Buffer.from(offset).toString()) };
}

/**
 * The order of claims of a channel: by generation, then by offset in the log. All instances read the same order, so exactly one stays
 * leader.
 */
export const isLater = (claim: Claim, than: Claim): boolean =>
  claim.generation > than.generation || (claim.generation === than.generation && claim.offset > than.offset);

/** Whether a progress record of this channel was written under a later claim than ours. */
export function supersedes(record: LogRecord, channel: string, { progress, progressOffset }: TakeOver): boolean {
  const claim = claimOf(record, channel);
  return claim !== undefined && isLater(claim, { generation: progress.generation, offset: progressOffset });
}

/**
 * Takes over a channel under the next generation, from the progress of the highest one. The claim is durable before anything is read
 * or sent, so the previous leader sees it and ends.
 *
 * @throws CodedError OPERATIONS_LOG_BEHIND when the log ends before the low-water mark
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
