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
import type { Asked, RequestObserver } from './request.ts';
import type { Settings } from '../left-behind/settings.ts';
import type { Statements } from '../prepared/statements.ts';
import type { Traffic } from '../backend/traffic.ts';

export type PoolMode = 'session' | 'transaction' | 'statement';
export type Pooled = PooledClient<Client, Backend>;

/** What a client asks of the proxy. */
export interface ClientHost {
  /** Reads and writes what clients and servers say; undefined: the event loop does. */
  readonly ring: RingSockets | undefined;
  /** A backend, or undefined: it waits for `granted` or `refused`. */
  checkout(client: Client, asked: Asked | undefined, nowMs: number): Backend | undefined;
  checkin(pooled: Pooled, fate: 'clean' | 'reset' | 'client_lost', nowMs: number): void;
  /** It is to be `granted` another process in place of the one that it has, which may begin with settings of its own. */
  renew(pooled: Pooled, settings: Settings | undefined): void;
  pin(pooled: Pooled): void;
  unpin(pooled: Pooled): void;
  /** Ends what its backend is doing. */
  cancel(backend: Backend): void;
  left(client: Client): void;
  /** Something of ours has failed in what was done for this client, which goes. */
  broke(error: unknown): void;
  /** It is still there, and waits for no backend. */
  waitNoLonger(client: Client): void;
  /** Whether process ids of its backends are those of one server. */
  isOneServer(upstream: string): boolean;
  /** Whose process id this is. */
  clientOf(processId: number): Client | undefined;
  trafficOf(database: string): Traffic;
  /** Milliseconds, from any point. */
  now(): number;
  /** Whether clients are sent away with the end of their transaction. */
  readonly atBoundary: boolean;
  /** It has a backend of its own, and nothing is under way. */
  rested(client: Client): void;
  /** Somebody is to go. */
  readonly isDraining: boolean;
  /** It asks nothing, and wants to know whether its connection is there. True: it is told that it is not. */
  probed(client: Client): boolean;
  /** Users are others at the server of this client, and sessions of some begin otherwise. */
  redefined(client: Client, whose: readonly Redefinition[]): void;
  /** It runs what the server does only when nobody is in these databases: whose clients have gone have no backends there, either. */
  vacate(client: Client, databases: ReadonlySet<string>): void;
  /** Its session has other settings. */
  followed(client: Client): void;
  /** It waits for a backend, with this statement. */
  waits(client: Client, text: string): void;
  /** If it waits for a backend, it has done so since then. */
  waitsSince(client: Client, sinceMs: number): void;
  /** Why a read that may be answered from the cache is not answered in any other way now. */
  shedOf(client: Client, asked: Asked): Report | undefined;
}

export interface ClientOptions {
  readonly socket: Socket;
  readonly mode: PoolMode;
  readonly settings: Settings;
  readonly statements: Statements;
  readonly analyser: SqlAnalyser;
  readonly pinsSequences: boolean;
  readonly host: ClientHost;
  /** Where it came from: an address, or `unix`. */
  readonly address: string;
  readonly user: string;
  readonly database: string;
  /** Undefined: nobody wants to know. */
  readonly observer: RequestObserver | undefined;
  /** The proxy's own tables, for those who may read them. */
  readonly local?: ((send: (message: Buffer) => void) => LocalTables) | undefined;
  /** Undefined: nothing that it asks is kept. */
  readonly cacheOf?: ((outbox: Outbox) => ClientCache) | undefined;
}
