import type { RingSockets } from '@medrex/linux';
import type { Report } from '@medrex/pg-wire';
import type { PooledClient } from '@medrex/pool';
import type { Redefinition, SqlAnalyser } from '@medrex/sql';
import type { Socket } from 'node:net';
import type { LocalTables } from '../../admin/local-tables.ts';
import type { ClientCache } from '../../cache/client-cache.ts';
import type { Backend } from '../backend/backend.ts';
import type { Client } from './client.ts';
import type { Outbox } from '../backend/outbox.ts';
import type { RequestText, RequestObserver } from './request.ts';
import type { Settings } from '../state/settings.ts';
import type { Statements } from '../prepared/statements.ts';
import type { Traffic } from '../backend/traffic.ts';

export type PoolMode = 'session' | 'transaction' | 'statement';
export type Pooled = PooledClient<Client, Backend>;

/** What a client needs from the proxy. */
export interface ClientHost {
  /** The io_uring that reads and writes sockets; undefined: the event loop does. */
  readonly ring: RingSockets | undefined;
  /** A backend; or undefined, and `granted` or `refused` follows. */
  checkout(client: Client, asked: RequestText | undefined, nowMs: number): Backend | undefined;
  checkin(pooled: Pooled, fate: 'clean' | 'reset' | 'client_lost', nowMs: number): void;
  /** Replaces the client's backend by another server process, started with the given settings; `granted` follows. */
  replaceProcess(pooled: Pooled, settings: Settings | undefined): void;
  pin(pooled: Pooled): void;
  unpin(pooled: Pooled): void;
  /** Cancels what the client's backend is running. */
  cancel(backend: Backend): void;
  clientLeft(client: Client): void;
  /** An internal error occurred in work for this client, which is disconnected. */
  internalError(error: unknown): void;
  /** The client, still connected, no longer waits for a backend. */
  stopWaiting(client: Client): void;
  /** Whether process ids of this upstream belong to a single server. */
  isOneServer(upstream: string): boolean;
  /** The client with this process id. */
  clientOf(processId: number): Client | undefined;
  trafficOf(database: string): Traffic;
  /** Milliseconds since an arbitrary point. */
  now(): number;
  /** Whether clients are being sent away at the end of their transactions. */
  readonly atBoundary: boolean;
  /** The client has its backend for itself, and nothing is running. */
  becameIdle(client: Client): void;
  /** At least one client is to be sent away. */
  readonly isDraining: boolean;
  /** An idle client probes its connection. True: it has been told to go. */
  departOnProbe(client: Client): boolean;
  /** A statement has changed users or their settings on this client's server, so later logins may see different values. */
  redefined(client: Client, whose: readonly Redefinition[]): void;
  /** The client runs a command that needs databases without sessions: idle backends of these databases are closed. */
  closeSessionsOf(client: Client, databases: ReadonlySet<string>): void;
  /** The client's session settings have changed. */
  settingsChanged(client: Client): void;
  /** The client waits for a backend for this statement. */
  waitsForBackend(client: Client, text: string): void;
  /** Backdates the client's wait, if it waits. */
  backdateWait(client: Client, sinceMs: number): void;
  /** Why a read that could be answered from the cache must not use a backend now (overload); undefined: it may. */
  shedReport(client: Client, asked: RequestText): Report | undefined;
}

export interface ClientOptions {
  readonly socket: Socket;
  readonly mode: PoolMode;
  readonly settings: Settings;
  readonly statements: Statements;
  readonly analyser: SqlAnalyser;
  readonly pinsSequences: boolean;
  readonly host: ClientHost;
  /** An address, or `unix`. */
  readonly address: string;
  readonly user: string;
  readonly database: string;
  /** Undefined: requests are not observed. */
  readonly observer: RequestObserver | undefined;
  /** The proxy's own tables, if the client may read them. */
  readonly local?: ((send: (message: Buffer) => void) => LocalTables) | undefined;
  /** Undefined: nothing is cached for this client. */
  readonly cacheOf?: ((outbox: Outbox) => ClientCache) | undefined;
}
