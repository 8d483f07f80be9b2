import { sslRequest } from '@medrex/pg-wire';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { KeyPair, Trust } from '../config/load-config.ts';
import type { UpstreamConfig } from '../config/proxy-config.ts';
import { tcpOptions } from '../tcp-options.ts';

/** Where an upstream is. */
export interface Address extends Pick<UpstreamConfig, 'host' | 'port' | 'tls' | 'allowCleartext'> {
  readonly tlsMinVersion?: UpstreamConfig['tlsMinVersion'];
  /** Which address of that name it is, where that is known. */
  readonly at?: string;
  /** What verify-ca and verify-full trust. */
  readonly authorities: Trust | undefined;
  /** What the proxy shows of itself. */
  readonly own: KeyPair | undefined;
}

/** Copies of one server. */
export type Addresses = readonly [Address, ...Address[]];

/** The Unix socket of a port, in a folder, as PostgreSQL calls it. */
export const socketPath = (folder: string, port: number): string => `${folder}/.s.PGSQL.${port}`;

/** A host that begins with / is the folder of a Unix socket. */
export const isSocketFolder = (host: string): boolean => host.startsWith('/');

/** A connection that nothing was said on. */
export function reach({ host, port, at = host }: Pick<Address, 'host' | 'port' | 'at'>): Socket {
  return connectTcp(isSocketFolder(host) ? { path: socketPath(host, port) } : { host: at, port, ...tcpOptions });
}

/** A connection to an upstream, encrypted where the configuration says so; exactly one of both is called, once. What the way there takes is how long the network needed to make it. */
export function connect(
  address: Address,
  then: { connected(socket: Socket, roundTripMs: number): void; failed(error: Error): void },
): Socket {
  const socket = reach(address);
  // Names are looked up before; a Unix socket has no such event, and is no way at all.
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

/** What a server says to an SSLRequest. */
const [yes, no] = [0x53, 0x4e];

function secure(
  socket: Socket,
  address: Address,
  secured: (socket: Socket) => void,
  failed: (error: Error) => void,
): void {
  socket.write(sslRequest());
  socket.once('data', (answer: Buffer) => {
    // One byte and no more: what lies behind it could be anybody's.
    if (answer.length === 1 && answer[0] === no && address.tls === 'prefer') return secured(socket);
    if (answer.length !== 1 || answer[0] !== yes) {
      socket.destroy();
      failed(new Error('the upstream does not offer TLS'));
      return;
    }
    const tls = connectTls({
      socket,
      // Whose certificate it must be; an address is none of the names that a server may be asked for by (RFC 6066).
      host: address.host,
      ...(isIP(address.host) === 0 && { servername: address.host }),
      rejectUnauthorized: address.tls === 'verify-ca' || address.tls === 'verify-full',
      ...(address.tls === 'verify-ca' && { checkServerIdentity: () => undefined }),
      ...(address.tlsMinVersion && { minVersion: address.tlsMinVersion }),
      ...address.authorities,
      ...address.own,
    });
    tls.once('error', failed);
    tls.once('secureConnect', () => secured(tls));
  });
}
