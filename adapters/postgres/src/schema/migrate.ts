import type { PoolClient } from 'pg';
import { postgresError } from '../errors.ts';
import { beginWriting, inTransaction } from '../pool/in-transaction.ts';
import type { PostgresPool } from '../pool/postgres-pool.ts';
import { lockKey } from './lock-key.ts';

/** Tables that are migrated together. */
export interface Component {
  readonly name: 'vault' | 'statuses';
  /** SQL of each version in order; released steps are never changed. `S` stands for the schema. */
  readonly steps: readonly string[];
}

/**
 * Migrates the tables of a component to this program's version. Of several instances that start at once, one migrates and the others wait.
 * If the tables are up to date, the user needs no privilege to create tables.
 *
 * @throws CodedError POSTGRES_SCHEMA_UNKNOWN when they are newer.
 */
export function migrate(pool: PostgresPool, schema: string, component: Component): Promise<void> {
  return pool.use(async (client) => {
    if (isCurrent(await versionOf(client, schema, component), schema, component)) return;
    await inTransaction(client, beginWriting, async () => {
      await client.query('SELECT pg_advisory_xact_lock($1, $2)', [...lockKey('schema', schema)]);
      await makeSchema(client, schema);
      const version = await versionOf(client, schema, component);
      if (isCurrent(version, schema, component)) return;
      for (const step of component.steps.slice(version)) await client.query(inSchema(step, schema));
      await client.query(
        inSchema(
          `INSERT INTO S.schema_versions (component, version) VALUES ($1, $2)
           ON CONFLICT (component) DO UPDATE SET version = excluded.version`,
          schema,
        ),
        [component.name, component.steps.length],
      );
    });
  });
}

/** Puts the schema's name in. It is checked where it is configured: lower-case letters, digits and underscores. */
export const inSchema = (sql: string, schema: string): string => sql.replaceAll(/\bS\./g, `"${schema}".`);

/** 0 when there are no tables yet. */
export async function versionOf(client: PoolClient, schema: string, { name }: Component): Promise<number> {
  const { rows: there } = await client.query<{ readonly found: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS found',
    [`"${schema}".schema_versions`],
  );
  if (there[0]?.found !== true) return 0;
  const { rows } = await client.query<{ readonly version: number }>(
    inSchema('SELECT version FROM S.schema_versions WHERE component = $1', schema),
    [name],
  );
  return rows[0]?.version ?? 0;
}

function isCurrent(version: number, schema: string, { name, steps }: Component): boolean {
  if (version > steps.length) {
    throw postgresError(
      'POSTGRES_SCHEMA_UNKNOWN',
      `the tables of ${name} in schema ${schema} have version ${version}, this program knows ${steps.length}`,
    );
  }
  return version === steps.length;
}

async function makeSchema(client: PoolClient, schema: string): Promise<void> {
  const { rows } = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]);
  if (rows.length === 0) await client.query(`CREATE SCHEMA "${schema}"`);
  await client.query(
    inSchema(
      'CREATE TABLE IF NOT EXISTS S.schema_versions (component text PRIMARY KEY, version integer NOT NULL)',
      schema,
    ),
  );
}
