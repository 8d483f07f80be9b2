import type { CancelRequest, WireFault } from '@medrex/pg-wire';
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Credentials } from '../upstream/credentials.ts';
import type { Arrival } from './arrival.ts';
import type { ClientAuth } from './client-auth.ts';

/** A client that has shown who he is. */
export interface Newcomer {
  readonly socket: Socket;
  /** Where it came from: an address, or `unix`. */
  readonly address: string;
  readonly user: string;
  readonly database: string;
  /** Protocol 3.minor. */
  readonly minor: number;
  readonly parameters: ReadonlyMap<string, string>;
  /** The end of the proof, and that it was accepted: goes out before all else, in one write with what follows. */
  readonly accepted: Buffer;
  /** What logs in at the upstream as this user, where it is known. */
  readonly shown: Credentials['secret'] | undefined;
  /** By the Unix socket, of the same user of the system as the proxy, where that says something. */
  readonly isOwner: boolean;
}

/** Who wants to come in, and how he is connected. */
export interface Asking {
  readonly user: string;
  readonly database: string;
  readonly address: string;
  readonly isEncrypted: boolean;
  readonly certified: string | undefined;
  /** Of his socket. */
  readonly descriptor: number;
}

export interface TlsForClients {
  readonly context: SecureContext;
  readonly endPoint: Buffer | undefined;
  readonly isRequired: boolean;
  /** Clients are asked for a certificate, and may be sent away without one. */
  readonly asksCertificate: boolean;
  readonly needsCertificate: boolean;
}

/** What an arrival asks of the proxy. */
export interface Reception {
  readonly tls: TlsForClients | undefined;
  readonly loginTimeoutMs: number;
  now(): number;
  /** `done` when the request has arrived where it is for, or is for nobody. */
  cancel(request: CancelRequest, done: () => void): void;
  /** How it must prove that; `then` is called once, perhaps much later. */
  authOf(asking: Asking, tls: TlsForClients | undefined, then: (auth: ClientAuth | WireFault) => void): void;
  /** It did not prove who it is. */
  failed(asking: Asking): void;
  enter(newcomer: Newcomer): void;
  /** It has gone, was sent away or has entered. */
  done(arrival: Arrival): void;
  /** @param address where it came from */
  refused(fault: WireFault, address: string): void;
  /** Something of ours has failed in its login. */
  broke(error: unknown): void;
}
