import type { PgType, RelationName, SchemaMap, Translatable } from '@medrex/sql';
import type { SqlConnection, SqlDescription } from '@medrex/sql-driver';
import type { Translated } from '../database/large-text-worker.ts';
import type { Inbox } from './inbox.ts';
import type { Outlet } from './outlet.ts';
import type { SessionSettings } from './session-settings.ts';
import type { TimedConnection } from './timed-connection.ts';
import type { Transaction } from './transaction.ts';
import type { TranslationTimes } from './translation-times.ts';

/** The state shared by the sessions of a database. */
export interface SharedDatabase {
  readonly schemas: SchemaMap;
  /** What to do when a statement may be affected by a known defect of this version. */
  readonly hazards: 'notice' | 'refuse' | 'ignore';
  /** The default lock timeout of an IRIS process. */
  readonly lockTimeoutMs: number;
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Translates a text; a large one on another thread. @throws SqlFailure */
  translate(asked: Translatable): Translated | Promise<Translated>;
  describe(connection: SqlConnection, sql: string): Promise<SqlDescription>;
  /** Undefined: unknown. */
  columnType(relation: RelationName, column: string): PgType | undefined;
  /** Call before planning: reads the tables if the last reading is old. @throws SqlFailure */
  freshTables(connection: SqlConnection): Promise<void>;
  /** Call after translating: whether unknown tables were named and the tables have been read again. @throws SqlFailure */
  missedTables(connection: SqlConnection): Promise<boolean>;
  /** Table definitions have changed. */
  schemaChanged(connection: SqlConnection): Promise<void>;
  /** Sends frontend messages to the catalogue and returns its backend messages. */
  askCatalog(asker: CatalogAsker, messages: Buffer): Promise<Buffer>;
}

/** The session for which the catalogue answers. */
export interface CatalogAsker {
  readonly connection: SqlConnection;
  readonly user: string;
  readonly database: string;
  /** Its settings that the catalogue has too. */
  readonly settings: readonly (readonly [name: string, value: string])[];
}

/** The state shared by the parts of a session. */
export interface SessionContext {
  readonly shared: SharedDatabase;
  readonly connection: SqlConnection;
  /** The connection for running statements, with the client's timeouts. */
  readonly timed: TimedConnection;
  readonly inbox: Inbox;
  readonly outlet: Outlet;
  readonly settings: SessionSettings;
  readonly transaction: Transaction;
  readonly translationTimes: TranslationTimes;
  readonly user: string;
  readonly database: string;
}
