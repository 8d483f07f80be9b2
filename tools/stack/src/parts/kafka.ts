import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { applyTopics, connectionOf, kafkaConfig } from '@medrex/kafka';
import { Kafka, logLevel } from 'kafkajs';
import type { Context } from '../context.ts';
import { expectFree } from '../processes/ports.ts';
import { keepSettings } from '../settings.ts';
import { formatKafka, kafkaJars, kafkaUser, makeKafkaKeys, writeKafkaSettings } from './kafka-files.ts';
import type { Part } from './part.ts';
import { needProgram } from './system-package.ts';

/** Kafka in one process (KRaft), from Maven Central, on the machine's Java; a second listener has TLS, SCRAM and OAUTHBEARER. */
export const kafka: Part = {
  name: 'kafka',
  async up(context) {
    const { processes, ports, configuration } = context;
    const folder = join(context.folder, 'kafka');
    const java = await needProgram(context, 'java', 'default-jre-headless');
    const jars = await kafkaJars(context);
    mkdirSync(folder, { recursive: true });
    keepSettings('kafka', folder, {
      'Kafka version': configuration.versions.kafka,
      'controller port': String(ports.kafkaController),
    });
    if (!processes.isAlive('kafka')) {
      await expectFree('kafka', [ports.kafka, ports.kafkaController, ports.kafkaSecure]);
      await startBroker(context, java, join(jars, '*'), folder);
    }
    const brokers = `127.0.0.1:${ports.kafka}`;
    await processes.ready('kafka', () => answers(brokers), context.signal, 90_000);
    await makeTopics(context, brokers);
    return {
      MEDREX_TEST_KAFKA: brokers,
      MEDREX_TEST_KAFKA_SECURE: `127.0.0.1:${ports.kafkaSecure}`,
      MEDREX_TEST_KAFKA_CA: join(folder, 'ca.pem'),
      MEDREX_TEST_KAFKA_USER: kafkaUser.name,
      MEDREX_TEST_KAFKA_PASSWORD: kafkaUser.password,
      MEDREX_KAFKA_BROKERS: brokers,
      MEDREX_KAFKA_DURABILITY: 'one-broker',
    };
  },
};

/** Creates the topics like `medrex topics apply`, so that they exist when the services start. */
async function makeTopics({ say }: Context, brokers: string): Promise<void> {
  const connection = connectionOf(kafkaConfig.parse({ MEDREX_KAFKA_BROKERS: brokers }), 'medrex-stack');
  const changed = await applyTopics(connection, '', { channels: 1, replicationFactor: 1, minInSyncReplicas: 1 });
  const left = changed.filter(({ isApplied }) => !isApplied);
  for (const { topic, why } of left) say(`kafka: topic ${topic} is not as it should be${why ? `: ${why}` : ''}`);
}

async function startBroker(context: Context, java: string, classPath: string, folder: string): Promise<void> {
  await makeKafkaKeys(context, folder);
  const settings = writeKafkaSettings(context, folder);
  await formatKafka(java, classPath, settings, context);
  const logs = `-Dlog4j2.configurationFile=${join(folder, 'log4j2.xml')}`;
  // Saves CPU on a machine that runs everything: no C2 compiler, which pays off only after minutes, and no parallel collector.
  const thrifty = ['-Xmx512m', '-Xms256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  context.processes.start('kafka', java, [...thrifty, logs, '-cp', classPath, 'kafka.Kafka', settings], {
    cwd: folder,
  });
}

/**
 * Whether the broker is fully usable. On a new broker the first consumer group and the first idempotent producer fail for seconds while
 * the internal topics are created, so this uses both.
 */
async function answers(brokers: string): Promise<boolean> {
  const client = new Kafka({
    clientId: 'medrex-stack',
    brokers: [brokers],
    logLevel: logLevel.NOTHING,
    retry: { retries: 1, initialRetryTime: 200 },
    connectionTimeout: 2_000,
  });
  const admin = client.admin();
  const producer = client.producer({ idempotent: true });
  try {
    await admin.connect();
    await admin.fetchOffsets({ groupId: 'medrex-stack-warm-up' });
    await producer.connect();
    return true;
  } finally {
    await Promise.allSettled([producer.disconnect(), admin.disconnect()]);
  }
}
