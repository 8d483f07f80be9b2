import { recordBytesMax, topicTable, type Retention, type TopicDescription } from '@medrex/contracts';

/** What the topics of an installation shall be like. */
export interface ManifestOptions {
  /** How many channels there are: each has its partition of every internal topic. */
  readonly channels: number;
  readonly replicationFactor: number;
  readonly minInSyncReplicas: number;
}

/** One topic as it shall be. */
export interface WantedTopic {
  readonly name: string;
  readonly partitions: number;
  /** `key`: more partitions would send what one patient has to another one, so their number never changes by itself. */
  readonly partitionedBy: TopicDescription['partitionedBy'];
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
}

const mebibyte = 1024 * 1024;
/** A record of the largest size, and what a batch puts around it. */
const messageBytesMax = recordBytesMax + mebibyte;

/** Every topic of the table as a cluster shall have it. */
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
      // Segments go whole behind the low-water mark, so they are not large.
      return {
        'cleanup.policy': 'delete',
        'retention.ms': '-1',
        'retention.bytes': '-1',
        'segment.bytes': String(128 * mebibyte),
      };
    case 'compact':
      // The segment that is written is never compacted, and a take-over reads the topic from its beginning: so it is as short as
      // brokers allow, and whatever stands behind it is compacted at the cleaner's next look.
      return {
        'cleanup.policy': 'compact',
        'segment.bytes': String(mebibyte),
        'segment.ms': '60000',
        'min.cleanable.dirty.ratio': '0.01',
        'max.compaction.lag.ms': '60000',
      };
  }
}
