import type { OperationOutcome, OperationStatus, SettledQuery, StatusStore } from '@medrex/contracts';
import { postgresError } from '../errors.ts';
import { durable } from '../pool/in-transaction.ts';
import type { PostgresPool } from '../pool/postgres-pool.ts';
import { inSchema, migrate } from '../schema/migrate.ts';
import { untilUncontended } from './contention.ts';
import { statusColumns, statusFrom, statusOf, type StatusRow } from './status-rows.ts';
import { statusTables } from './status-tables.ts';

/** Rows of one statement: some hundred kilobytes of parameters. */
const rowsMax = 2_000;
/** Reads `durable`, which is carried out only where something reads it. */
const isDurable = '(SELECT count(*) FROM durable) >= 0';
/**
 * Adds rows that are not there; a pending one of the same message takes over how it ended; every other stays as it is. In the order of
 * ids, so that two instances that note the same rows wait for each other and not crosswise.
 */
const put = `
  INSERT INTO S.status_operations AS known
    (op_id, source_hash, state, seq, accepted_at_ms, settled_at_ms, outcome, partition)
  SELECT given.*, $8::integer FROM unnest(
    $1::text[], $2::text[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[]) AS given (op_id)
  WHERE ${isDurable} ORDER BY given.op_id COLLATE "C"
  ON CONFLICT (op_id) DO UPDATE SET
    state = excluded.state, seq = excluded.seq, settled_at_ms = excluded.settled_at_ms,
    outcome = excluded.outcome, partition = excluded.partition
  WHERE known.state = 0 AND excluded.state <> 0 AND known.source_hash = excluded.source_hash`;

const putting = `WITH durable AS (${durable}) ${put}`;
/** Both take effect or neither does. */
const puttingWithPosition = `WITH durable AS (${durable}), put AS (${put})
  INSERT INTO S.status_positions (topic, partition, at_offset) SELECT $9::text, $8::integer, $10::bigint WHERE ${isDurable}
  ON CONFLICT (topic, partition) DO UPDATE SET at_offset = excluded.at_offset`;
const forgetting = `WITH durable AS (${durable})
  DELETE FROM S.status_operations WHERE op_id = ANY($1::text[]) AND settled_at_ms IS NOT NULL AND ${isDurable}`;

/** Times that a transaction is run which met another one crosswise. */
const attemptsMax = 5;

export interface PostgresStatusStoreOptions {
  /** Not closed with the store. */
  readonly pool: PostgresPool;
  readonly schema: string;
}

type Position = Parameters<StatusStore['settled']>[1];

/**
 * Statuses and receipts that every ingest instance reads. Commits are durable before they are told: a position that is there promises
 * that the outcomes before it are, and the instances, which outlive a crash of the database, do not read them again.
 */
export class PostgresStatusStore implements StatusStore {
  readonly #pool: PostgresPool;
  readonly #schema: string;
  #isClosed = false;

  private constructor({ pool, schema }: PostgresStatusStoreOptions) {
    this.#pool = pool;
    this.#schema = schema;
  }

  /** @throws CodedError POSTGRES_FAILED, POSTGRES_SCHEMA_UNKNOWN. */
  static async open(options: PostgresStatusStoreOptions): Promise<PostgresStatusStore> {
    await migrate(options.pool, options.schema, statusTables);
    return new PostgresStatusStore(options);
  }

  async get(opIds: readonly string[]): Promise<readonly (OperationStatus | undefined)[]> {
    if (opIds.length === 0) return [];
    const found = await this.#list('SELECT * FROM S.status_operations WHERE op_id = ANY($1::text[])', [opIds]);
    const byId = new Map(found.map((status) => [status.opId, status]));
    return opIds.map((opId) => byId.get(opId));
  }

  async accepted(statuses: readonly OperationStatus[]): Promise<void> {
    for (const run of runsOf(statuses)) await this.#write(putting, [...statusColumns(run), 0]);
  }

  async settled(
    outcomes: readonly { readonly outcome: OperationOutcome; readonly settledAtMs: number }[],
    { topic, partition, offset }: Position,
  ): Promise<void> {
    const statuses = outcomes.map(({ outcome, settledAtMs }) => statusOf(outcome, settledAtMs));
    const runs = runsOf(statuses);
    // The position comes with the last of them: what stands before it is there again, and the same, when it is read again.
    for (const run of runs.slice(0, -1)) await this.#write(putting, [...statusColumns(run), partition]);
    const columns = statusColumns(runs.at(-1) ?? []);
    await this.#write(puttingWithPosition, [...columns, partition, topic, offset]);
  }

  async position(topic: string, partition: number): Promise<number | undefined> {
    const sql = 'SELECT at_offset FROM S.status_positions WHERE topic = $1 AND partition = $2';
    const [row] = await this.#rows<{ readonly at_offset: string }>(sql, [topic, partition]);
    return row && Number(row.at_offset);
  }

  dead(limit: number): Promise<readonly OperationStatus[]> {
    return this.#list('SELECT * FROM S.status_operations WHERE state = 3 ORDER BY settled_at_ms DESC LIMIT $1', [
      limit,
    ]);
  }

  settledBefore({ partition, beforeMs, after, limit }: SettledQuery): Promise<readonly OperationStatus[]> {
    const { settledAtMs, opId } = after ?? { settledAtMs: 0, opId: '' };
    const sql = `
      SELECT * FROM S.status_operations
      WHERE partition = $1 AND settled_at_ms < $2 AND (settled_at_ms, op_id) > ($3, $4)
      ORDER BY settled_at_ms, op_id LIMIT $5`;
    return this.#list(sql, [partition, beforeMs, settledAtMs, opId, limit]);
  }

  async forget(opIds: readonly string[]): Promise<void> {
    if (opIds.length === 0) return;
    await this.#write(forgetting, [opIds]);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  /** One statement, which is one transaction. */
  #write(sql: string, values: readonly unknown[]): Promise<void> {
    this.#checkOpen();
    const attempt = (): Promise<void> =>
      this.#pool.use(async (client) => {
        await client.query(inSchema(sql, this.#schema), [...values]);
      });
    return untilUncontended(attempt, attemptsMax);
  }

  async #list(sql: string, values: readonly unknown[]): Promise<readonly OperationStatus[]> {
    return (await this.#rows<StatusRow>(sql, values)).map(statusFrom);
  }

  async #rows<Row extends object>(sql: string, values: readonly unknown[]): Promise<readonly Row[]> {
    this.#checkOpen();
    const { rows } = await this.#pool.use((client) => client.query<Row>(inSchema(sql, this.#schema), [...values]));
    return rows;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw postgresError('POSTGRES_CLOSED', 'the status store is closed');
  }
}

/** Cuts rows into runs that hold no id twice, since one statement cannot touch a row twice; what stands first takes effect first. */
function runsOf(statuses: readonly OperationStatus[]): readonly (readonly OperationStatus[])[] {
  const runs: OperationStatus[][] = [];
  let ids = new Set<string>();
  for (const status of statuses) {
    const run = runs.at(-1);
    if (run === undefined || ids.has(status.opId) || run.length >= rowsMax) {
      runs.push([status]);
      ids = new Set();
    } else run.push(status);
    ids.add(status.opId);
  }
  return runs;
}
