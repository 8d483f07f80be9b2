import type { PoolClient } from 'pg';
import { PostgresPool, type PostgresPoolOptions } from '../pool/postgres-pool.ts';

/** A pool that calls the test with each statement and its connection before sending it. */
export class WatchingPool extends PostgresPool {
  readonly #watch: (sql: string, client: PoolClient) => Promise<void>;

  constructor(options: PostgresPoolOptions, watch: (sql: string, client: PoolClient) => Promise<void>) {
    super(options);
    this.#watch = watch;
  }

  override use<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    return super.use((client) => {
      const query = async (sql: string, values?: unknown[]): Promise<unknown> => {
        await this.#watch(sql, client);
        return client.query(sql, values);
      };
      return work(
        new Proxy(client, {
          get: (target, name) => (name === 'query' ? query : (Reflect.get(target, name) as unknown)),
        }),
      );
    });
  }
}
