import type { MessageName } from './messages.ts';
import { topics, type Topic } from './topics.ts';

/** How long a topic's records stay. */
export type Retention =
  /** Whole segments are deleted once they are this old or the topic is this large, read or not. */
  | { readonly cleanup: 'age'; readonly retentionMs: number; readonly retentionBytes?: number }
  /** Only `truncateBefore` deletes records: they are needed until their readers have processed them. */
  | { readonly cleanup: 'mark' }
  /** Compacted: the newest record of each key is kept. */
  | { readonly cleanup: 'compact' };

/** One row of the topic table. */
export interface TopicDescription {
  readonly name: Topic;
  readonly message: MessageName;
  readonly description: string;
  /** Content of the record key; `undefined` for topics without keys. */
  readonly key: string | undefined;
  /** `channel`: one partition per channel, by the explicit map. `key`: a hash of the key chooses one of `partitions`. */
  readonly partitionedBy: 'channel' | 'key';
  /** Number of partitions on a Kafka cluster; one per channel if `partitionedBy` is `channel`. */
  readonly partitions: number;
  readonly retention: Retention;
  /** Direction from the view of Medrex. */
  readonly direction: 'in' | 'out' | 'internal';
  readonly writers: readonly string[];
  readonly readers: readonly string[];
  readonly recordBytesMax: number;
  /**
   * True if records contain unsealed content of hospitals, even only the name of a message. Such topics have a folder
   * of their own, under the hospital's retention.
   */
  readonly isClearText: boolean;
}

/**
 * Maximum bytes of one record with key, value and headers; the same for all topics, since a fusion's outcomes and a
 * Bundle's operation may be large.
 */
export const recordBytesMax = 8 * 1024 * 1024;

const day = 24 * 60 * 60 * 1000;
const gibibyte = 1024 ** 3;

/** The dedupe window: a repeat is recognised for at least this long, so intake topics keep messages no longer. */
export const dedupeWindowMs = 7 * day;

/** How long a dead operation can be resent: long enough to find and correct the cause. */
export const deadLetterWindowMs = 30 * day;

const intake = {
  message: 'intake',
  key: 'the patient, or another unit that must keep its order',
  partitionedBy: 'key',
  partitions: 12,
  retention: { cleanup: 'age', retentionMs: dedupeWindowMs },
  direction: 'in',
  writers: ['EHR', 'medrex replay', 'medrex load'],
  readers: ['ingest'],
  recordBytesMax,
  isClearText: true,
} as const;

const internal = {
  key: undefined,
  partitionedBy: 'channel',
  partitions: 1,
  direction: 'internal',
  recordBytesMax,
  isClearText: false,
} as const;

/** Kept no longer than intake topics, because an erased patient's data cannot be found in unreadable bytes. */
const refused = {
  ...internal,
  message: 'refusedMessage',
  description:
    'Messages of the topic that were refused, wholly or partly: the record as it came, sealed, so that it can be sent again. Written before the offset of the message is committed; repeats allowed.',
  retention: { cleanup: 'age', retentionMs: dedupeWindowMs, retentionBytes: 4 * gibibyte },
  writers: ['ingest'],
  readers: ['ingest'],
} as const;

/**
 * Every topic with its content, writers, readers and retention. Documentation, AsyncAPI and the setup of logs are
 * generated from this table.
 */
export const topicTable: readonly TopicDescription[] = [
  { ...intake, name: topics.intake, description: 'Messages of hospital systems.' },
  {
    ...intake,
    name: topics.intakeUrgent,
    description: 'Orders (CPOE) and other messages that must not queue behind the rest; never shed.',
  },
  { ...refused, name: topics.intakeDlq },
  { ...refused, name: topics.intakeUrgentDlq },
  {
    name: topics.receipts,
    message: 'receipt',
    description:
      'The result of each message, for the system that sent it; also when an intake partition pauses and when it continues.',
    key: 'the source of the message, or the intake topic',
    partitionedBy: 'key',
    partitions: 12,
    retention: { cleanup: 'age', retentionMs: 7 * day, retentionBytes: 4 * gibibyte },
    direction: 'out',
    writers: ['ingest'],
    readers: ['EHR'],
    recordBytesMax,
    // A receipt names its message as the sender did, and some senders use patient identifiers in names.
    isClearText: true,
  },
  {
    ...internal,
    name: topics.operations,
    message: 'operations',
    description: 'Accepted operations; their place here is the promised order. Deleted only below the low-water mark.',
    retention: { cleanup: 'mark' },
    writers: ['ingest'],
    readers: ['dependency-analyzer', 'orderer-dag'],
  },
  {
    ...internal,
    name: topics.analyzed,
    message: 'analyzed',
    description: 'The typed dependency graph, operation by operation; advice that may come late, repeatedly or never.',
    retention: { cleanup: 'age', retentionMs: day, retentionBytes: gibibyte },
    writers: ['dependency-analyzer'],
    readers: ['orderer-dag', 'contention-monitor', 'metrics'],
  },
  {
    ...internal,
    name: topics.outcomes,
    message: 'outcomes',
    description: 'One record per Fabric transaction: how each of its operations ended. Repeats are identical.',
    retention: { cleanup: 'age', retentionMs: 7 * day, retentionBytes: 16 * gibibyte },
    writers: ['orderer-dag'],
    readers: ['ingest', 'dependency-analyzer', 'contention-monitor', 'metrics'],
  },
  {
    ...internal,
    name: topics.deadLetters,
    message: 'deadLetter',
    description:
      'Operations that were given up, or whose contract failed, with their sealed bytes, so that they can be sent again. Written before their outcome; repeats allowed.',
    retention: { cleanup: 'age', retentionMs: deadLetterWindowMs },
    writers: ['orderer-dag'],
    readers: ['ingest'],
  },
  {
    ...internal,
    name: topics.progress,
    message: 'progress',
    description: 'The progress of each channel; the highest generation of a channel counts.',
    key: 'channel and generation',
    retention: { cleanup: 'compact' },
    writers: ['orderer-dag'],
    readers: ['ingest', 'dependency-analyzer', 'orderer-dag'],
  },
  {
    ...internal,
    name: topics.blocks,
    message: 'blocks',
    description: 'Every transaction of every block, other writers included: keys and versions, no values.',
    retention: { cleanup: 'age', retentionMs: day, retentionBytes: 4 * gibibyte },
    writers: ['orderer-dag'],
    readers: ['contention-monitor', 'query'],
  },
];

const rows = new Map<string, TopicDescription>(topicTable.map((row) => [row.name, row]));

/** The row of a topic; `undefined` for other topics. */
export function topicDescription(topic: string): TopicDescription | undefined {
  return rows.get(topic);
}

/** Retention of any topic; one that is not in the table is kept until it is truncated. */
export function retentionOf(topic: string): Retention {
  return rows.get(topic)?.retention ?? { cleanup: 'mark' };
}
