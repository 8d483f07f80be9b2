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
  /** The version of IRIS, such as 2025.1. */
  readonly version: string;
  /** Schemas of IRIS by the names of PostgreSQL schemas. */
  readonly schemas: Readonly<Record<string, string>>;
  readonly hazards: SharedDatabase['hazards'];
  /** Kinds of statements (parse tree nodes) that succeed without effect. */
  readonly skipped: readonly string[];
  readonly isOrderKept: boolean;
  /** Columns of unit vectors, as schema.table.column. */
  readonly normalised: readonly string[];
  /** Interval after which the tables are read again. */
  readonly tablesMs: number;
  /** The lock timeout configured in IRIS. */
  readonly lockTimeoutMs: number;
  readonly now: () => number;
}

export interface IrisLogin {
  readonly user: string;
  readonly password: string;
  /** The database name of the client. */
  readonly database: string;
}

/** An open session, and how to cancel its running statement. */
export interface IrisOpened {
  readonly stream: SessionStream;
  readonly processId: string;
  /** @throws SqlFailure */
  cancel(): Promise<void>;
}

const descriptionsMax = 2_000;
/** Minimum interval between readings of the tables because of an unknown one. */
const missedMs = 5_000;
/** Maximum share of time spent reading the tables, which takes long on a large system. */
const readingShare = 0.05;

/** A namespace of IRIS, whose sessions share the knowledge of its tables and the cached translations. */
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
  /** Number and digest of the reading whose tables are known. */
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

  /** @throws RangeError the version of IRIS is not supported */
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
      // The default of an IRIS process is READ UNCOMMITTED.
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
    // A translation by outdated tables is right for this statement, which came before the change, but must not be cached.
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

  /** Reads the tables again if the last reading is old. Sessions that begin before the first reading wait for it. */
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

  /** Reads the tables and replaces them if they differ. @param isChanged they are known to have changed */
  async #readTables(connection: SqlConnection, isChanged: boolean): Promise<void> {
    const reading = ++this.#readings;
    const tables = await readTables(connection, [...new Set(Object.values(this.#options.schemas))]);
    if (this.#known !== undefined && this.#known.reading > reading) return; // a later reading has finished first
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
