import { topicTable } from '@medrex/contracts';
import type { KafkaConnection } from '../cluster.ts';
import { kafkaError } from '../errors.ts';
import { foundTopics, withAdmin, type FoundTopic } from './found-topics.ts';

/** The durability that a cluster must have before a service starts. */
export type Durability = 'replicated' | 'one-broker';

const replicasMin = 3;
const inSyncMin = 2;

/**
 * Refuses a cluster that lacks topics or could lose acknowledged records. A single broker is accepted only if the
 * configuration says so, because it is only as durable as its disk.
 * @throws CodedError KAFKA_WEAK_TOPICS naming all problems, KAFKA_UNAVAILABLE, KAFKA_REFUSED
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
