import { figure, type Bench, type Figure, type Figures } from './bench.ts';
import { pgbench, pgbenchDatabase, type Carried } from './pg-proxy/pgbench.ts';
import { Poolers, protocols, type Protocol, type Side } from './pg-proxy/poolers.ts';

const seconds = Number(process.env['BENCH_SECONDS'] ?? 3);
const runs = Number(process.env['BENCH_RUNS'] ?? 3);
const clients = Number(process.env['BENCH_CLIENTS'] ?? 8);
const warmUpSeconds = 1;
const scale = 10;
/** The protocols compared; the cost of extended lies between these. */
const compared = protocols.filter((protocol) => protocol !== 'extended');

const sumOf = (rows: number, parts: number): string =>
  `\\set low random(0, ${parts - 1}) * ${rows} + 1\nSELECT count(*), sum(abalance) FROM pgbench_accounts WHERE aid BETWEEN :low AND :low + ${rows - 1};\n`;
/** Repeated reads: rows by key, and sums like those of a dashboard. */
const scripts = {
  'row by key': '\\set aid random(1, 100)\nSELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n',
  'sum of 300 rows': sumOf(300, 100),
  'sum of 10,000 rows': sumOf(10_000, 10),
} as const;
type Script = keyof typeof scripts;
const names = Object.keys(scripts) as Script[];

/**
 * Reads answered from pg-proxy's cache, compared with the same reads directly on PostgreSQL, in alternation. `MEDREX_TEST_POSTGRES` is
 * the URL of PostgreSQL.
 */
export const bench: Bench = {
  name: 'pg-proxy-cache',
  workload: `pgbench, scale ${scale}, ${clients} clients, ${runs} rounds of ${seconds} s each way after ${warmUpSeconds} s: 100 rows by key, 100 sums of 300 rows, 10 of 10,000; PostgreSQL, pgbench and proxy share this machine`,
  ledger: 'none',
  seed: 0,
  async run(): Promise<Figures> {
    const where = process.env['MEDREX_TEST_POSTGRES'];
    if (where === undefined) {
      console.error('  pg-proxy-cache: left out, MEDREX_TEST_POSTGRES does not say where PostgreSQL is');
      return {};
    }
    const url = new URL(where);
    const database = await pgbenchDatabase(url, scale);
    const poolers = new Poolers(url, { cache: { rules: [{ tables: ['pgbench_accounts'] }] } });
    try {
      await poolers.up();
      const sides = poolers.sides.filter(({ name }) => name === 'direct' || name === 'pg-proxy');
      return figuresOf(await rounds(sides, url, database.name));
    } finally {
      await poolers.down();
      await database.drop();
    }
  },
};

interface Compared {
  readonly script: Script;
  readonly protocol: Protocol;
  readonly direct: Carried[];
  readonly cached: Carried[];
}

async function rounds(sides: readonly Side[], url: URL, database: string): Promise<readonly Compared[]> {
  const all = names.flatMap((script) =>
    compared.map((protocol): Compared => ({ script, protocol, direct: [], cached: [] })),
  );
  // The first round is a warm-up and does not count.
  for (let round = 0; round <= runs; round += 1) {
    for (const { script, protocol, direct, cached } of all) {
      for (const side of sides) {
        const options = { url, database, clients, protocol, script: scripts[script] };
        const carried = await pgbench(side, { ...options, seconds: round === 0 ? warmUpSeconds : seconds });
        if (round > 0) (side.name === 'direct' ? direct : cached).push(carried);
      }
    }
  }
  return all;
}

function figuresOf(all: readonly Compared[]): Figures {
  return Object.fromEntries(
    all.flatMap(({ script, protocol, direct, cached }): [string, Figure][] => {
      const of = (side: readonly Carried[], read: (one: Carried) => number, unit: string): Figure =>
        figure(side.map(read), unit);
      const ratio = cached.map(({ perSecond }, round) => perSecond / (direct[round]?.perSecond ?? Number.NaN));
      return [
        [`${script}, ${protocol}, direct`, of(direct, ({ perSecond }) => perSecond, 'transactions/s')],
        [`${script}, ${protocol}, cached`, of(cached, ({ perSecond }) => perSecond, 'transactions/s')],
        [`${script}, ${protocol}, cached over direct`, figure(ratio, 'ratio')],
        [`${script}, ${protocol}, p99 direct`, of(direct, ({ p99Ms }) => p99Ms, 'ms')],
        [`${script}, ${protocol}, p99 cached`, of(cached, ({ p99Ms }) => p99Ms, 'ms')],
        [
          `${script}, ${protocol}, CPU of pg-proxy per transaction`,
          of(cached, ({ cpuMicroseconds }) => cpuMicroseconds, 'us'),
        ],
      ];
    }),
  );
}
