import type { CancelRequest, WireFault } from '@medrex/pg-wire';
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Credentials } from '../upstream/credentials.ts';
import type { LoginConnection } from './login-connection.ts';
import type { ClientAuth } from './client-auth.ts';

/** A client that has authenticated. */
export interface AuthenticatedClient {
  readonly socket: Socket;
  /** An address, or `unix`. */
  readonly address: string;
  readonly user: string;
  readonly database: string;
  /** Protocol 3.minor. */
  readonly minor: number;
  readonly parameters: ReadonlyMap<string, string>;
  /** The end of the authentication exchange: sent first, in one write with what follows. */
  readonly authMessages: Buffer;
  /** What logs in at the upstream as this user, if known. */
  readonly upstreamSecret: Credentials['secret'] | undefined;
  /** It came through the Unix socket as the operating system's user that runs the proxy, where that counts. */
  readonly isOwner: boolean;
}

/** A client that wants to come in, and how it is connected. */
export interface LoginRequest {
  readonly user: string;
  readonly database: string;
  readonly address: string;
  readonly isEncrypted: boolean;
  readonly certificateName: string | undefined;
  /** The descriptor of its socket. */
  readonly descriptor: number;
}

export interface ClientTls {
  readonly context: SecureContext;
  readonly endPoint: Buffer | undefined;
  readonly isRequired: boolean;
  /** Clients are asked for a certificate, but may come without one. */
  readonly requestsCertificate: boolean;
  readonly requiresCertificate: boolean;
}

/** What a connecting client needs from the proxy. */
export interface LoginContext {
  readonly tls: ClientTls | undefined;
  readonly loginTimeoutMs: number;
  now(): number;
  /** Calls `done` when the request has reached its destination, or has none. */
  cancel(request: CancelRequest, ended: () => void): void;
  /** How the client must authenticate; `then` is called once, perhaps much later. */
  authOf(request: LoginRequest, tls: ClientTls | undefined, then: (auth: ClientAuth | WireFault) => void): void;
  /** The client failed to authenticate. */
  authFailed(request: LoginRequest): void;
  admit(authenticated: AuthenticatedClient): void;
  /** The connection has ended, was refused, or has become a client. */
  ended(arrival: LoginConnection): void;
  /** @param address the client's */
  refused(fault: WireFault, address: string): void;
  /** An internal error occurred in its login. */
  internalError(error: unknown): void;
}
