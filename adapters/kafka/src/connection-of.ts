import type { ConnectionOptions } from 'node:tls';
import type { SASLOptions } from 'kafkajs';
import type { KafkaConnection } from './cluster.ts';
import { kafkaError } from './errors.ts';
import { mounted } from './mounted.ts';
import type { KafkaConfig } from './variables.ts';

/** How the cluster of a configuration is reached. Secrets stay out of it until they are needed. @throws CodedError KAFKA_CONFIG */
export function connectionOf(config: KafkaConfig, clientId: string): KafkaConnection {
  const tls = tlsOf(config);
  const sasl = saslOf(config);
  return {
    ...{ brokers: config.MEDREX_KAFKA_BROKERS, clientId },
    ...(tls !== undefined && { tls }),
    ...(sasl !== undefined && { sasl }),
  };
}

function tlsOf(config: KafkaConfig): ConnectionOptions | undefined {
  const { MEDREX_KAFKA_CA_FILE: ca, MEDREX_KAFKA_CERT_FILE: cert, MEDREX_KAFKA_KEY_FILE: key } = config;
  if (!config.MEDREX_KAFKA_TLS) {
    if (ca === undefined && cert === undefined && key === undefined) return undefined;
    throw kafkaError('KAFKA_CONFIG', 'MEDREX_KAFKA_TLS is false, but files for TLS are named');
  }
  if ((cert === undefined) !== (key === undefined))
    throw kafkaError('KAFKA_CONFIG', 'MEDREX_KAFKA_CERT_FILE and MEDREX_KAFKA_KEY_FILE go together');
  return {
    ...(ca !== undefined && { ca: mounted('MEDREX_KAFKA_CA_FILE', ca) }),
    ...(cert !== undefined && { cert: mounted('MEDREX_KAFKA_CERT_FILE', cert) }),
    ...(key !== undefined && { key: mounted('MEDREX_KAFKA_KEY_FILE', key) }),
  };
}

function saslOf(config: KafkaConfig): SASLOptions | undefined {
  const { MEDREX_KAFKA_SASL: mechanism, MEDREX_KAFKA_USERNAME: username, MEDREX_KAFKA_TOKEN_FILE: tokenFile } = config;
  if (mechanism === undefined) return undefined;
  if (mechanism === 'oauthbearer') {
    if (tokenFile === undefined) throw kafkaError('KAFKA_CONFIG', 'oauthbearer needs MEDREX_KAFKA_TOKEN_FILE');
    mounted('MEDREX_KAFKA_TOKEN_FILE', tokenFile); // what is missing at the start is told at the start
    const oauthBearerProvider = async () => ({ value: mounted('MEDREX_KAFKA_TOKEN_FILE', tokenFile).trim() });
    return { mechanism, oauthBearerProvider };
  }
  const password = passwordOf(config);
  if (username === undefined || password === undefined)
    throw kafkaError('KAFKA_CONFIG', `${mechanism} needs MEDREX_KAFKA_USERNAME and MEDREX_KAFKA_PASSWORD or its file`);
  return { mechanism, username, password };
}

function passwordOf(config: KafkaConfig): string | undefined {
  const { MEDREX_KAFKA_PASSWORD: given, MEDREX_KAFKA_PASSWORD_FILE: file } = config;
  if (given !== undefined) return given.reveal();
  return file === undefined ? undefined : mounted('MEDREX_KAFKA_PASSWORD_FILE', file).replace(/\r?\n$/, '');
}
