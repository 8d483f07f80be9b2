import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const root = resolve(import.meta.dirname, '..', '..', '..');
const run = promisify(execFile);
const signals = ['SIGINT', 'SIGTERM'] as const;

/** A separate stack for a benchmark: Fabric with the clinical chaincode, Kafka and PostgreSQL. */
export class BenchNetwork {
  readonly folder: string;
  readonly profile: string;
  readonly fabricVersion: string;
  /** Pids of further processes by name, whose CPU time is included. */
  readonly more = new Map<string, number>();

  private constructor(folder: string, profile: string, fabricVersion: string) {
    this.folder = folder;
    this.profile = profile;
    this.fabricVersion = fabricVersion;
  }

  /**
   * @param bin folder of Fabric's programs; by default those on PATH
   * @throws errors of `npm run stack`, e.g. when Fabric's programs are missing
   */
  static async up(batchTimeout: string, bin?: string): Promise<BenchNetwork> {
    const folder = await mkdtemp(join(tmpdir(), 'medrex-ledger-bench-'));
    // Stop the stack when the benchmark is interrupted.
    for (const signal of signals) process.once(signal, () => void down(folder).finally(() => process.exit(130)));
    try {
      const only = ['--only', 'fabric,kafka,postgres', '--offset', 'auto'];
      const { env } = (await stack(folder, ['up', ...only, '--batch-timeout', batchTimeout], bin)) as {
        env: Readonly<Record<string, string>>;
      };
      const profile = env['MEDREX_FABRIC_PROFILE'] ?? '';
      const { 'x-fabric-version': version = 'unknown' } = JSON.parse(await readFile(profile, 'utf8')) as {
        'x-fabric-version'?: string;
      };
      return new BenchNetwork(folder, profile, version);
    } catch (error) {
      await down(folder);
      throw error;
    }
  }

  /** CPU time so far of each process of the stack, in seconds. */
  async cpuSeconds(): Promise<Readonly<Record<string, number>>> {
    const { processes } = (await stack(this.folder, ['status'])) as {
      processes: readonly { name: string; pid: number }[];
    };
    const all = [...processes.map(({ name, pid }) => [name, pid] as const), ...this.more];
    const entries = all.map(async ([name, pid]) => [name, await cpuOf(pid)] as const);
    return Object.fromEntries(await Promise.all(entries));
  }

  down(): Promise<void> {
    for (const signal of signals) process.removeAllListeners(signal);
    return down(this.folder);
  }
}

/** User and system time of a process, its threads and its child processes (PostgreSQL has one per connection). */
async function cpuOf(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const started = children.split(' ').filter((text) => text !== '');
  const all = await Promise.all([ownCpu(pid), ...started.map((child) => cpuOf(Number(child)))]);
  return all.reduce((sum, seconds) => sum + seconds, 0);
}

/** CPU time from /proc in hundredths of a second, including that of ended children. */
async function ownCpu(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

async function stack(folder: string, args: readonly string[], bin?: string): Promise<unknown> {
  const main = join(root, 'tools', 'stack', 'dist', 'main.js');
  const { stdout } = await run(process.execPath, [main, ...args, '--dir', folder, '--json'], {
    cwd: root,
    maxBuffer: 16 << 20,
    env: { ...process.env, ...(bin !== undefined && { FABRIC_BIN: bin }) },
  });
  return JSON.parse(stdout);
}

async function down(folder: string): Promise<void> {
  await stack(folder, ['down', '--clean']);
  await rm(folder, { recursive: true, force: true });
}
