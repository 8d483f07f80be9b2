import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { clusterOf, newClient } from './cluster.ts';
import { connectionOf } from './connection-of.ts';
import { kafkaConfig } from './variables.ts';

const of = (env: Readonly<Record<string, string>>) => connectionOf(kafkaConfig.parse(env), 'test');

describe('connectionOf', () => {
  it('reads brokers from a list, without TLS and SASL unless configured', () => {
    expect(of({ MEDREX_KAFKA_BROKERS: 'a:1, b:2' })).toEqual({ brokers: ['a:1', 'b:2'], clientId: 'test' });
  });

  it('reads SCRAM with its password from the environment', () => {
    const env = { MEDREX_KAFKA_SASL: 'scram-sha-512', MEDREX_KAFKA_USERNAME: 'u', MEDREX_KAFKA_PASSWORD: 'geheim' };
    expect(of(env).sasl).toEqual({ mechanism: 'scram-sha-512', username: 'u', password: 'geheim' });
    expect(inspect(kafkaConfig.parse(env))).not.toContain('geheim');
  });

  it.each([
    ['a mechanism without its secret', { MEDREX_KAFKA_SASL: 'plain', MEDREX_KAFKA_USERNAME: 'u' }],
    ['a token file that is not there', { MEDREX_KAFKA_SASL: 'oauthbearer', MEDREX_KAFKA_TOKEN_FILE: '/not/there' }],
    ['oauthbearer without a token', { MEDREX_KAFKA_SASL: 'oauthbearer' }],
    [
      'a token endpoint without a client',
      { MEDREX_KAFKA_SASL: 'oauthbearer', MEDREX_KAFKA_TOKEN_URL: 'https://id.hospital.example/token' },
    ],
    [
      'a token endpoint that would get the secret in the clear',
      {
        MEDREX_KAFKA_SASL: 'oauthbearer',
        MEDREX_KAFKA_TOKEN_URL: 'http://id.hospital.example/token',
        MEDREX_KAFKA_CLIENT_ID: 'medrex',
        MEDREX_KAFKA_CLIENT_SECRET: 'geheim',
      },
    ],
    ['files without TLS', { MEDREX_KAFKA_CA_FILE: '/ca.pem' }],
    ['a certificate without its key', { MEDREX_KAFKA_TLS: 'true', MEDREX_KAFKA_CERT_FILE: '/c.pem' }],
  ])('refuses %s', (_, env) => {
    expect(() => of(env)).toThrow(expect.objectContaining({ code: 'KAFKA_CONFIG' }));
  });
});

describe('clusterOf', () => {
  it('finds the parts of kafkajs that reading without a group needs', () => {
    const cluster = clusterOf(newClient({ brokers: ['127.0.0.1:1'], clientId: 'test' }));
    const used = [
      'findBroker',
      'addTargetTopic',
      'findTopicPartitionMetadata',
      'fetchTopicsOffset',
      'findGroupCoordinator',
    ];
    for (const name of used) expect(cluster).toHaveProperty(name, expect.any(Function));
  });
});
