import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket, type SecureContextOptions } from 'node:tls';
import { Authority, type PemPair } from '../testing/self-signed.ts';
import { connect, type Address } from './connect.ts';

const sockets: Socket[] = [];
const servers: Server[] = [];
let authority: Authority;
let own: PemPair & { readonly serialNumber: string };
beforeAll(async () => {
  authority = await Authority.create();
  own = await authority.issue('localhost');
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((closed) => server.close(closed))));
});

/** A server with that certificate, for localhost; without one it offers no TLS. @returns its port */
async function offering(pair: PemPair | undefined, how: SecureContextOptions): Promise<number> {
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    socket.once('data', () => {
      socket.write(pair === undefined ? 'N' : 'S');
      if (pair === undefined) return;
      const secureContext = createSecureContext({ cert: pair.certificate, key: pair.key, ...how });
      new TLSSocket(socket, { isServer: true, secureContext }).on('error', () => undefined);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** How the connection comes about, or why not. */
async function reached(
  pair: PemPair | undefined,
  more: Partial<Address>,
  how: SecureContextOptions = {},
): Promise<string> {
  const port = await offering(pair, how);
  const address: Address = {
    host: 'localhost',
    port,
    tls: 'verify-full',
    allowCleartext: false,
    clientCertificate: undefined,
    authorities: { ca: Buffer.from(authority.certificate) },
    ...more,
  };
  return new Promise((resolve) => {
    const connected = (socket: Socket): void => {
      sockets.push(socket);
      resolve(socket instanceof TLSSocket ? 'encrypted' : 'plain');
    };
    connect(address, {
      connected,
      failed: ({ message, ...error }) => resolve('code' in error ? String(error.code) : message),
    });
  });
}

describe('a connection to an upstream', () => {
  it('reaches only the server that its certificate names, signed by a trusted authority, if required', async () => {
    expect(await reached(own, {})).toBe('encrypted');
    expect(await reached(own, { host: '127.0.0.1' })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(await reached(own, { host: '127.0.0.1', tls: 'verify-ca' })).toBe('encrypted');
    const stranger = await (await Authority.create()).issue('localhost');
    for (const tls of ['verify-full', 'verify-ca'] as const)
      expect(await reached(stranger, { tls })).toBe('CERT_SIGNATURE_FAILURE');
    for (const tls of ['require', 'prefer'] as const) expect(await reached(stranger, { tls })).toBe('encrypted');
  });

  it('is refused with an expired or revoked certificate', async () => {
    const past = await authority.issue('localhost', -1);
    expect(await reached(past, {})).toBe('CERT_HAS_EXPIRED');
    expect(await reached(past, { tls: 'require' })).toBe('encrypted');
    const other = await authority.issue('localhost');
    const ca = Buffer.from(authority.certificate);
    const crl = Buffer.from(await authority.revoke([own]));
    expect(await reached(own, { authorities: { ca, crl } })).toBe('CERT_REVOKED');
    expect(await reached(other, { authorities: { ca, crl } })).toBe('encrypted');
    const old = Buffer.from(await authority.revoke([], -1));
    expect(await reached(other, { authorities: { ca, crl: old } })).toBe('CRL_HAS_EXPIRED');
  });

  it('uses no older TLS than allowed', async () => {
    const old = { maxVersion: 'TLSv1.2' } as const;
    expect(await reached(own, {}, old)).toBe('encrypted');
    expect(await reached(own, { tlsMinVersion: 'TLSv1.3' })).toBe('encrypted');
    expect(await reached(own, { tlsMinVersion: 'TLSv1.3' }, old)).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  it('goes to the given address of a name', async () => {
    expect(await reached(undefined, { host: 'moved.invalid', tls: 'disable' })).toBe('ENOTFOUND');
    expect(await reached(undefined, { host: 'moved.invalid', ipAddress: '127.0.0.1', tls: 'disable' })).toBe('plain');
    expect(await reached(own, { ipAddress: '127.0.0.1' })).toBe('encrypted');
    expect(await reached(own, { host: 'moved.invalid', ipAddress: '127.0.0.1' })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('is unencrypted if the server offers nothing else and that is allowed', async () => {
    expect(await reached(undefined, { tls: 'prefer' })).toBe('plain');
    expect(await reached(undefined, { tls: 'disable' })).toBe('plain');
    expect(await reached(undefined, { tls: 'require' })).toBe('the upstream does not offer TLS');
  });
});
