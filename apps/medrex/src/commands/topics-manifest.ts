import { applyTopics, connectionOf, diffTopics, type ManifestOptions, type TopicDifference } from '@medrex/kafka';
import { UsageError } from '../terminal/usage-error.ts';
import { kafkaSettings } from './command-log.ts';

export interface TopicsManifestFlags {
  readonly brokers?: string;
  readonly channels: number;
  readonly replicationFactor: number;
  readonly minInsyncReplicas: number;
  readonly json: boolean;
}

/** `medrex topics diff`: shows how the topics of the cluster differ from the topic table. Returns the exit code: 1 when they do. */
export async function topicsDiff(flags: TopicsManifestFlags): Promise<number> {
  const { connection, prefix, options } = placeOf(flags);
  const differences = await diffTopics(connection, prefix, options);
  print(flags, differences, { ended: 'All topics match the topic table.', doing: 'differs' });
  return differences.length === 0 ? 0 : 1;
}

/** `medrex topics apply`: creates and alters topics to match the topic table. Returns the exit code: 1 when differences remain that it cannot correct. */
export async function topicsApply(flags: TopicsManifestFlags): Promise<number> {
  const { connection, prefix, options } = placeOf(flags);
  const differences = await applyTopics(connection, prefix, options);
  print(flags, differences, {
    ended: 'All topics already match the topic table; nothing was changed.',
    doing: 'put right',
  });
  if (flags.replicationFactor < 3 && !flags.json) console.error(weak(flags));
  return differences.every(({ isApplied }) => isApplied) ? 0 : 1;
}

function placeOf(flags: TopicsManifestFlags) {
  const { channels, replicationFactor, minInsyncReplicas } = flags;
  if (minInsyncReplicas > replicationFactor)
    throw new UsageError(
      `--min-insync-replicas ${minInsyncReplicas} is more than --replication-factor ${replicationFactor}`,
      'No append would ever succeed; 3 and 2 are usual, 1 and 1 with one broker.',
    );
  const given = flags.brokers === undefined ? {} : { MEDREX_KAFKA_BROKERS: flags.brokers.split(',') };
  const settings = { ...kafkaSettings(), ...given };
  const options: ManifestOptions = { channels, replicationFactor, minInSyncReplicas: minInsyncReplicas };
  return { connection: connectionOf(settings, 'medrex-cli'), prefix: settings.MEDREX_KAFKA_PREFIX, options };
}

function print(
  { json }: TopicsManifestFlags,
  differences: readonly TopicDifference[],
  { ended, doing }: { readonly ended: string; readonly doing: string },
): void {
  if (json) console.log(JSON.stringify({ differences }));
  else if (differences.length === 0) console.log(ended);
  else for (const one of differences) console.log(`${(one.isApplied ? doing : 'LEFT').padEnd(10)} ${lineOf(one)}`);
}

function lineOf({ topic, kind, setting, found, wanted, why }: TopicDifference): string {
  const what =
    kind === 'missing' ? `missing: ${wanted}` : `${setting ?? kind}: ${found ?? 'not set'} instead of ${wanted}`;
  return `${topic}  ${what}${why === undefined ? '' : ` (${why})`}`;
}

const weak = ({ replicationFactor }: TopicsManifestFlags): string =>
  `With ${replicationFactor} replica(s), acknowledged records are lost with the disk of their broker. Services only start on such topics with MEDREX_KAFKA_DURABILITY=one-broker.`;
