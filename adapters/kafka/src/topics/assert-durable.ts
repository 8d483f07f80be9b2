import { topicTable } from '@medrex/contracts';
import type { KafkaConnection } from '../cluster.ts';
import { kafkaError } from '../errors.ts';
import { foundTopics, withAdmin, type FoundTopic } from './found-topics.ts';

/** What a cluster has to promise before a service starts on it. */
export type Durability = 'replicated' | 'one-broker';

const replicasMin = 3;
const inSyncMin = 2;

/**
 * Refuses a cluster that lacks topics, or that could lose what it has acknowledged. A set-up of one broker is taken only where
 * the configuration says so: it promises no more than the disk of that broker.
 *
 * @throws CodedError KAFKA_WEAK_TOPICS naming everything that is wrong, KAFKA_UNAVAILABLE, KAFKA_REFUSED
 */
export async function assertDurable(
  connection: KafkaConnection,
  prefix: string,
  durability: Durability,
): Promise<void> {
  const names = topicTable.map(({ name }) => prefix + name);
  const found = await withAdmin(connection, (admin) => foundTopics(admin, names));
  const wrong = names.flatMap((name) =>
    weaknesses(
      name,
      found.find((one) => one.name === name),
      durability,
    ),
  );
  if (wrong.length > 0) throw kafkaError('KAFKA_WEAK_TOPICS', wrong.join('; '));
}

function weaknesses(name: string, topic: FoundTopic | undefined, durability: Durability): readonly string[] {
  if (topic === undefined) return [`${name} is missing`];
  if (durability === 'one-broker') return [];
  const inSync = Number(topic.configs.get('min.insync.replicas') ?? 1);
  return [
    ...(topic.replicationFactor < replicasMin
      ? [`${name} has ${topic.replicationFactor} replicas of ${replicasMin}`]
      : []),
    ...(inSync < inSyncMin ? [`${name} has min.insync.replicas ${inSync} of ${inSyncMin}`] : []),
    ...(topic.configs.get('unclean.leader.election.enable') === 'true' ? [`${name} elects unclean leaders`] : []),
  ];
}
