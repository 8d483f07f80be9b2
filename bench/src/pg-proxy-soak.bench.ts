import { figure, type Bench, type Figures } from './bench.ts';
import { pgbench, type Carried } from './pg-proxy/pgbench.ts';
import { protocols, residentKiB } from './pg-proxy/poolers.ts';
import { withPoolers, type Ground } from './pg-proxy/with-poolers.ts';

/** 30 for the real thing. */
const minutes = Number(process.env['BENCH_SOAK_MINUTES'] ?? 2);
const clients = 500;
const roundSeconds = 20;

/** Hours in small: hundreds of clients that come, work in all three protocols and go; memory must stay where it was. */
export const bench: Bench = {
  name: 'pg-proxy-soak',
  workload: `pgbench -S through pg-proxy, ${clients} clients, ${minutes} minutes in rounds of ${roundSeconds} s, protocols in turn (BENCH_SOAK_MINUTES)`,
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
    carried.push(await pgbench(side, { url, database, clients, seconds: roundSeconds, protocol }));
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

/** The first round is a start and belongs to neither. */
function half(samples: readonly number[], which: 0 | 1): readonly number[] {
  const rest = samples.slice(1);
  const middle = rest.length >> 1;
  return which === 0 ? rest.slice(0, middle) : rest.slice(middle);
}

const mean = (samples: readonly number[]): number => samples.reduce((sum, one) => sum + one, 0) / samples.length;
