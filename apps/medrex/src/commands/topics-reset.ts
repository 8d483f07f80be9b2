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

/** A channel whose operations log ends before its low-water mark, i.e. whose topic was recreated. */
interface Behind {
  readonly partition: number;
  readonly progress: Progress;
}

/**
 * `medrex topics reset`: accepts recreated operations logs under a new generation that starts at their beginning. Repeats of earlier
 * operations are then recognised by their operation records on the ledger only. Returns the exit code.
 */
export async function topicsReset(flags: TopicsResetFlags): Promise<number> {
  const opened = await openCommandLog(resolve(flags.data));
  const { log } = opened;
  try {
    const behind = await channelsBehind(opened);
    if (behind.length > 0 && !flags.yes)
      throw new UsageError(
        `the operations log of ${names(behind)} was recreated: its former content is lost`,
        'Restore the topic, or add --yes to start with the new one. Stop the services first.',
      );
    for (const one of behind) await begin(log, one);
    const channels = behind.map(({ progress }) => progress.channel);
    console.log(flags.json ? JSON.stringify({ channels }) : resetText(behind));
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

/** Writes progress of a new generation at the start of the log; the block height stays, as the blocks are unchanged. */
async function begin(log: EventLog, { partition, progress }: Behind): Promise<void> {
  const next: Progress = { ...progress, generation: progress.generation + 1, lowWaterMark: 0, doneRanges: [], live: 0 };
  await log.append(topics.progress, partition, [{ key: progressKey(next), value: progressCodec.encode(next) }]);
}

function resetText(behind: readonly Behind[]): string {
  if (behind.length === 0) return 'No operations log was recreated; nothing was changed.';
  return `The new operations log of ${names(behind)} is accepted. Start the services; senders may resend messages without an outcome.`;
}

const names = (behind: readonly Behind[]): string => behind.map(({ progress }) => progress.channel).join(', ');
