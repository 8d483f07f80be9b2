import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EventLog } from '@medrex/contracts';
import { EmbeddedEventLog } from '@medrex/embedded';
import { kafkaConfig, openKafkaLog, type KafkaConfig } from '@medrex/kafka';
import { UsageError } from '../terminal/usage-error.ts';

/** The event log of the services, opened by a command. */
export interface CommandLog {
  readonly log: EventLog;
  /** The partition numbers of a topic. */
  readonly partitionsOf: (topic: string) => Promise<readonly number[]>;
}

/** The Kafka configuration in the environment. @throws UsageError naming every invalid variable */
export function kafkaSettings(): KafkaConfig {
  const parsed = kafkaConfig.safeParse(process.env);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new UsageError(wrong.join('; '), 'docs/reference/configuration.md lists the variables.');
}

/** Opens Kafka if MEDREX_LOG says so, otherwise the existing files of the folder. @throws UsageError */
export async function openCommandLog(dataDir: string): Promise<CommandLog> {
  const settings = kafkaSettings();
  if (settings.MEDREX_LOG === 'kafka') {
    const log = await openKafkaLog(settings, 'cli');
    const partitionsOf = async (topic: string) =>
      Array.from({ length: await log.partitionCount(topic) }, (_, at) => at);
    return { log, partitionsOf };
  }
  const root = join(dataDir, 'log');
  if (!existsSync(root))
    throw new UsageError(`there is no event log in ${dataDir}`, 'Name the data folder of the services with --data.');
  const log = new EmbeddedEventLog({ root, partitions: () => Infinity });
  return { log, partitionsOf: async (topic) => log.storedPartitions(topic) };
}
