import type { BackendKeyData, Report, TransactionStatus, WireFault } from '@medrex/pg-wire';
import type { Socket } from 'node:net';
import type { RingSockets } from '@medrex/linux';
import type { LoggedIn } from '../../upstream/backend-login.ts';
import type { Address } from '../../upstream/connect.ts';
import type { Note, PreparedNames } from './expected-answers.ts';
import type { Settings } from '../state/settings.ts';
import type { Outbox } from './outbox.ts';
import type { ServerReports } from './server-reports.ts';
import type { Traffic } from './traffic.ts';

/** A client with a larger backlog, in bytes, stops the reading of its backend. */
export const clientBacklogMax = 256 * 1024;

/** The client that a backend works for. */
export interface BackendClient {
  readonly outbox: Outbox;
  /** The process id of its cancel key, which the client takes for its backend's. */
  readonly processId: number;
  /** The process id by which notifications name it. */
  readonly notificationPid: number;
  /** The client leaves as soon as it has been answered, or as soon as an answer would need more from it. */
  readonly isTerminating: boolean;
  /** No request of the client is unanswered. */
  readonly isQuiet: boolean;
  /** The client is still logging in: if this backend is lost, it asks another one, and need not hear why. */
  readonly retriesIfLost: boolean;
  /** Custom settings that its session has used by name, set or not. */
  readonly customSettings: ReadonlySet<string>;
  /** Disconnects the client at once; a running request is cancelled. */
  closeSoon(): void;
  /** The server has entered COPY IN. */
  copyBegan(): void;
  /** Nothing is owed and no transaction is open. Called after the whole chunk has been processed. */
  becameIdle(nowMs: number): void;
  /** All prepared statements are gone: DISCARD ALL or DEALLOCATE ALL. */
  preparedDiscarded(before: PreparedNames | undefined): void;
  /** Tables, views or types have changed, or a change was rolled back. */
  shapesChanged(): void;
  /** The server has refused a request (`note`), or something for which there is no request (`sqlstate`). */
  failed(note: Note | undefined, sqlstate: string | undefined): void;
  readyForQuery(status: TransactionStatus): void;
  /** Whether a RESET has changed this setting to this value and the proxy is about to restore the client's own. */
  isBeingRestored(setting: string, value: string): boolean;
  /** What the client's next message was held back for is over. */
  retryHeld(): void;
  /** The backend's socket has been drained. */
  drained(): void;
  /** The client's name of a shared statement, for error messages. */
  nameOf(statement: string): string | undefined;
  /** The error for the client in place of one with this message: a stand-in for a statement that cannot be prepared has failed. */
  refusalOf(message: string): Report | undefined;
  /** When a backend got the client's current request. */
  readonly startedAtMs: number;
}

/** Events of a backend. */
export interface BackendEvents {
  closed(): void;
  fault(fault: WireFault): void;
  /** An internal error occurred while the server's messages were processed. */
  internalError(error: unknown): void;
  /** The server now reports other values for settings nobody has changed. */
  reported(reports: ServerReports): void;
  /** The process id by which notifications name the last client of another backend of this server; 0: it is not a backend of this proxy. */
  lastClientPidOf(processId: number): number;
}

export interface BackendOptions {
  readonly socket: Socket;
  /** The io_uring that reads and writes the socket; undefined: the event loop does. */
  readonly ring: RingSockets | undefined;
  readonly key: BackendKeyData | undefined;
  /** The parameters that the server has reported, at login and since. */
  readonly parameters: Map<string, string>;
  /** The backend belongs to the separate upstream of a workload class. */
  readonly isClassUpstream: boolean;
  readonly preparedMax: number;
  /** Where cancel requests are sent. */
  readonly address: Address;
  readonly traffic: Traffic;
  readonly events: BackendEvents;
  readonly now: () => number;
  readonly translationTimes?: LoggedIn['translationTimes'];
  /** The settings with which the process was started, for a single client. */
  readonly ownSettings?: Settings;
}
