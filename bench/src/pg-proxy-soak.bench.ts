import { figure, type Bench, type Figures } from './bench.ts';
import { pgbench, type Carried } from './pg-proxy/pgbench.ts';
import { protocols, residentKiB } from './pg-proxy/poolers.ts';
import { withPoolers, type Ground } from './pg-proxy/with-poolers.ts';

/** Duration in minutes; 30 for a real soak test. */
const minutes = Number(process.env['BENCH_SOAK_MINUTES'] ?? 2);
/** Transactions per second; 0 is unlimited. A limit leaves CPU for other work, and hours show memory growth as well. */
const startsPerSecond = Number(process.env['BENCH_SOAK_PER_SECOND'] ?? 0);
const pace = startsPerSecond > 0 ? startsPerSecond : 'all possible';
const clients = 500;
const roundSeconds = 20;
const account = '\\set account random(1, 100000)';
const transfer = `${account}
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :account;
SELECT abalance FROM pgbench_accounts WHERE aid = :account;
END;
`;

/**
 * A soak test: hundreds of clients that connect, read or write, and disconnect; none may fail, and memory must not grow.
 */
export const bench: Bench = {
  name: 'pg-proxy-soak',
  workload:
    `pgbench through pg-proxy, ${clients} clients, ${pace} transactions/s (BENCH_SOAK_PER_SECOND), ${minutes} minutes (BENCH_SOAK_MINUTES) ` +
    `in rounds of ${roundSeconds} s, selects in all three protocols in turn, and writing transactions in the first two`,
  ledger: 'none',
  seed: 0,
  run: () => withPoolers('pg-proxy-soak', 1, soak),
};

async function soak({ sides, url, database }: Ground): Promise<Figures> {
  const side = sides.find(({ name }) => name === 'pg-proxy');
  if (side?.pid === undefined) return {};
  const carried: Carried[] = [];
  const residentMiB: number[] = [];
  const rounds = Math.max(3, Math.round((minutes * 60) / roundSeconds));
  for (let round = 0; round < rounds; round += 1) {
    const protocol = protocols[round % protocols.length] ?? 'simple';
    // pgbench blocks its thread while it prepares; clients of that thread that hold a backend would then hold it for ever.
    const mayWrite = protocol !== 'prepared';
    const script = mayWrite && Math.floor(round / protocols.length) % 2 === 1 ? { script: transfer } : {};
    const load = { url, database, clients, seconds: roundSeconds, protocol, startsPerSecond, ...script };
    carried.push(await pgbench(side, load));
    residentMiB.push(residentKiB(side.pid) / 1024);
  }
  return {
    'transactions/s': figure(
      carried.map(({ perSecond }) => perSecond),
      'transactions/s',
    ),
    'p99 over mean': figure(
      carried.map(({ p99Ms, latencyMs }) => p99Ms / latencyMs),
      'ratio',
    ),
    'resident memory': figure(residentMiB, 'MiB'),
    'resident memory, second half over first': figure(
      [mean(half(residentMiB, 1)) / mean(half(residentMiB, 0))],
      'ratio',
    ),
  };
}

/** The samples of a half; the first round is a warm-up and belongs to neither. */
function half(samples: readonly number[], which: 0 | 1): readonly number[] {
  const rest = samples.slice(1);
  const middle = rest.length >> 1;
  return which === 0 ? rest.slice(0, middle) : rest.slice(middle);
}

const mean = (samples: readonly number[]): number => samples.reduce((sum, one) => sum + one, 0) / samples.length;
