import type { PgType, RelationName, SchemaMap, Translatable } from '@medrex/sql';
import type { SqlConnection, SqlDescription } from '@medrex/sql-driver';
import type { Translated } from '../database/large-text-worker.ts';
import type { Inbox } from './inbox.ts';
import type { Outlet } from './outlet.ts';
import type { SessionSettings } from './session-settings.ts';
import type { TimedConnection } from './timed-connection.ts';
import type { Transaction } from './transaction.ts';
import type { TranslationTimes } from './translation-times.ts';

/** What the sessions of one database share. */
export interface SharedDatabase {
  readonly schemas: SchemaMap;
  /** What becomes of a published defect of this version that a statement may run into. */
  readonly hazards: 'notice' | 'refuse' | 'ignore';
  /** How long a process of this IRIS waits for a lock. */
  readonly lockTimeoutMs: number;
  /** Milliseconds on a clock that only goes forward. */
  now(): number;
  /** Here, or, where that would hold up others, on another thread. @throws SqlFailure */
  translate(asked: Translatable): Translated | Promise<Translated>;
  describe(connection: SqlConnection, sql: string): Promise<SqlDescription>;
  /** Undefined: nothing is known of it. */
  columnType(relation: RelationName, column: string): PgType | undefined;
  /** Before a statement is read: looks at the tables where that is long ago. @throws SqlFailure */
  freshTables(connection: SqlConnection): Promise<void>;
  /** After one was translated: whether it named tables that were not known, and now others are. @throws SqlFailure */
  missedTables(connection: SqlConnection): Promise<boolean>;
  /** Tables are others from now on. */
  schemaChanged(connection: SqlConnection): Promise<void>;
  /** Asks the catalog: frontend messages in, its backend messages out. */
  askCatalog(asker: CatalogAsker, messages: Buffer): Promise<Buffer>;
}

/** For whom the catalog answers. */
export interface CatalogAsker {
  readonly connection: SqlConnection;
  readonly user: string;
  readonly database: string;
  /** Those of its parameters that the catalog knows as well. */
  readonly settings: readonly (readonly [name: string, value: string])[];
}

/** What the parts of one session have in common. */
export interface SessionContext {
  readonly shared: SharedDatabase;
  readonly connection: SqlConnection;
  /** The same for what statements run: its client's timeouts hold there. */
  readonly timed: TimedConnection;
  readonly inbox: Inbox;
  readonly outlet: Outlet;
  readonly settings: SessionSettings;
  readonly transaction: Transaction;
  readonly translationTimes: TranslationTimes;
  readonly user: string;
  readonly database: string;
}
