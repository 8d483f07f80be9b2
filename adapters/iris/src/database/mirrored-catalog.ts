import type { SchemaMap } from '@medrex/sql';
import type { CatalogAsker } from '../session/session-context.ts';
import type { CatalogRequest } from './catalog-worker.ts';
import type { Table } from './metadata.ts';
import { mirrorSql } from './mirror-sql.ts';
import { OwnThread } from './own-thread.ts';

const answerMsMax = 60_000;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Answers catalogue queries about the tables of IRIS by an embedded PostgreSQL. */
export class MirroredCatalog {
  /** An embedded PostgreSQL that mirrors the tables without rows; takes some hundred megabytes. */
  readonly #engine = new OwnThread<CatalogRequest, Uint8Array>({
    owner: import.meta.url,
    file: 'catalog-worker',
    called: 'the catalog',
  });
  readonly #schemas: SchemaMap;
  #tables: readonly Table[] = [];
  /** The tables that the engine has. */
  #mirrored: readonly Table[] | undefined;
  #asker = '';
  /** Serializes the questions, as the engine has only one session. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(schemas: SchemaMap) {
    this.#schemas = schemas;
  }

  replace(tables: readonly Table[]): void {
    this.#tables = tables;
  }

  /** @throws SqlFailure */
  async ask(asker: CatalogAsker, messages: Buffer): Promise<Buffer> {
    const answer = this.#last.then(async () => {
      await this.#prepare(asker);
      const { buffer, byteOffset, byteLength } = await this.#engine.ask({ kind: 'ask', bytes: messages }, answerMsMax);
      return Buffer.from(buffer, byteOffset, byteLength);
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async close(): Promise<void> {
    await this.#engine.close();
  }

  async #prepare({ user, database, settings }: CatalogAsker): Promise<void> {
    const isNew = !this.#engine.isStarted;
    if (isNew || this.#mirrored !== this.#tables) {
      const known = isNew ? [] : (this.#mirrored ?? []);
      const schemas = new Set(known.map(({ schema }) => this.#schemas.toPostgres(schema)).concat('public'));
      const dropped = [...schemas].map((schema) => `DROP SCHEMA IF EXISTS ${quoted(schema)} CASCADE`);
      await this.#make([
        'RESET SESSION AUTHORIZATION',
        ...dropped,
        'CREATE SCHEMA public',
        'GRANT USAGE ON SCHEMA public TO PUBLIC',
        ...mirrorSql(this.#tables, this.#schemas),
      ]);
      this.#mirrored = this.#tables;
      this.#asker = '';
    }
    const key = JSON.stringify([user, database, settings]);
    if (key === this.#asker) return;
    await this.#make([
      'RESET SESSION AUTHORIZATION',
      `CREATE ROLE ${quoted(user)} SUPERUSER`,
      `UPDATE pg_catalog.pg_database SET datname = ${literal(database)} WHERE datname = current_database()`,
      'RESET ALL',
      ...settings.map(([name, value]) => `SELECT pg_catalog.set_config(${literal(name)}, ${literal(value)}, false)`),
      `SET SESSION AUTHORIZATION ${quoted(user)}`,
    ]);
    this.#asker = key;
  }

  async #make(statements: readonly string[]): Promise<void> {
    await this.#engine.ask({ kind: 'make', statements });
  }
}
