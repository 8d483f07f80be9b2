import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newClient, type KafkaConnection } from './cluster.ts';
import { connectionOf } from './connection-of.ts';
import { tlsFixture } from '@medrex/contracts/testing';
import { kafkaConfig } from './variables.ts';

describe('TLS whose files change', () => {
  let folder: string;
  let server: Server;
  let connection: KafkaConnection;
  let refused: unknown[];
  /** Names of the clients that came. */
  let clients: string[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'medrex-tls-'));
    [refused, clients] = [[], []];
    const { certificate: cert, privateKey: key } = tlsFixture.first;
    server = createServer({ cert, key, requestCert: true, rejectUnauthorized: false }, (socket) => {
      clients.push(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    write(tlsFixture.first);
    writeFileSync(join(folder, 'ca.pem'), cert);
    connection = connectionOf(
      kafkaConfig.parse({
        MEDREX_KAFKA_BROKERS: `127.0.0.1:${(server.address() as AddressInfo).port}`,
        MEDREX_KAFKA_TLS: 'true',
        MEDREX_KAFKA_CA_FILE: join(folder, 'ca.pem'),
        MEDREX_KAFKA_CERT_FILE: join(folder, 'cert.pem'),
        MEDREX_KAFKA_KEY_FILE: join(folder, 'key.pem'),
      }),
      'test',
    );
    if (connection.tls !== undefined) connection.tls.onRefused = (error) => refused.push(error);
  });
  afterEach(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  const write = ({ certificate, privateKey }: { readonly certificate: string; readonly privateKey: string }): void => {
    writeFileSync(join(folder, 'cert.pem'), certificate);
    writeFileSync(join(folder, 'key.pem'), privateKey);
  };
  /** Who the server takes the next connection for. */
  const connects = async (): Promise<string | undefined> => {
    const before = clients.length;
    const client = newClient(connection);
    await client.kafka
      .admin()
      .connect()
      .catch(() => undefined);
    client.destroy();
    expect(clients.length).toBeGreaterThan(before);
    return clients.at(-1);
  };

  it('uses the new files for the next connection', async () => {
    expect(await connects()).toBe('first');
    write(tlsFixture.second);
    expect(await connects()).toBe('second');
    expect(refused).toEqual([]);
  }, 30_000);

  it.each([
    ['half of a pair', { ...tlsFixture.second, privateKey: tlsFixture.first.privateKey }],
    ['a certificate that has run out', tlsFixture.expired],
    ['no certificate at all', { certificate: 'nothing', privateKey: 'nothing' }],
  ])(
    'keeps the previous files for %s, and reports that once',
    async (_, files) => {
      write(files);
      expect([await connects(), await connects()]).toEqual(['first', 'first']);
      expect(refused).toEqual([expect.objectContaining({ code: 'KAFKA_CONFIG' })]);
      write(tlsFixture.second);
      expect(await connects()).toBe('second');
    },
    30_000,
  );
});
