import { randomBytes } from 'node:crypto';
import { PostgresPool, type PostgresPoolOptions } from '../pool/postgres-pool.ts';
import { postgresPoolOptions, postgresVariables } from '../pool/postgres-variables.ts';
import { z } from 'zod';

/** A schema of its own in the database of the test run, and pools that are closed with it. */
export class TestSchema {
  readonly name = `test_${randomBytes(6).toString('hex')}`;
  readonly #url: string;
  readonly #pools: PostgresPool[] = [];
  #own: PostgresPool | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** A pool as another process would have it. */
  pool(options: Partial<PostgresPoolOptions> = {}): PostgresPool {
    return this.closing(new PostgresPool({ ...this.options, ...options }));
  }

  /** Closes the pool with the schema. */
  closing<P extends PostgresPool>(pool: P): P {
    this.#pools.push(pool);
    return pool;
  }

  get options(): PostgresPoolOptions {
    const config = z.object(postgresVariables).parse({ MEDREX_POSTGRES_URL: this.#url, MEDREX_POSTGRES_TLS: 'off' });
    return postgresPoolOptions(config) as PostgresPoolOptions;
  }

  /** Rows of any statement, past the stores; `S.` stands for this schema. */
  async sql(text: string, values: readonly unknown[] = []): Promise<readonly Record<string, unknown>[]> {
    this.#own ??= this.pool();
    const { rows } = await this.#own.use((client) =>
      client.query<Record<string, unknown>>(text.replaceAll(/\bS\./g, `${this.name}.`), [...values]),
    );
    return rows;
  }

  async drop(): Promise<void> {
    await this.sql(`DROP SCHEMA IF EXISTS ${this.name} CASCADE`);
    this.#own = undefined;
    await Promise.all(this.#pools.splice(0).map((pool) => pool.close()));
  }
}
