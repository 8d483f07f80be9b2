import { Secret } from '@medrex/privacy';
import type { SASLOptions } from 'kafkajs';
import type { KafkaConnection } from './cluster.ts';
import { kafkaError } from './errors.ts';
import { HttpPool } from './http-pool.ts';
import { readMountedFile } from './read-mounted-file.ts';
import { oauthBearer } from './oauth-bearer.ts';
import { refresh, TokenEndpoint } from './oauth-token.ts';
import { TlsFiles } from './tls-files.ts';
import type { KafkaConfig } from './variables.ts';

/** A process fetches one token at a time; the second connection is used if the first one hangs. */
const tokenConnectionsMax = 2;

/**
 * The connection settings of a configuration. Secrets are read only when they are needed.
 * @throws CodedError KAFKA_CONFIG
 */
export function connectionOf(config: KafkaConfig, clientId: string): KafkaConnection {
  const tls = tlsOf(config);
  const { sasl, http } = saslOf(config);
  return {
    brokers: config.MEDREX_KAFKA_BROKERS,
    clientId,
    ...(tls !== undefined && { tls }),
    ...(sasl !== undefined && { sasl }),
    ...(http !== undefined && { http }),
  };
}

function tlsOf(config: KafkaConfig): TlsFiles | undefined {
  const { MEDREX_KAFKA_CA_FILE: ca, MEDREX_KAFKA_CERT_FILE: cert, MEDREX_KAFKA_KEY_FILE: key } = config;
  if (!config.MEDREX_KAFKA_TLS) {
    if (ca === undefined && cert === undefined && key === undefined) return undefined;
    throw kafkaError('KAFKA_CONFIG', 'MEDREX_KAFKA_TLS is false, but files for TLS are named');
  }
  if ((cert === undefined) !== (key === undefined))
    throw kafkaError('KAFKA_CONFIG', 'MEDREX_KAFKA_CERT_FILE and MEDREX_KAFKA_KEY_FILE go together');
  return new TlsFiles({ ca, cert, key });
}

function saslOf(config: KafkaConfig): Pick<KafkaConnection, 'sasl' | 'http'> {
  const { MEDREX_KAFKA_SASL: mechanism, MEDREX_KAFKA_USERNAME: username } = config;
  if (mechanism === undefined) return {};
  if (mechanism === 'oauthbearer') return bearerOf(config);
  const password = passwordOf(config);
  if (username === undefined || password === undefined)
    throw kafkaError('KAFKA_CONFIG', `${mechanism} needs MEDREX_KAFKA_USERNAME and MEDREX_KAFKA_PASSWORD or its file`);
  return { sasl: { mechanism, username, password } as SASLOptions };
}

function bearerOf(config: KafkaConfig): Pick<KafkaConnection, 'sasl' | 'http'> {
  const { MEDREX_KAFKA_TOKEN_FILE: file, MEDREX_KAFKA_TOKEN_URL: url, MEDREX_KAFKA_CLIENT_ID: clientId } = config;
  if ((file === undefined) === (url === undefined))
    throw kafkaError(
      'KAFKA_CONFIG',
      'oauthbearer needs MEDREX_KAFKA_TOKEN_FILE or MEDREX_KAFKA_TOKEN_URL, one of them',
    );
  if (file !== undefined) {
    const read = refresh('MEDREX_KAFKA_TOKEN_FILE', file);
    return { sasl: oauthBearer(async () => read()) };
  }
  const clientSecret = clientSecretOf(config);
  if (url === undefined || clientId === undefined || clientSecret === undefined)
    throw kafkaError(
      'KAFKA_CONFIG',
      'MEDREX_KAFKA_TOKEN_URL needs MEDREX_KAFKA_CLIENT_ID and MEDREX_KAFKA_CLIENT_SECRET or its file',
    );
  if (!url.startsWith('https:') && !isLoopback(url))
    throw kafkaError('KAFKA_CONFIG', 'MEDREX_KAFKA_TOKEN_URL must be https: the secret goes there');
  const http = new HttpPool(url, tokenConnectionsMax);
  const endpoint = new TokenEndpoint({
    url,
    clientId,
    clientSecret,
    scope: config.MEDREX_KAFKA_TOKEN_SCOPE,
    pool: http,
  });
  return { sasl: oauthBearer(() => endpoint.token()), http };
}

const isLoopback = (url: string): boolean => ['127.0.0.1', '[::1]', 'localhost'].includes(new URL(url).hostname);

function clientSecretOf(config: KafkaConfig): (() => Secret) | undefined {
  const { MEDREX_KAFKA_CLIENT_SECRET: given, MEDREX_KAFKA_CLIENT_SECRET_FILE: file } = config;
  if (given !== undefined) return () => given;
  if (file === undefined) return undefined;
  const read = refresh('MEDREX_KAFKA_CLIENT_SECRET_FILE', file);
  return () => new Secret(read());
}

function passwordOf(config: KafkaConfig): string | undefined {
  const { MEDREX_KAFKA_PASSWORD: given, MEDREX_KAFKA_PASSWORD_FILE: file } = config;
  if (given !== undefined) return given.reveal();
  return file === undefined ? undefined : readMountedFile('MEDREX_KAFKA_PASSWORD_FILE', file).replace(/\r?\n$/, '');
}
