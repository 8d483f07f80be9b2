import kafkajs, { type Admin } from 'kafkajs';
import { newClient, type KafkaConnection } from '../cluster.ts';
import { failureOf, kafkaError } from '../errors.ts';

/** One topic as found on the cluster. */
export interface FoundTopic {
  readonly name: string;
  readonly partitions: number;
  /** The smallest number of replicas of its partitions. */
  readonly replicationFactor: number;
  readonly configs: ReadonlyMap<string, string>;
}

/**
 * Runs work with an admin client.
 * @throws CodedError KAFKA_UNAVAILABLE, KAFKA_REFUSED
 */
export async function withAdmin<T>(connection: KafkaConnection, work: (admin: Admin) => Promise<T>): Promise<T> {
  const client = newClient(connection);
  const admin = client.kafka.admin();
  try {
    await admin.connect();
    return await work(admin);
  } catch (error) {
    if (error instanceof Error && 'remedy' in error) throw error;
    const { name, isRefusal } = failureOf(error);
    const brokers = connection.brokers.join(', ');
    throw kafkaError(isRefusal ? 'KAFKA_REFUSED' : 'KAFKA_UNAVAILABLE', `brokers ${brokers}: ${name}`, {
      cause: error,
    });
  } finally {
    client.destroy();
    await admin.disconnect().catch(() => undefined);
  }
}

/** The existing ones of these topics, with their settings. */
export async function foundTopics(admin: Admin, names: readonly string[]): Promise<readonly FoundTopic[]> {
  const all = new Set(await admin.listTopics());
  const there = names.filter((name) => all.has(name));
  if (there.length === 0) return [];
  const { topics } = await admin.fetchTopicMetadata({ topics: there });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: there.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  return topics.map(({ name, partitions }) => {
    const entries = resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? [];
    return {
      name,
      partitions: partitions.length,
      replicationFactor: Math.min(...partitions.map(({ replicas }) => replicas.length)),
      configs: new Map(entries.map(({ configName, configValue }) => [configName, configValue])),
    };
  });
}
