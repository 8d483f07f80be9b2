import type { SqlConnection, SqlValue } from '@medrex/sql-driver';
import { standardPage } from '../database/page-sizes.ts';

/** The only form of query that an HNSW index of IRIS serves. */
const nearestFirst = /\bORDER BY VECTOR_(?:COSINE|DOT_PRODUCT)\(.*\) DESC/s;

/** The last nearest-neighbour query of a session, and whether an index served it. */
export class VectorPlan {
  #sql: string | undefined;
  #values: readonly SqlValue[] = [];

  saw(sql: string, values: readonly SqlValue[]): void {
    if (!nearestFirst.test(sql)) return;
    this.#sql = sql;
    this.#values = values;
  }

  /** Reads the query plan of IRIS: `on`, `off`, or an empty text if there was no such query. @throws SqlFailure */
  async isIndexUsed(connection: SqlConnection): Promise<'on' | 'off' | ''> {
    if (this.#sql === undefined) return '';
    const answer = await connection.run(`EXPLAIN ${this.#sql}`, this.#values, standardPage);
    if (answer.kind === 'count') return 'off';
    if (!answer.first.isLast) await answer.cursor.close();
    const plan = answer.first.rows.flat().map((cell) => (cell === null ? '' : Buffer.from(cell).toString('utf8')));
    return plan.some((text) => /read index map/i.test(text)) ? 'on' : 'off';
  }
}
