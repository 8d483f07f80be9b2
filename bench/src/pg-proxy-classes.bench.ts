import { figure, type Bench, type Figures } from './bench.ts';
import { flood, paced, percentile, pgbenchDatabase } from './pg-proxy/pgbench.ts';
import { Poolers, type Side } from './pg-proxy/poolers.ts';

const seconds = Number(process.env['BENCH_SECONDS'] ?? 10);
const runs = Number(process.env['BENCH_RUNS'] ?? 3);
const perSecond = 200;
const clinicians = 8;
const reports = 40;
/** A report that sleeps for half a second, so that backends are the bottleneck rather than CPU. */
const report = 'select count(*), pg_sleep(0.5) from pgbench_branches group by bbalance > 0';
/** Time until every report has a backend or waits for one, in ms. */
const settleMs = 2_000;

/** The p99 of interactive clients while reports flood the pool: with workload classes, without them, and through PgBouncer. */
export const bench: Bench = {
  name: 'pg-proxy-classes',
  workload: `selects by primary key, ${perSecond}/s from ${clinicians} clients, alone and beside ${reports} clients that run reports of half a second (pg_sleep) without end, 20 backends; p99 from when each was due, ${runs} rounds of ${seconds} s`,
  ledger: 'none',
  seed: 0,
  async run(): Promise<Figures> {
    const where = process.env['MEDREX_TEST_POSTGRES'];
    if (where === undefined) {
      console.error('  pg-proxy-classes: left out, MEDREX_TEST_POSTGRES does not say where PostgreSQL is');
      return {};
    }
    const url = new URL(where);
    const database = await pgbenchDatabase(url, 1);
    const poolers = new Poolers(url, {}, { withoutClasses: true });
    try {
      await poolers.up();
      return await measured(
        poolers.sides.filter(({ pid }) => pid !== undefined),
        { url, database: database.name },
      );
    } finally {
      await poolers.down();
      await database.drop();
    }
  },
};

interface Place {
  readonly url: URL;
  readonly database: string;
}

async function measured(sides: readonly Side[], place: Place): Promise<Figures> {
  const alone = new Map<Side, number[]>(sides.map((side) => [side, []]));
  const beside = new Map<Side, number[]>(sides.map((side) => [side, []]));
  const minutes = Math.ceil((sides.length * (2 * seconds + 5) * (runs + 0.5)) / 60);
  console.error(`  pg-proxy-classes: ${runs} rounds through ${sides.length} poolers take some ${minutes} minutes`);
  // The first round is a warm-up and does not count.
  for (let round = 0; round <= runs; round += 1) {
    for (const side of sides) {
      const options = { ...place, clients: clinicians, perSecond, seconds: round === 0 ? 2 : seconds };
      const quiet = percentile(await paced(side, options), 0.99);
      const reporting = flood(side, { ...place, clients: reports }, report);
      await new Promise((settled) => setTimeout(settled, settleMs));
      const flooded = percentile(await paced(side, options), 0.99);
      await reporting.stop();
      if (round === 0) continue;
      alone.get(side)?.push(quiet);
      beside.get(side)?.push(flooded);
    }
  }
  return Object.fromEntries(
    sides.flatMap((side) => {
      const [quiet, flooded] = [alone.get(side) ?? [], beside.get(side) ?? []];
      return [
        [`p99 alone, ${side.name}`, figure(quiet, 'ms')],
        [`p99 beside reports, ${side.name}`, figure(flooded, 'ms')],
        [
          `beside over alone, ${side.name}`,
          figure(
            flooded.map((ms, round) => ms / (quiet[round] ?? Number.NaN)),
            'ratio',
          ),
        ],
      ];
    }),
  );
}
