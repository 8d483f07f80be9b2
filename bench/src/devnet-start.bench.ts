import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { figure, type Bench, type Figures } from './bench.ts';
import { freePort } from './free-port.ts';

const runs = 5;
const root = resolve(import.meta.dirname, '..', '..');
const medrex = join(root, 'apps', 'medrex', 'bin', 'medrex.js');
const chaincode = join(root, 'apps', 'chaincode', 'bin', 'medrex-chaincode.js');

/** Start time for a developer: each in a new process, until it reports that it is ready. */
export const bench: Bench = {
  name: 'devnet-start',
  workload: `medrex devnet --chaincode and apps/chaincode, ${runs} new processes each, until their line "ready"`,
  ledger: 'devnet',
  seed: 0,
  async run(): Promise<Figures> {
    const address = `127.0.0.1:${await freePort()}`;
    const env = { CHAINCODE_ID: 'basic', CHAINCODE_SERVER_ADDRESS: address };
    const devnet = [medrex, 'devnet', '--port', '0', '--chaincode', address];
    const kept = mkdtempSync(join(tmpdir(), 'medrex-devnet-start-'));
    const chaincodes = await samples(() => start([chaincode], env));
    const served = await start([chaincode], env);
    try {
      const first = await samples(() => start(devnet));
      const again = await samples(() => start([...devnet, '--data', kept]));
      await served.stop();
      return {
        'devnet, new, chaincode there': figure(first, 'ms'),
        'devnet, in a folder that is kept, chaincode there': figure(again.slice(1), 'ms'),
        'devnet, new, chaincode not there': figure(await samples(() => start(devnet)), 'ms'),
        'chaincode server': figure(chaincodes, 'ms'),
      };
    } finally {
      await served.stop();
      rmSync(kept, { recursive: true, force: true });
    }
  },
};

interface Started {
  readonly readyMs: number;
  stop(): Promise<void>;
}

async function samples(begin: () => Promise<Started>): Promise<number[]> {
  const all: number[] = [];
  for (let at = 0; at < runs; at++) {
    const started = await begin();
    all.push(started.readyMs);
    await started.stop();
  }
  return all;
}

/** Starts a program and waits for its first output. */
async function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Started> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(child, 'exit');
  const failed = exited.then(() => {
    throw new Error(`${args.join(' ')} ended before it was ready`);
  });
  failed.catch(() => undefined);
  await Promise.race([once(child.stdout, 'data'), failed]);
  const readyMs = performance.now() - startedMs;
  return {
    readyMs,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
