import { figure, type Bench, type Figure, type Figures } from './bench.ts';
import { percentile } from './pg-proxy/pgbench.ts';
import { loginOf, residentKiB, type Side } from './pg-proxy/poolers.ts';
import { withPoolers, type Ground } from './pg-proxy/with-poolers.ts';
import { askOnce, wireLogin, type LoggedIn } from './pg-proxy/wire-login.ts';

const runs = Number(process.env['BENCH_RUNS'] ?? 3);
const logins = 500;
const idle = Number(process.env['BENCH_CLIENTS'] ?? 2_000);
/** Concurrent logins. */
const atOnce = 20;

/** The memory of an idle client, and the login time with a warm pool. */
export const bench: Bench = {
  name: 'pg-proxy-clients',
  workload: `${logins} logins by SCRAM one after the other with the client's keys known (first byte to ReadyForQuery), ${runs} rounds; with TLS and without; resident memory for each of ${idle} clients that are logged in, have asked once and are idle`,
  ledger: 'none',
  seed: 0,
  run: () => withPoolers('pg-proxy-clients', 1, clientsOf, { withTls: true }),
};

async function clientsOf({ sides, url, database, takesTls }: Ground): Promise<Figures> {
  const figures: Record<string, Figure> = {};
  for (const side of sides) {
    const login = { port: side.port, database, ...loginOf(url) };
    Object.assign(figures, await measured(side, side.name, () => wireLogin(login)));
    if (!takesTls || side.pid === undefined) continue;
    const open = (): Promise<LoggedIn> => wireLogin({ ...login, isEncrypted: true });
    Object.assign(figures, await measured(side, `${side.name} over TLS`, open));
  }
  return figures;
}

async function measured(side: Side, name: string, open: () => Promise<LoggedIn>): Promise<Figures> {
  const figures: Record<string, Figure> = {};
  const [p50, p99]: [number[], number[]] = [[], []];
  // The first round is a warm-up and does not count.
  for (let round = 0; round <= runs; round += 1) {
    const taken = await timesOf(open);
    if (round === 0) continue;
    p50.push(percentile(taken, 0.5));
    p99.push(percentile(taken, 0.99));
  }
  figures[`login p50, ${name}`] = figure(p50, 'ms');
  figures[`login p99, ${name}`] = figure(p99, 'ms');
  // PostgreSQL itself does not accept thousands of connections.
  if (side.pid !== undefined) figures[`idle client, ${name}`] = figure([await memoryOfIdle(side.pid, open)], 'KiB');
  return figures;
}

async function timesOf(open: () => Promise<LoggedIn>): Promise<number[]> {
  const taken: number[] = [];
  for (let login = 0; login < logins; login += 1) {
    const { socket, ms } = await open();
    taken.push(ms);
    await new Promise<void>((closed) => socket.once('close', () => closed()).destroy());
  }
  return taken;
}

async function memoryOfIdle(pid: number, open: () => Promise<LoggedIn>): Promise<number> {
  const before = residentKiB(pid);
  const clients: LoggedIn[] = [];
  while (clients.length < idle) {
    const some = await Promise.all(Array.from({ length: atOnce }, open));
    for (const client of some) await askOnce(client);
    clients.push(...some);
  }
  const grown = residentKiB(pid) - before;
  for (const { socket } of clients) socket.destroy();
  return grown / clients.length;
}
