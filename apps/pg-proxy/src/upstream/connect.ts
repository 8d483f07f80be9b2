import { sslRequest } from '@medrex/pg-wire';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { KeyPair, Trust } from '../config/load-config.ts';
import type { UpstreamConfig } from '../config/proxy-config.ts';
import { tcpOptions } from '../tcp-options.ts';

/** Where an upstream is. */
export interface Address extends Pick<UpstreamConfig, 'host' | 'port' | 'tls' | 'allowCleartext'> {
  readonly tlsMinVersion?: UpstreamConfig['tlsMinVersion'];
  /** Which of the host name's addresses it is, if known. */
  readonly ipAddress?: string;
  /** The authorities that verify-ca and verify-full trust. */
  readonly authorities: Trust | undefined;
  /** The certificate that the proxy presents. */
  readonly clientCertificate: KeyPair | undefined;
}

/** Addresses of one server's copies. */
export type Addresses = readonly [Address, ...Address[]];

/** The path of a Unix socket, by PostgreSQL's naming. */
export const socketPath = (folder: string, port: number): string => `${folder}/.s.PGSQL.${port}`;

/** A host that begins with / is the folder of a Unix socket. */
export const isSocketFolder = (host: string): boolean => host.startsWith('/');

/** Opens a connection without sending anything. */
export function connectPlain({ host, port, ipAddress = host }: Pick<Address, 'host' | 'port' | 'ipAddress'>): Socket {
  return connectTcp(isSocketFolder(host) ? { path: socketPath(host, port) } : { host: ipAddress, port, ...tcpOptions });
}

/**
 * Connects to an upstream, with TLS if configured; calls exactly one of the callbacks, once. The round trip is the time in which the
 * network established the connection.
 */
export function connect(
  address: Address,
  then: { connected(socket: Socket, roundTripMs: number): void; failed(error: Error): void },
): Socket {
  const socket = connectPlain(address);
  // Starts after the name lookup; a Unix socket has no such event, and no round trip.
  let [attemptedAtMs, roundTripMs] = [Infinity, 0];
  socket.on('connectionAttempt', () => (attemptedAtMs = performance.now()));
  let isOver = false;
  const once = (act: () => void): void => {
    if (isOver) return;
    isOver = true;
    act();
  };
  socket.once('error', (error) => once(() => then.failed(error)));
  socket.once('close', () => once(() => then.failed(new Error('the connection was closed'))));
  socket.once('connect', () => {
    roundTripMs = Math.max(0, performance.now() - attemptedAtMs);
    if (address.tls === 'disable') once(() => then.connected(socket, roundTripMs));
    else
      secure(
        socket,
        address,
        (secured) => once(() => then.connected(secured, roundTripMs)),
        (error) => once(() => then.failed(error)),
      );
  });
  return socket;
}

/** A server's answers to an SSLRequest. */
const [yes, no] = [0x53, 0x4e];

function secure(
  socket: Socket,
  address: Address,
  secured: (socket: Socket) => void,
  failed: (error: Error) => void,
): void {
  socket.write(sslRequest());
  socket.once('data', (answer: Buffer) => {
    // Exactly one byte: anything after it could come from somebody else (CVE-2021-23222).
    if (answer.length === 1 && answer[0] === no && address.tls === 'prefer') return secured(socket);
    if (answer.length !== 1 || answer[0] !== yes) {
      socket.destroy();
      failed(new Error('the upstream does not offer TLS'));
      return;
    }
    const tls = connectTls({
      socket,
      // The name that the certificate must have. An IP address must not be sent as a server name (RFC 6066).
      host: address.host,
      ...(isIP(address.host) === 0 && { servername: address.host }),
      rejectUnauthorized: address.tls === 'verify-ca' || address.tls === 'verify-full',
      ...(address.tls === 'verify-ca' && { checkServerIdentity: () => undefined }),
      ...(address.tlsMinVersion && { minVersion: address.tlsMinVersion }),
      ...address.authorities,
      ...address.clientCertificate,
    });
    tls.once('error', failed);
    tls.once('secureConnect', () => secured(tls));
  });
}
