import type { Figures } from '../bench.ts';
import { pgbenchDatabase } from './pgbench.ts';
import { Poolers, type PoolersOptions, type Side } from './poolers.ts';

/** The environment of a benchmark of poolers. */
export interface Ground {
  readonly sides: readonly Side[];
  readonly url: URL;
  /** Database with pgbench's tables. */
  readonly database: string;
  /** Whether clients can use TLS. */
  readonly takesTls: boolean;
}

/** Runs a benchmark with poolers in front of the PostgreSQL in MEDREX_TEST_POSTGRES; without it returns no figures. */
export async function withPoolers(
  bench: string,
  scale: number,
  run: (ground: Ground) => Promise<Figures>,
  options: PoolersOptions = {},
): Promise<Figures> {
  const where = process.env['MEDREX_TEST_POSTGRES'];
  if (where === undefined) {
    console.error(`  ${bench}: left out, MEDREX_TEST_POSTGRES does not say where PostgreSQL is`);
    return {};
  }
  const url = new URL(where);
  const database = await pgbenchDatabase(url, scale);
  const poolers = new Poolers(url, {}, options);
  try {
    await poolers.up();
    return await run({ sides: poolers.sides, url, database: database.name, takesTls: poolers.takesTls });
  } finally {
    await poolers.down();
    await database.drop();
  }
}
