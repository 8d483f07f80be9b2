import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { eventLogContract, freePort, statusStoreContract } from '@medrex/contracts/testing';
import { kafkaLogSubject } from '@medrex/kafka/testing';
import { PostgresStatusStore } from '@medrex/postgres';
import { TestSchema } from '@medrex/postgres/testing';
import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer, Wait } from 'testcontainers';

const stackFile = resolve(import.meta.dirname, '..', '..', 'deploy', 'stack.json');
const { versions } = JSON.parse(readFileSync(stackFile, 'utf8')) as { versions: Record<string, string> };
const hasRuntime = await getContainerRuntimeClient().then(
  () => true,
  () => false,
);

/** A suite on an official image; skipped by name when there is no container runtime. */
function describeImage(title: string, suite: () => void): void {
  if (hasRuntime) describe(title, suite);
  else describe.skip(`${title} (left out: no container runtime answers)`, () => it('needs one', () => undefined));
}

describeImage('Kafka in a container', () => {
  let container: StartedTestContainer;
  let brokers: string;
  beforeAll(async () => {
    const port = await freePort();
    brokers = `127.0.0.1:${port}`;
    container = await new GenericContainer(`apache/kafka:${versions['kafka']}`)
      // The broker advertises its port to clients, so the port must be known in advance.
      .withExposedPorts({ container: port, host: port })
      .withEnvironment(brokerOn(port))
      .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
      .start();
  }, 300_000);
  afterAll(() => container.stop());

  eventLogContract('KafkaEventLog', () => kafkaLogSubject(brokers));
});

describeImage('PostgreSQL in a container', () => {
  let container: StartedTestContainer;
  beforeAll(async () => {
    container = await new GenericContainer(`postgres:${versions['postgres']}`)
      .withExposedPorts(5432)
      .withEnvironment({ POSTGRES_USER: 'medrex', POSTGRES_DB: 'medrex', POSTGRES_HOST_AUTH_METHOD: 'trust' })
      // It starts once to create the database, and then again.
      .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
      .start();
  }, 300_000);
  afterAll(() => container.stop());

  statusStoreContract('PostgresStatusStore', async () => {
    const schema = new TestSchema(`postgres://medrex@${container.getHost()}:${container.getMappedPort(5432)}/medrex`);
    const store = await PostgresStatusStore.open({ pool: schema.pool(), schema: schema.name });
    return {
      store,
      dispose: async () => {
        await store.close();
        await schema.drop();
      },
    };
  });
});

const brokerOn = (port: number): Record<string, string> => ({
  KAFKA_NODE_ID: '1',
  KAFKA_PROCESS_ROLES: 'broker,controller',
  KAFKA_CONTROLLER_QUORUM_VOTERS: '1@127.0.0.1:9093',
  KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
  KAFKA_LISTENERS: `OUTSIDE://:${port},CONTROLLER://:9093`,
  KAFKA_ADVERTISED_LISTENERS: `OUTSIDE://127.0.0.1:${port}`,
  KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'OUTSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT',
  KAFKA_INTER_BROKER_LISTENER_NAME: 'OUTSIDE',
  KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
  KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
  KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
  KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
  KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
  KAFKA_MESSAGE_MAX_BYTES: String(9 * 1024 * 1024),
});
