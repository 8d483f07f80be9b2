import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '@medrex/contracts';
import { applyTopics, connectionOf, diffTopics, kafkaConfig, KafkaEventLog, openKafkaLog } from '@medrex/kafka';
import { partitionState } from '@medrex/kafka/testing';
import { eventually } from '../harness/eventually.ts';
import { KafkaCluster } from '../harness/kafka-cluster.ts';
import { kafkaJars } from '../harness/kafka-jars.ts';

const title = 'three brokers with min.insync.replicas=2';
const suite = (jars: string) => (): void => {
  const cluster = new KafkaCluster(jars);
  const numbers: number[] = [];
  let log: KafkaEventLog;
  beforeAll(async () => {
    await cluster.up();
    const config = kafkaConfig.parse({ MEDREX_LOG: 'kafka', MEDREX_KAFKA_BROKERS: cluster.brokers });
    const connection = connectionOf(config, 'medrex-test');
    const wanted = { channels: 1, replicationFactor: 3, minInSyncReplicas: 2 };
    await eventually(
      'the topics can be made',
      () =>
        applyTopics(connection, '', wanted).then(
          () => true,
          () => false,
        ),
      90_000,
    );
    // A broker that is asked hears of new topics a moment after the one that made them.
    await eventually(
      'the topics are known',
      async () => (await diffTopics(connection, '', wanted)).length === 0,
      30_000,
    );
    log = await openKafkaLog(config, 'test'); // refuses topics that could lose acknowledged records
  }, 180_000);
  afterAll(async () => {
    await (log as KafkaEventLog | undefined)?.close();
    await cluster.remove();
  }, 60_000);

  it('lose nothing and keep the order when the leader of a partition is killed under writes, twice', async () => {
    const place = { topic: topics.operations, partitions: [0], from: { at: 'start' } } as const;
    await log.subscribe({ group: 'test', ...place, onError: () => undefined }, async ({ records }) => {
      for (const { value } of records) numbers.push(Number(Buffer.from(value).toString()));
    });
    const stateNow = () => partitionState(cluster.brokers, topics.operations, 0);
    let appended = 0;
    let isOver = false;
    const writing = (async () => {
      for (; !isOver; appended++) await log.append(topics.operations, 0, [{ value: Buffer.from(String(appended)) }]);
    })();
    for (let round = 0; round < 2; round++) {
      const before = appended;
      await eventually('writes go on', () => appended > before + 100, 60_000);
      const { leader } = await stateNow();
      await cluster.kill(leader);
      const atDeath = appended;
      await eventually('another one leads', () => appended > atDeath + 100, 60_000);
      expect((await stateNow()).leader).not.toBe(leader);
      cluster.start(leader);
      await eventually('it is in sync again', async () => (await stateNow()).inSync === 3, 60_000);
    }
    isOver = true;
    await writing;
    await eventually('all are read', () => numbers.at(-1) === appended - 1, 60_000);
    // At worst the request in flight is stored twice, and never behind a later one.
    expect([...new Set(numbers)]).toEqual(Array.from({ length: appended }, (_, number) => number));
    expect(numbers.length - appended).toBeLessThanOrEqual(4);
  }, 300_000);
};

if (kafkaJars !== undefined) describe(title, suite(kafkaJars));
else
  describe.skip(`${title} (left out: no Java, or no jars of the stack tool)`, () => it('needs them', () => undefined));
