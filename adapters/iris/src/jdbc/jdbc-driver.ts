import { SqlFailure, type SqlConnection, type SqlDriver, type SqlLogin } from '@medrex/sql-driver';
import type { JdbcBridge } from './jdbc-bridge.ts';

export interface JdbcOptions {
  readonly bridge: JdbcBridge;
  /** The JDBC URL, such as jdbc:IRIS://host:port/NAMESPACE. */
  readonly url: string;
  readonly properties?: Readonly<Record<string, string>>;
}

/** A database by JDBC; the bridge, which drivers share, holds the connections. */
export class JdbcDriver implements SqlDriver {
  readonly #options: JdbcOptions;

  constructor(options: JdbcOptions) {
    this.#options = options;
  }

  /** @throws SqlFailure */
  async open(login: SqlLogin): Promise<SqlConnection> {
    const { bridge, url, properties } = this.#options;
    const { user, password, lost } = login;
    const cancel = (product: string, processId: string): Promise<void> =>
      bridge.cancels.run(user, () => this.#cancel(login, product, processId));
    return bridge.open({ url, properties: { ...properties, user, password }, lost, cancel });
  }

  /** Cancels by a temporary session, as the busy one cannot be used. */
  async #cancel({ user, password }: SqlLogin, product: string, processId: string): Promise<void> {
    const sql = cancelTexts[product]?.(processId);
    if (sql === undefined || !/^\d+$/.test(processId))
      throw new SqlFailure('no way to cancel is known', { sqlstate: '0A000' });
    const other = await this.open({ user, password, lost: () => undefined });
    try {
      await other.run(sql, [], { rowsMax: 1, bytesMax: 1_000 });
    } catch (error) {
      // The statement has already finished.
      if (!(error instanceof SqlFailure) || !/400/.test(String(error.sqlcode) + error.message)) throw error;
    } finally {
      await other.close();
    }
  }
}

const cancelTexts: Readonly<Record<string, (processId: string) => string>> = {
  IRIS: (processId) => `CANCEL QUERY ${processId}`,
  POSTGRESQL: (processId) => `SELECT pg_cancel_backend(${processId})`,
};
