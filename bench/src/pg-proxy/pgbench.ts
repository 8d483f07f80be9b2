import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cpuMicroseconds, loginOf, type Protocol, type Side } from './poolers.ts';

const run = promisify(execFile);

/** The result of one run of pgbench. */
export interface Carried {
  readonly perSecond: number;
  readonly latencyMs: number;
  readonly p99Ms: number;
  /** CPU time of the pooler per transaction, in microseconds. */
  readonly cpuMicroseconds: number;
}

export interface PgbenchOptions {
  readonly url: URL;
  readonly database: string;
  readonly clients: number;
  readonly seconds: number;
  readonly protocol: Protocol;
  /** Whether to connect over TLS. */
  readonly isEncrypted?: boolean;
  /** Whether to open a connection per transaction. */
  readonly connects?: boolean;
  /** Script of a transaction; a select by primary key by default. */
  readonly script?: string;
  /** Transactions started per second; 0 is unlimited. */
  readonly startsPerSecond?: number;
}

/** Runs selects by primary key (`pgbench -S`) or a script through one side. @throws Error when a client failed */
export async function pgbench(side: Side, options: PgbenchOptions): Promise<Carried> {
  const { url, database, clients, seconds, protocol, connects = false, script, startsPerSecond = 0 } = options;
  const sslMode = options.isEncrypted === true ? 'require' : 'disable';
  const before = cpuMicroseconds(side.pid);
  const folder = mkdtempSync(join(tmpdir(), 'medrex-pgbench-'));
  const scriptFile = join(folder, 'script.sql');
  if (script !== undefined) writeFileSync(scriptFile, script);
  const args = [
    '-n',
    ...(script === undefined ? ['-S'] : ['-f', scriptFile]),
    '-M',
    protocol,
    '-c',
    String(clients),
    '-j',
    '2',
    '-T',
    String(seconds),
    ...(startsPerSecond > 0 ? ['-R', String(startsPerSecond)] : []),
  ];
  // Logs the latency of one in twenty transactions, or of every other one when there are fewer.
  const sampled = script === undefined && startsPerSecond === 0 ? '0.05' : '0.5';
  const log = connects ? ['-C'] : ['--log', '--log-prefix', join(folder, 'log'), '--sampling-rate', sampled];
  try {
    const { stdout } = await run('pgbench', [...args, ...log, database], {
      env: environmentOf(url, side.port, sslMode),
    });
    const used = cpuMicroseconds(side.pid) - before;
    const transactions = numberIn(stdout, /actually processed: (\d+)/);
    if (transactions === 0)
      throw new Error(`pgbench carried no transaction in ${seconds} s: the machine has no time for it`);
    return {
      perSecond: numberIn(stdout, /tps = ([\d.]+)/),
      latencyMs: numberIn(stdout, /latency average = ([\d.]+) ms/),
      p99Ms: percentile(latenciesIn(folder), 0.99),
      cpuMicroseconds: used / transactions,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface PacedOptions {
  readonly url: URL;
  readonly database: string;
  readonly clients: number;
  readonly seconds: number;
  /** Transactions started per second, independently of earlier ones (open loop). */
  readonly perSecond: number;
}

/** Additional time for pgbench to connect and to end, in ms. */
const graceMs = 60_000;

/** Latencies in ms of selects by primary key at a steady rate, from their due times. @throws Error when pgbench does not end */
export async function paced(
  side: Side,
  { url, database, clients, seconds, perSecond }: PacedOptions,
): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'medrex-pgbench-'));
  const args = ['-n', '-S', '-c', String(clients), '-j', '2', '-T', String(seconds), '-R', String(perSecond)];
  try {
    await run('pgbench', [...args, '--log', '--log-prefix', join(folder, 'log'), database], {
      env: environmentOf(url, side.port),
      timeout: seconds * 1_000 + graceMs,
    });
    const latencies = latenciesIn(folder);
    // No transaction has ended, so the latency is at least the whole duration.
    return latencies.length === 0 ? [seconds * 1_000] : latencies;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Clients that repeat a statement until `stop`. */
export function flood(
  side: Side,
  { url, database, clients }: Pick<PacedOptions, 'url' | 'database' | 'clients'>,
  statement: string,
): { stop(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'medrex-pgbench-'));
  const file = join(folder, 'flood.sql');
  writeFileSync(file, `${statement};\n`);
  const child = spawn('pgbench', ['-n', '-f', file, '-c', String(clients), '-j', '1', '-T', '600', database], {
    env: environmentOf(url, side.port),
    stdio: 'ignore',
  });
  const ended = new Promise((exit) => child.once('exit', exit));
  return {
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

/** The logged latencies, in ms. */
function latenciesIn(folder: string): number[] {
  const lines = readdirSync(folder)
    .filter((file) => file.startsWith('log'))
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').trim().split('\n'));
  return lines.filter((line) => line !== '').map((line) => Number(line.split(' ')[2]) / 1_000);
}

/** The percentile of sorted samples; 0 without samples. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** A temporary database with pgbench's tables, until `drop`. */
export async function pgbenchDatabase(url: URL, scale: number): Promise<{ name: string; drop(): Promise<void> }> {
  const name = `medrex_bench_${process.pid}`;
  const env = environmentOf(url, Number(url.port === '' ? 5432 : url.port));
  const psql = (statement: string) => run('psql', ['-qX', '-d', 'postgres', '-c', statement], { env });
  await psql(`create database ${name}`);
  await run('pgbench', ['-i', '-q', '-s', String(scale), name], { env });
  return {
    name,
    drop: async () => {
      await psql(`drop database ${name} with (force)`);
    },
  };
}

function environmentOf(url: URL, port: number, sslMode = 'disable'): NodeJS.ProcessEnv {
  const { user, password } = loginOf(url);
  return {
    ...process.env,
    PGHOST: url.hostname,
    PGPORT: String(port),
    PGSSLMODE: sslMode,
    PGUSER: user,
    PGPASSWORD: password,
  };
}

function numberIn(text: string, form: RegExp): number {
  const found = form.exec(text)?.[1];
  if (found === undefined) throw new Error(`pgbench said something else than it does: ${text}`);
  return Number(found);
}
