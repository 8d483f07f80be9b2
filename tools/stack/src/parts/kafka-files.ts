import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { run } from '../processes/run.ts';
import { needProgram } from './system-package.ts';

/** Credentials of the TLS/SCRAM listener; not secret, as the development stack is on loopback only. */
export const kafkaUser = { name: 'medrex', password: 'medrex-development' } as const;

/** The folder with the broker's jars, downloaded by Maven once per version of the pom, outside the clone. */
export async function kafkaJars(context: Context): Promise<string> {
  const { cache, configuration, root, signal, say } = context;
  const folder = join(cache, `kafka-${configuration.versions.kafka}`);
  if (existsSync(folder)) return folder;
  const maven = await needProgram(context, 'mvn', 'maven');
  say(`fetching Kafka ${configuration.versions.kafka} with Maven (once) ...`);
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(cache, { recursive: true });
  const args = ['-q', '-B', '-f', join(root, 'tools', 'stack', 'kafka', 'pom.xml'), 'dependency:copy-dependencies'];
  const version = `-Dkafka.version=${configuration.versions.kafka}`;
  await run(maven, [...args, version, `-DoutputDirectory=${unfinished}`], signal);
  if (existsSync(folder)) rmSync(unfinished, { recursive: true, force: true });
  else renameSync(unfinished, folder);
  return folder;
}

/** Creates key and certificate of the TLS listener, and the certificate as PEM for clients. */
export async function makeKafkaKeys(context: Context, folder: string): Promise<void> {
  const certificate = join(folder, 'ca.pem');
  if (existsSync(certificate)) return;
  const keytool = await needProgram(context, 'keytool', 'default-jre-headless');
  const store = join(folder, 'broker.p12');
  rmSync(store, { force: true });
  const common = ['-alias', 'broker', '-keystore', store, '-storetype', 'PKCS12', '-storepass', kafkaUser.password];
  const subject = ['-dname', 'CN=localhost', '-ext', 'SAN=ip:127.0.0.1,dns:localhost'];
  await run(keytool, ['-genkeypair', ...common, '-keyalg', 'EC', '-validity', '3650', ...subject], context.signal);
  writeFileSync(certificate, await run(keytool, ['-exportcert', '-rfc', ...common], context.signal));
}

/** Writes the settings of the broker and of log4j. */
export function writeKafkaSettings(context: Context, folder: string): string {
  const file = join(folder, 'server.properties');
  const lines = Object.entries(brokerSettings(context, folder)).map(([name, value]) => `${name}=${value}`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  writeFileSync(join(folder, 'log4j2.xml'), logging);
  return file;
}

/** Formats the data folder, with the SCRAM user, unless it is already formatted. */
export async function formatKafka(java: string, classPath: string, settings: string, context: Context): Promise<void> {
  const folder = join(settings, '..');
  const marker = join(folder, 'data', 'meta.properties');
  if (existsSync(marker) && readFileSync(marker, 'utf8').includes('cluster.id')) return;
  rmSync(join(folder, 'data'), { recursive: true, force: true });
  const logs = `-Dlog4j2.configurationFile=${join(folder, 'log4j2.xml')}`;
  const scram = `SCRAM-SHA-512=[name=${kafkaUser.name},password=${kafkaUser.password}]`;
  const clusterId = 'bWVkcmV4LXN0YWNrLTAwMQ'; // 16 bytes in base64url; one broker, so any will do
  const args = ['format', '-t', clusterId, '-c', settings, '--add-scram', scram];
  await run(java, ['-cp', classPath, logs, 'kafka.tools.StorageTool', ...args], context.signal);
}

function brokerSettings({ configuration, ports }: Context, folder: string): Record<string, string | number> {
  const bytesMax = configuration.record.bytesMax;
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${ports.kafkaController}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${ports.kafka},SECURE://127.0.0.1:${ports.kafkaSecure},CONTROLLER://127.0.0.1:${ports.kafkaController}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${ports.kafka},SECURE://127.0.0.1:${ports.kafkaSecure}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(folder, 'data'),
    'auto.create.topics.enable': 'false',
    'num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 3,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 3,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 3,
    'group.initial.rebalance.delay.ms': 0,
    // For a fast failover; by default the broker refuses session timeouts below six seconds.
    'group.min.session.timeout.ms': configuration.sessionTimeoutMsMin,
    'message.max.bytes': bytesMax,
    'replica.fetch.max.bytes': bytesMax,
    'socket.request.max.bytes': 104_857_600,
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512,OAUTHBEARER',
    'listener.name.secure.scram-sha-512.sasl.jaas.config':
      'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    // Kafka's unsigned development tokens: clients are authenticated as any name they claim.
    'listener.name.secure.oauthbearer.sasl.jaas.config':
      'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="medrex";',
    'listener.name.secure.oauthbearer.sasl.server.callback.handler.class':
      'org.apache.kafka.common.security.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler',
    'listener.name.secure.ssl.keystore.type': 'PKCS12',
    'listener.name.secure.ssl.keystore.location': join(folder, 'broker.p12'),
    'listener.name.secure.ssl.keystore.password': kafkaUser.password,
  };
}

const logging = `<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="warn">
  <Appenders>
    <Console name="console" target="SYSTEM_OUT"><PatternLayout pattern="%d{ISO8601} %p %c{1} %m%n"/></Console>
  </Appenders>
  <Loggers>
    <Root level="warn"><AppenderRef ref="console"/></Root>
    <Logger name="kafka.server.KafkaRaftServer" level="info"/>
  </Loggers>
</Configuration>
`;
