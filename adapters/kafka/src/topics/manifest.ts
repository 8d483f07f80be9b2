import { recordBytesMax, topicTable, type Retention, type TopicDescription } from '@medrex/contracts';

/** Parameters of the topics of an installation. */
export interface ManifestOptions {
  /** Number of channels: each has its partition in every internal topic. */
  readonly channels: number;
  readonly replicationFactor: number;
  readonly minInSyncReplicas: number;
}

/** One topic as it should be. */
export interface WantedTopic {
  readonly name: string;
  readonly partitions: number;
  /**
   * `key`: changing their number would move records of a patient to another partition, so it is never changed
   * automatically.
   */
  readonly partitionedBy: TopicDescription['partitionedBy'];
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
}

const mebibyte = 1024 * 1024;
/** A record of the maximum size plus the overhead of a batch. */
const messageBytesMax = recordBytesMax + mebibyte;

/** Every topic of the table as it should be on a cluster. */
export function topicManifest({
  channels,
  replicationFactor,
  minInSyncReplicas,
}: ManifestOptions): readonly WantedTopic[] {
  return topicTable.map(({ name, partitionedBy, partitions: byKey, retention }) => {
    const partitions = partitionedBy === 'channel' ? channels : byKey;
    const configs = {
      ...retentionConfigs(retention, partitions),
      'max.message.bytes': String(messageBytesMax),
      'min.insync.replicas': String(minInSyncReplicas),
      'unclean.leader.election.enable': 'false',
    };
    return { name, partitions, partitionedBy, replicationFactor, configs };
  });
}

function retentionConfigs(retention: Retention, partitions: number): Readonly<Record<string, string>> {
  switch (retention.cleanup) {
    case 'age': {
      const bytes = retention.retentionBytes; // Kafka counts them by partition
      return {
        'cleanup.policy': 'delete',
        'retention.ms': String(retention.retentionMs),
        'retention.bytes': bytes === undefined ? '-1' : String(Math.floor(bytes / partitions)),
      };
    }
    case 'mark':
      // Only whole segments below the low-water mark are deleted, so segments are small.
      return {
        'cleanup.policy': 'delete',
        'retention.ms': '-1',
        'retention.bytes': '-1',
        'segment.bytes': String(128 * mebibyte),
      };
    case 'compact':
      // The active segment is never compacted, and a take-over reads the topic from its beginning. So segments are as
      // short as brokers allow, and older ones are compacted at the next run of the cleaner.
      return {
        'cleanup.policy': 'compact',
        'segment.bytes': String(mebibyte),
        'segment.ms': '60000',
        'min.cleanable.dirty.ratio': '0.01',
        'max.compaction.lag.ms': '60000',
      };
  }
}
