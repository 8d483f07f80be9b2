import { resolve } from 'node:path';
import {
  newestProgress,
  operationsPerRecord,
  progressCodec,
  progressKey,
  topics,
  type EventLog,
  type Progress,
} from '@medrex/contracts';
import { UsageError } from '../terminal/usage-error.ts';
import { openCommandLog, type CommandLog } from './command-log.ts';

export interface TopicsResetFlags {
  readonly data: string;
  readonly yes: boolean;
  readonly json: boolean;
}

/** A channel whose operations log ends before its low-water mark: the topic is another one than the mark was made from. */
interface Behind {
  readonly partition: number;
  readonly progress: Progress;
}

/**
 * `medrex topics reset`: takes operations logs that were made anew for what they are, under a new generation that begins at
 * their start. Repeats of earlier operations are then told from new ones by their records on the ledger alone. Returns the exit code.
 */
export async function topicsReset(flags: TopicsResetFlags): Promise<number> {
  const opened = await openCommandLog(resolve(flags.data));
  const { log } = opened;
  try {
    const behind = await channelsBehind(opened);
    if (behind.length > 0 && !flags.yes)
      throw new UsageError(
        `the operations log of ${names(behind)} was made anew: what it held is lost`,
        'Restore the topic; or say --yes to begin a new one. Stop the services first.',
      );
    for (const one of behind) await begin(log, one);
    const channels = behind.map(({ progress }) => progress.channel);
    console.log(flags.json ? JSON.stringify({ channels }) : told(behind));
    return 0;
  } finally {
    await log.close();
  }
}

async function channelsBehind({ log, partitionsOf }: CommandLog): Promise<readonly Behind[]> {
  const behind: Behind[] = [];
  for (const partition of await partitionsOf(topics.progress)) {
    const values = (await log.latest(topics.progress, partition)).map(({ value }) => value);
    for (const channel of new Set(values.map((value) => progressCodec.decode(value).channel))) {
      const progress = newestProgress(channel, values);
      const { end } = await log.bounds(topics.operations, partition);
      if (progress !== undefined && Math.floor(progress.lowWaterMark / operationsPerRecord) > end)
        behind.push({ partition, progress });
    }
  }
  return behind;
}

/** The block height stays: the blocks are those of before. */
async function begin(log: EventLog, { partition, progress }: Behind): Promise<void> {
  const next: Progress = { ...progress, generation: progress.generation + 1, lowWaterMark: 0, doneRanges: [], live: 0 };
  await log.append(topics.progress, partition, [{ key: progressKey(next), value: progressCodec.encode(next) }]);
}

function told(behind: readonly Behind[]): string {
  if (behind.length === 0) return 'Every operations log is the one that it was; nothing was changed.';
  return `A new operations log begins for ${names(behind)}. Start the services; senders may send again what had no outcome.`;
}

const names = (behind: readonly Behind[]): string => behind.map(({ progress }) => progress.channel).join(', ');
