import type { Figures } from '../bench.ts';
import { pgbenchDatabase } from './pgbench.ts';
import { Poolers, type PoolersOptions, type Side } from './poolers.ts';

/** What a benchmark of poolers runs on. */
export interface Ground {
  readonly sides: readonly Side[];
  readonly url: URL;
  /** With pgbench's tables. */
  readonly database: string;
  /** Whether clients may ask the poolers for TLS. */
  readonly takesTls: boolean;
}

/** Runs a benchmark with poolers before the PostgreSQL that MEDREX_TEST_POSTGRES names; no figures where it names none. */
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
