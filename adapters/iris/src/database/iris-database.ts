import { createHash } from 'node:crypto';
import {
  inlineBytesMax,
  IrisTranslator,
  type Translatable,
  schemaMap,
  type PgType,
  type RelationName,
  type SchemaMap,
  type SqlAnalyser,
} from '@medrex/sql';
import type { SqlConnection, SqlDescription, SqlDriver } from '@medrex/sql-driver';
import type { CatalogAsker, SharedDatabase } from '../session/session-context.ts';
import { SessionStream } from '../session/session-stream.ts';
import type { Translated } from './large-text-worker.ts';
import { LargeTexts } from './large-texts.ts';
import { KnownTables } from './known-tables.ts';
import { readTables } from './metadata.ts';
import { isolationSql, standardPage } from './page-sizes.ts';
import { MirroredCatalog } from './mirrored-catalog.ts';

export interface IrisDatabaseOptions {
  readonly driver: SqlDriver;
  readonly analyser: SqlAnalyser;
  /** Of IRIS, such as 2025.1. */
  readonly version: string;
  /** IRIS's schemas by PostgreSQL's. */
  readonly schemas: Readonly<Record<string, string>>;
  readonly hazards: SharedDatabase['hazards'];
  /** Statements that succeed without being done, by their kinds in the grammar. */
  readonly skipped: readonly string[];
  readonly isOrderKept: boolean;
  /** Columns of unit vectors, as schema.table.column. */
  readonly normalised: readonly string[];
  /** After this long the tables are looked at again. */
  readonly tablesMs: number;
  /** How long a process waits for a lock, as that IRIS is configured. */
  readonly lockTimeoutMs: number;
  readonly now: () => number;
}

export interface IrisLogin {
  readonly user: string;
  readonly password: string;
  /** How the client calls its database. */
  readonly database: string;
}

/** A session that is open, and the way to cancel what it does. */
export interface IrisOpened {
  readonly stream: SessionStream;
  readonly processId: string;
  /** @throws SqlFailure */
  cancel(): Promise<void>;
}

const descriptionsMax = 2_000;
/** Between two looks at the tables for one that is not among them. */
const missedMs = 5_000;
/** Reading the tables takes no more than this part of the time: a large system needs long for it. */
const readingShare = 0.05;

/** One namespace of an IRIS: its sessions share what is known of its tables and what has been translated. */
export class IrisDatabase implements SharedDatabase {
  readonly schemas: SchemaMap;
  readonly hazards: SharedDatabase['hazards'];
  readonly lockTimeoutMs: number;
  readonly #analyser: SqlAnalyser;
  readonly #translator: IrisTranslator;
  readonly #largeTexts: LargeTexts;
  readonly #options: IrisDatabaseOptions;
  readonly #tables: KnownTables;
  readonly #catalog: MirroredCatalog;
  readonly #descriptions = new Map<string, SqlDescription>();
  #readAtMs: number | undefined;
  #readingTookMs = 0;
  #reading: Promise<void> = Promise.resolve();
  #readings = 0;
  /** The reading whose tables these are, and what they are like. */
  #known: { readonly reading: number; readonly digest: string } | undefined;

  private constructor(options: IrisDatabaseOptions, translator: IrisTranslator, tables: KnownTables) {
    this.#options = options;
    const { version, schemas, skipped, isOrderKept, normalised } = options;
    this.#analyser = options.analyser;
    this.hazards = options.hazards;
    this.lockTimeoutMs = options.lockTimeoutMs;
    this.#translator = translator;
    this.#largeTexts = new LargeTexts({ version, schemas, skipped, isOrderKept, normalised });
    this.schemas = translator.schemas;
    this.#tables = tables;
    this.#catalog = new MirroredCatalog(translator.schemas);
  }

  /** @throws RangeError where no translation is known for the version */
  static async load(options: IrisDatabaseOptions): Promise<IrisDatabase> {
    const { version, schemas, skipped, isOrderKept, normalised } = options;
    const tables = new KnownTables(schemaMap(schemas), new Set(normalised));
    const translator = await IrisTranslator.load({ version, schemas, skipped, isOrderKept }, tables);
    return new IrisDatabase(options, translator, tables);
  }

  /** @throws SqlFailure */
  async open({ user, password, database }: IrisLogin): Promise<IrisOpened> {
    const opened: { stream?: SessionStream } = {};
    const connection = await this.#options.driver.open({ user, password, lost: () => opened.stream?.lost() });
    try {
      // The default of a process of IRIS reads what is not committed.
      await connection.run(isolationSql, [], standardPage);
      await this.freshTables(connection);
    } catch (error) {
      await connection.close();
      throw error;
    }
    const stream = new SessionStream({ shared: this, connection, user, database });
    opened.stream = stream;
    return { stream, processId: connection.processId, cancel: () => connection.cancel() };
  }

  now(): number {
    return this.#options.now();
  }

  async close(): Promise<void> {
    await Promise.all([this.#catalog.close(), this.#largeTexts.close()]);
  }

  translate(asked: Translatable): Translated | Promise<Translated> {
    const { text, types, path, values } = asked;
    const analysis = this.#analyser.analyse(text);
    if (analysis.kind === 'refused') return { analysis, translations: [] };
    if (analysis.kind === 'large') return this.#translateElsewhere(asked);
    const known = this.#translator.known(asked);
    if (known !== undefined) return { analysis, translations: known };
    if (text.length > inlineBytesMax) return this.#translateElsewhere(asked);
    return { analysis, translations: this.#translator.translate(text, types, path, values) };
  }

  async #translateElsewhere(asked: Translatable): Promise<Translated> {
    const before = this.#known;
    const { analysis, translations, hasMissed } = await this.#largeTexts.translate(asked);
    if (hasMissed) this.#tables.noteMissed();
    this.#analyser.remember(asked.text, analysis);
    // What rests on tables that are others by now is right for its statement, which came before, and for no other.
    if (this.#known === before) this.#translator.remember(asked, translations);
    return { analysis, translations };
  }

  async describe(connection: SqlConnection, sql: string): Promise<SqlDescription> {
    const known = this.#descriptions.get(sql);
    if (known !== undefined) return known;
    const description = await connection.describe(sql);
    if (this.#descriptions.size >= descriptionsMax) this.#descriptions.clear();
    this.#descriptions.set(sql, description);
    return description;
  }

  columnType(relation: RelationName, column: string): PgType | undefined {
    return this.#tables.columnType(relation, column);
  }

  async schemaChanged(connection: SqlConnection): Promise<void> {
    this.#readAtMs = this.#options.now();
    await this.#readTables(connection, true);
  }

  async askCatalog(asker: CatalogAsker, messages: Buffer): Promise<Buffer> {
    await this.freshTables(asker.connection);
    return this.#catalog.ask(asker, messages);
  }

  /** What others change in the tables is seen after a while. Who comes before any are known waits for the one who reads them. */
  async freshTables(connection: SqlConnection): Promise<void> {
    if (this.#isDue(this.#options.tablesMs)) await this.#readNow(connection);
    else if (this.#known === undefined) await this.#reading;
  }

  async missedTables(connection: SqlConnection): Promise<boolean> {
    if (!this.#tables.takeMissed() || !this.#isDue(missedMs)) return false;
    const before = this.#known?.digest;
    await this.#readNow(connection);
    return this.#known?.digest !== before;
  }

  #isDue(afterMs: number): boolean {
    if (this.#readAtMs === undefined) return true;
    const elapsedMs = this.#options.now() - this.#readAtMs;
    return elapsedMs >= Math.max(afterMs, this.#readingTookMs / readingShare);
  }

  async #readNow(connection: SqlConnection): Promise<void> {
    const begunMs = this.#options.now();
    this.#readAtMs = begunMs;
    this.#reading = this.#readTables(connection, false);
    try {
      await this.#reading;
      this.#readingTookMs = this.#options.now() - begunMs;
    } catch (error) {
      this.#readAtMs = undefined;
      throw error;
    }
  }

  /** What has been made of the tables is kept while they are as they were, unless somebody knows better. */
  async #readTables(connection: SqlConnection, isChanged: boolean): Promise<void> {
    const reading = ++this.#readings;
    const tables = await readTables(connection, [...new Set(Object.values(this.#options.schemas))]);
    if (this.#known !== undefined && this.#known.reading > reading) return; // somebody has begun later and come first
    const digest = createHash('sha1').update(JSON.stringify(tables)).digest('base64');
    const isSame = this.#known?.digest === digest;
    this.#known = { reading, digest };
    if (isSame && !isChanged) return;
    this.#tables.replace(tables);
    this.#catalog.replace(tables);
    this.#largeTexts.replace(tables);
    this.#translator.forget();
    this.#descriptions.clear();
  }
}
