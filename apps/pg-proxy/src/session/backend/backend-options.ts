import type { BackendKeyData, Report, TransactionStatus, WireFault } from '@medrex/pg-wire';
import type { Socket } from 'node:net';
import type { RingSockets } from '@medrex/linux';
import type { LoggedIn } from '../../upstream/backend-login.ts';
import type { Address } from '../../upstream/connect.ts';
import type { Note, PreparedBefore } from './expected-answers.ts';
import type { Settings } from '../left-behind/settings.ts';
import type { Outbox } from './outbox.ts';
import type { ServerReports } from './server-reports.ts';
import type { Traffic } from './traffic.ts';

/** Bytes that a client has not taken above which its backend is not read. */
export const clientBacklogMax = 256 * 1024;

/** Who a backend works for. */
export interface BackendClient {
  readonly outbox: Outbox;
  /** By which it cancels, and which it takes for that of its backend. */
  readonly processId: number;
  /** By which notifications name it. */
  readonly knownAs: number;
  /** It goes when it has been answered, or can only be answered if it says more. */
  readonly isParting: boolean;
  /** Nothing that it has asked is under way. */
  readonly isQuiet: boolean;
  /** It is coming in: where this backend goes, it gets another one, and need not hear why. */
  readonly asksAnother: boolean;
  /** Custom settings that its session knows by name, whether it has them set or not. */
  readonly namedSettings: ReadonlySet<string>;
  /** It goes at once; what it has asked and is under way is cancelled. */
  part(): void;
  /** The server takes data in. */
  copyBegan(): void;
  /** Nothing is owed and no transaction is open. Called when the chunk has been worked through. */
  atRest(nowMs: number): void;
  /** Everything that was prepared is gone: DISCARD ALL or DEALLOCATE ALL. */
  forgot(before: PreparedBefore | undefined): void;
  /** Tables, views or types have become others, or what they were again. */
  reshaped(): void;
  /** The server has said no to one of its requests (`note`), or to something for which none is on its way (`sqlstate`). */
  failed(note: Note | undefined, sqlstate: string | undefined): void;
  settled(status: TransactionStatus): void;
  /** A RESET has taken this setting from it, to this value, and it gets back what it had in a moment. */
  isSetAgain(setting: string, value: string): boolean;
  /** What it has asked was held back for something that is over. */
  goesOn(): void;
  /** The server has taken what it was sent. */
  drained(): void;
  /** The client's name of a shared statement, for error messages. */
  nameOf(statement: string): string | undefined;
  /** What the client is told in place of an error, by its message: what stands for a statement that cannot be prepared has failed. */
  refusalOf(message: string): Report | undefined;
  /** When a backend was given what it asks at the moment. */
  readonly startedAtMs: number;
}

/** What a backend tells the proxy. */
export interface BackendEvents {
  closed(): void;
  fault(fault: WireFault): void;
  /** Something of ours has failed in what was done with what it said. */
  broke(error: unknown): void;
  /** Its server reports something else where nobody has set anything. */
  reported(reports: ServerReports): void;
  /** As what notifications name the last client of another backend of this server; 0: nobody's here. */
  lastUserOf(processId: number): number;
}

export interface BackendOptions {
  readonly socket: Socket;
  /** Reads and writes it; undefined: the event loop does. */
  readonly ring: RingSockets | undefined;
  readonly key: BackendKeyData | undefined;
  /** What the server reported at login and since. */
  readonly parameters: Map<string, string>;
  /** At an upstream of a class of work. */
  readonly isAway: boolean;
  readonly preparedMax: number;
  /** Where cancel requests go. */
  readonly address: Address;
  readonly traffic: Traffic;
  readonly events: BackendEvents;
  readonly now: () => number;
  readonly translationTimes?: LoggedIn['translationTimes'];
  /** What its process has begun with, for one client alone. */
  readonly own?: Settings;
}
