import { randomUUID } from 'node:crypto';
import { eventually } from '@medrex/contracts/testing';
import type { ITopicMetadata } from 'kafkajs';
import { newClient, type KafkaConnection } from '../cluster.ts';

/** Topics of one test on a real cluster, under a prefix of its own. */
export interface ScratchTopics {
  readonly connection: KafkaConnection;
  readonly prefix: string;
  remove(): Promise<void>;
}

/**
 * Creates topics for one test only.
 * @param where brokers, comma-separated
 */
export async function scratchTopics(
  where: string,
  topics: Readonly<Record<string, number>>,
  configs: Readonly<Record<string, string>> = {},
): Promise<ScratchTopics> {
  const connection = { brokers: where.split(','), clientId: 'medrex-test' };
  const prefix = `test-${randomUUID().slice(0, 8)}.`;
  const names = Object.keys(topics).map((topic) => prefix + topic);
  const client = newClient(connection);
  const admin = client.kafka.admin();
  await admin.connect();
  const settings = { 'max.message.bytes': String(9 * 1024 * 1024), ...configs };
  await admin.createTopics({
    waitForLeaders: false,
    topics: Object.entries(topics).map(([topic, numPartitions]) => ({
      topic: prefix + topic,
      numPartitions,
      replicationFactor: 1,
      configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
    })),
  });
  await eventually(() => admin.fetchTopicMetadata({ topics: names }).then(isLed, () => false));
  const remove = async (): Promise<void> => {
    await admin.deleteTopics({ topics: names });
    await admin.disconnect();
    client.destroy();
  };
  return { connection, prefix, remove };
}

const isLed = ({ topics }: { readonly topics: readonly ITopicMetadata[] }): boolean =>
  topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0));
