import kafkajs, { type Admin } from 'kafkajs';
import type { KafkaConnection } from '../cluster.ts';
import { machineClock } from '../machine-clock.ts';
import { foundTopics, withAdmin, type FoundTopic } from './found-topics.ts';
import { topicManifest, type ManifestOptions, type WantedTopic } from './manifest.ts';

/** One difference between the cluster and the manifest. */
export interface TopicDifference {
  readonly topic: string;
  readonly kind: 'missing' | 'partitions' | 'config' | 'replicas';
  /** Name of the setting, for `config`. */
  readonly setting?: string;
  readonly found?: string;
  readonly wanted: string;
  /** False for a difference that cannot be fixed here without breaking a guarantee; `why` explains it. */
  readonly isApplied: boolean;
  readonly why?: string;
}

const [ledTries, ledEveryMs] = [50, 200];

const wantedTopics = (options: ManifestOptions, prefix: string): readonly WantedTopic[] =>
  topicManifest(options).map((topic) => ({ ...topic, name: prefix + topic.name }));

/**
 * The differences between cluster and manifest.
 * @throws CodedError KAFKA_UNAVAILABLE, KAFKA_REFUSED
 */
export function diffTopics(
  connection: KafkaConnection,
  prefix: string,
  options: ManifestOptions,
): Promise<readonly TopicDifference[]> {
  const wanted = wantedTopics(options, prefix);
  return withAdmin(connection, async (admin) =>
    differences(
      wanted,
      await foundTopics(
        admin,
        wanted.map(({ name }) => name),
      ),
    ),
  );
}

/** Creates missing topics and alters what may be altered; returns the differences. @throws CodedError KAFKA_UNAVAILABLE, KAFKA_REFUSED */
export function applyTopics(
  connection: KafkaConnection,
  prefix: string,
  options: ManifestOptions,
): Promise<readonly TopicDifference[]> {
  const wanted = wantedTopics(options, prefix);
  return withAdmin(connection, async (admin) => {
    const all = differences(
      wanted,
      await foundTopics(
        admin,
        wanted.map(({ name }) => name),
      ),
    );
    const of = (kind: TopicDifference['kind']) =>
      wanted.filter(({ name }) => all.some((one) => one.topic === name && one.kind === kind && one.isApplied));
    await create(admin, of('missing'));
    await extend(admin, of('partitions'));
    await alter(admin, of('config'));
    await ledAll(admin, of('missing'));
    return all;
  });
}

function differences(wanted: readonly WantedTopic[], found: readonly FoundTopic[]): readonly TopicDifference[] {
  return wanted.flatMap((topic) => {
    const there = found.find(({ name }) => name === topic.name);
    if (there === undefined) {
      const { partitions, replicationFactor } = topic;
      const all = `${partitions} partitions, ${replicationFactor} replicas`;
      return [{ topic: topic.name, kind: 'missing', wanted: all, isApplied: true } as const];
    }
    return [
      ...partitionDifference(topic, there),
      ...replicaDifference(topic, there),
      ...configDifferences(topic, there),
    ];
  });
}

function partitionDifference(topic: WantedTopic, there: FoundTopic): readonly TopicDifference[] {
  // Additional partitions do no harm: they are unused, or the hash uses all of them.
  if (there.partitions >= topic.partitions) return [];
  const isApplied = topic.partitionedBy === 'channel';
  const why =
    'more partitions would break the order of messages about one patient; drain the topic and create it again';
  const numbers = { found: String(there.partitions), wanted: String(topic.partitions) };
  return [{ topic: topic.name, kind: 'partitions', ...numbers, isApplied, ...(!isApplied && { why }) }];
}

function replicaDifference(topic: WantedTopic, there: FoundTopic): readonly TopicDifference[] {
  if (there.replicationFactor >= topic.replicationFactor) return [];
  const why = 'replicas are moved by kafka-reassign-partitions';
  const numbers = { found: String(there.replicationFactor), wanted: String(topic.replicationFactor) };
  return [{ topic: topic.name, kind: 'replicas', ...numbers, isApplied: false, why }];
}

function configDifferences(topic: WantedTopic, there: FoundTopic): readonly TopicDifference[] {
  return Object.entries(topic.configs).flatMap(([setting, wanted]) => {
    const found = there.configs.get(setting);
    if (found === wanted) return [];
    return [
      { topic: topic.name, kind: 'config', setting, ...(found !== undefined && { found }), wanted, isApplied: true },
    ];
  });
}

async function create(admin: Admin, topics: readonly WantedTopic[]): Promise<void> {
  if (topics.length === 0) return;
  await admin.createTopics({
    waitForLeaders: false,
    topics: topics.map(({ name, partitions, replicationFactor, configs }) => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor,
      configEntries: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    })),
  });
}

/** Waits, for a limited time, until brokers report new topics, so that a service can start at once. */
async function ledAll(admin: Admin, made: readonly WantedTopic[]): Promise<void> {
  const names = made.map(({ name }) => name);
  if (names.length === 0) return;
  const isLed = async (): Promise<boolean> => {
    const { topics } = await admin.fetchTopicMetadata({ topics: names });
    return topics.every(({ partitions }) => partitions.length > 0 && partitions.every(({ leader }) => leader >= 0));
  };
  for (let tries = 0; tries < ledTries && !(await isLed().catch(() => false)); tries++)
    await machineClock.sleep(ledEveryMs);
}

async function extend(admin: Admin, topics: readonly WantedTopic[]): Promise<void> {
  if (topics.length === 0) return;
  await admin.createPartitions({
    topicPartitions: topics.map(({ name, partitions }) => ({ topic: name, count: partitions })),
  });
}

/** Kafka replaces all settings of a topic together, so those outside the manifest are sent again unchanged. */
async function alter(admin: Admin, topics: readonly WantedTopic[]): Promise<void> {
  if (topics.length === 0) return;
  const own = await ownConfigs(admin, topics);
  await admin.alterConfigs({
    validateOnly: false,
    resources: topics.map(({ name, configs }) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configEntries: Object.entries({ ...own.get(name), ...configs }).map(([key, value]) => ({ name: key, value })),
    })),
  });
}

/** Settings made on the topics themselves. */
async function ownConfigs(
  admin: Admin,
  topics: readonly WantedTopic[],
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map(({ name }) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  return new Map(
    resources.map(({ resourceName, configEntries }) => {
      const own = configEntries.filter(({ configSource }) => configSource === kafkajs.ConfigSource.TOPIC_CONFIG);
      return [resourceName, Object.fromEntries(own.map(({ configName, configValue }) => [configName, configValue]))];
    }),
  );
}

/**
 * Deletes every topic with the prefix of an installation, for tests.
 * @throws CodedError KAFKA_UNAVAILABLE, KAFKA_REFUSED
 */
export async function removeTopics(connection: KafkaConnection, prefix: string): Promise<void> {
  await withAdmin(connection, async (admin) => {
    const ours = (await admin.listTopics()).filter((name) => prefix !== '' && name.startsWith(prefix));
    if (ours.length > 0) await admin.deleteTopics({ topics: ours });
  });
}
