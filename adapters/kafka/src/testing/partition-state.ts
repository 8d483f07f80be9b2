import { newClient } from '../cluster.ts';

/** The node id of a partition's leader (-1 if it has none), and the number of in-sync replicas. @param where brokers, comma-separated */
export async function partitionState(
  where: string,
  topic: string,
  partition: number,
): Promise<{ readonly leader: number; readonly inSync: number }> {
  const client = newClient({ brokers: where.split(','), clientId: 'medrex-test' });
  const admin = client.kafka.admin();
  try {
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const found = topics[0]?.partitions.find(({ partitionId }) => partitionId === partition);
    return { leader: found?.leader ?? -1, inSync: found?.isr.length ?? 0 };
  } finally {
    await admin.disconnect().catch(() => undefined);
    client.destroy();
  }
}
