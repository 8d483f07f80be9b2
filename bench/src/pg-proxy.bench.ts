import { figure, type Bench, type Figure, type Figures } from './bench.ts';
import { pgbench, type Carried, type PgbenchOptions } from './pg-proxy/pgbench.ts';
import { protocols, type Side } from './pg-proxy/poolers.ts';
import { withPoolers, type Ground } from './pg-proxy/with-poolers.ts';

const seconds = Number(process.env['BENCH_SECONDS'] ?? 5);
const runs = Number(process.env['BENCH_RUNS'] ?? 3);
const clients = Number(process.env['BENCH_CLIENTS'] ?? 8);
/** More clients than backends, so that clients wait and each turn of the pooler has more work. */
const crowd = 64;
const scale = 10;
/** Number of warm-up rounds for logins. */
const warmLogins = 5;
/** A rate that every side sustains, so that latencies do not include queueing at saturation. */
const startsPerSecond = 5_000;
/** A pgbench script whose transaction is a pipeline. */
const script = [
  `\\set aid random(1, ${100_000 * scale})`,
  '\\startpipeline',
  ...Array.from({ length: 10 }, () => 'SELECT abalance FROM pgbench_accounts WHERE aid = :aid;'),
  '\\endpipeline',
].join('\n');

/** A way of querying: a protocol, optionally with many clients, TLS, a fixed rate, pipelining or a connection per transaction. */
interface Way extends Pick<PgbenchOptions, 'protocol' | 'isEncrypted' | 'connects' | 'script' | 'startsPerSecond'> {
  readonly name: string;
  readonly clients?: number;
}
/** The protocols over TLS; the cost of extended lies between these. */
const overTls = ['simple', 'prepared'] as const;
const ways: readonly Way[] = [
  ...protocols.map((protocol) => ({ name: protocol, protocol })),
  ...protocols.map((protocol) => ({ name: `${protocol}, ${crowd} clients`, protocol, clients: crowd })),
  ...overTls.map((protocol) => ({ name: `${protocol} over TLS`, protocol, isEncrypted: true })),
  { name: `prepared, ${startsPerSecond} each second`, protocol: 'prepared', startsPerSecond },
  { name: 'ten selects in a pipeline', protocol: 'extended', script },
  { name: 'connection for each transaction', protocol: 'simple', connects: true },
];

/**
 * Selects by primary key directly, through pg-proxy and through PgBouncer, in alternation on this machine. Noise of the machine affects
 * all of them, so the ratios within a round are meaningful. `MEDREX_TEST_POSTGRES` is the URL of PostgreSQL.
 */
export const bench: Bench = {
  name: 'pg-proxy',
  workload: `pgbench -S, scale ${scale}, ${clients} clients unless the row says otherwise, ${runs} rounds of ${seconds} s for each pooler after one uncounted round; PostgreSQL, pgbench and pooler share this machine`,
  ledger: 'none',
  seed: 0,
  run: () =>
    withPoolers('pg-proxy', scale, async (ground) => figuresOf(ground.sides, await rounds(ground)), { withTls: true }),
};

/** By way and side, one result per round. */
type Results = ReadonlyMap<string, readonly Carried[]>;
const keyOf = (way: Way, side: Side): string => `${way.name} ${side.name}`;
/** Whether a side supports a way; PostgreSQL itself is not tested with TLS, as it may not have it. */
const takes = ({ protocols: known, pid }: Side, way: Way, takesTls: boolean): boolean =>
  known.includes(way.protocol) && (way.isEncrypted !== true || (takesTls && pid !== undefined));

async function rounds({ sides, url, database, takesTls }: Ground): Promise<Results> {
  const results = new Map<string, Carried[]>();
  const common = { url, database, clients };
  // The first round is a warm-up and does not count, as poolers run for weeks with all hot code compiled by V8.
  for (let round = 0; round <= runs; round += 1) {
    for (const way of ways) {
      // A login calls each function only once, so it takes longer until V8 compiles them.
      const lasts = round === 0 && way.connects === true ? warmLogins * seconds : seconds;
      for (const side of sides.filter((one) => takes(one, way, takesTls))) {
        const carried = await pgbench(side, { ...common, ...way, seconds: lasts });
        if (round > 0) results.set(keyOf(way, side), [...(results.get(keyOf(way, side)) ?? []), carried]);
      }
    }
  }
  return results;
}

function figuresOf(sides: readonly Side[], results: Results): Figures {
  const figures: Record<string, Figure> = {};
  const ours = sides.find(({ name }) => name === 'pg-proxy');
  for (const way of ways) {
    for (const side of sides) {
      const carried = results.get(keyOf(way, side)) ?? [];
      if (carried.length === 0) continue;
      const own = ours === undefined ? [] : (results.get(keyOf(way, ours)) ?? []);
      Object.assign(figures, ofSide(way, side, carried), side === ours ? {} : against(way, side, carried, own));
    }
  }
  return figures;
}

function ofSide(way: Way, { name, pid }: Side, carried: readonly Carried[]): Figures {
  const of = (read: (one: Carried) => number, unit: string): Figure => figure(carried.map(read), unit);
  return {
    [`${way.name}, ${name}`]: of(({ perSecond }) => perSecond, 'transactions/s'),
    ...(way.connects !== true && { [`${way.name}, p99 of ${name}`]: of(({ p99Ms }) => p99Ms, 'ms') }),
    ...(pid !== undefined && {
      [`${way.name}, CPU of ${name} per transaction`]: of(({ cpuMicroseconds }) => cpuMicroseconds, 'us'),
    }),
  };
}

/** Ratios per round, since noise of the machine affects both sides. */
function against(way: Way, { name }: Side, carried: readonly Carried[], own: readonly Carried[]): Figures {
  const of = (read: (one: Carried) => number): Figure =>
    figure(
      carried.map((one, round) => (own[round] === undefined ? Number.NaN : read(own[round]) / read(one))),
      'ratio',
    );
  return {
    [`${way.name}, pg-proxy over ${name}`]: of(({ perSecond }) => perSecond),
    ...(way.connects !== true && { [`${way.name}, p99 of pg-proxy over ${name}`]: of(({ p99Ms }) => p99Ms) }),
  };
}
