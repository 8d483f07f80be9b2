import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tlsFixture } from '@medrex/contracts/testing';
import { z } from 'zod';
import { PostgresPool, type PostgresPoolOptions } from './postgres-pool.ts';
import { postgresPoolOptions, postgresVariables } from './postgres-variables.ts';

/** Answers the request for TLS, takes TLS up, and hangs up when the client has begun to speak. */
describe('the authority of a server, in a file', () => {
  let folder: string;
  let file: string;
  let server: Server;
  let trusted: number;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'medrex-authority-'));
    file = join(folder, 'ca.pem');
    trusted = 0;
    const { certificate: cert, privateKey: key } = tlsFixture.first;
    server = createServer((plain) => {
      plain.once('data', () => {
        plain.write('S');
        const secure = new TLSSocket(plain, { isServer: true, cert, key });
        secure.on('error', () => undefined);
        secure.once('data', () => {
          trusted += 1;
          secure.destroy();
        });
      });
      plain.on('error', () => undefined);
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  });
  afterEach(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  const options = (): PostgresPoolOptions => {
    const port = (server.address() as AddressInfo).port;
    const variables = { MEDREX_POSTGRES_URL: `postgres://u@127.0.0.1:${port}/d`, MEDREX_POSTGRES_TLS: 'verify' };
    const parsed = z.object(postgresVariables).parse({ ...variables, MEDREX_POSTGRES_CA_FILE: file });
    return postgresPoolOptions(parsed) as PostgresPoolOptions;
  };

  it('is read again for each new connection, and stays where the file cannot be used', async () => {
    writeFileSync(file, tlsFixture.second.certificate);
    const pool = new PostgresPool(options());
    const connect = async (): Promise<number> => {
      await expect(pool.use(async () => undefined)).rejects.toMatchObject({ code: 'POSTGRES_FAILED' });
      return trusted;
    };
    expect(await connect()).toBe(0);
    writeFileSync(file, tlsFixture.first.certificate);
    expect(await connect()).toBe(1);
    writeFileSync(file, '-----BEGIN CERTIFICATE-----\nhalf');
    expect(await connect()).toBe(2);
    rmSync(file);
    expect(await connect()).toBe(3);
    writeFileSync(file, tlsFixture.second.certificate);
    expect(await connect()).toBe(3);
    await pool.close();
  });

  it('is refused at the start where it holds no certificate', () => {
    writeFileSync(file, '-----BEGIN CERTIFICATE-----\nhalf');
    expect(options).toThrow(expect.objectContaining({ code: 'POSTGRES_SECRET_UNREADABLE' }));
  });
});
