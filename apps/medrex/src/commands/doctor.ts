import { existsSync } from 'node:fs';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { freemem, tmpdir, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { EmbeddedEventLog, EmbeddedLedger } from '@medrex/embedded';
import { makeDataFolder } from './data-folder.ts';
import { checkLog } from './check-log.ts';
import { checkDatabase, checkVault } from './check-vault.ts';

/** The result of one check, with a remedy if it failed. */
export interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'warning' | 'problem';
  readonly found: string;
  readonly remedy?: string;
}

const mebibytes = 1024 * 1024;
/** Disk space written by a minute of 10,000 operations per second (log, blocks and state). */
const diskWanted = 2048 * mebibytes;

/** Checks everything on this machine that a start needs. */
export async function diagnose(options: {
  readonly dataDir: string;
  readonly port: number;
}): Promise<readonly Finding[]> {
  return [
    node(),
    await embeddedStores(),
    folder(options.dataDir),
    await checkVault(options.dataDir),
    ...(await checkDatabase()),
    ...(await checkLog()),
    await disk(options.dataDir),
    memory(),
    await port(options.port),
    clock(),
  ];
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isEnough = major > 24 || (major === 24 && minor >= 9);
  const found = `Node ${process.versions.node}`;
  if (isEnough) return { check: 'Node.js', verdict: 'ok', found };
  return {
    check: 'Node.js',
    verdict: 'problem',
    found,
    remedy: 'Use Node 24.9 or newer, or run through npm scripts, which bring their own.',
  };
}

/** Writes to a log and opens a ledger in a temporary folder, like a start. */
async function embeddedStores(): Promise<Finding> {
  const check = 'embedded stores';
  const directory = await mkdtemp(join(tmpdir(), 'medrex-doctor-'));
  try {
    const log = new EmbeddedEventLog({ root: join(directory, 'log') });
    const started = performance.now();
    await log.append('doctor', 0, [{ value: Buffer.from('x') }]);
    const tookMs = performance.now() - started;
    await log.close();
    const ledger = await EmbeddedLedger.open({ directory: join(directory, 'ledger'), chaincodes: [] });
    await ledger.close();
    return {
      check,
      verdict: 'ok',
      found: `log and ledger work; the first durable append took ${tookMs.toFixed(0)} ms`,
    };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return {
      check,
      verdict: 'problem',
      found,
      remedy: 'Run npm ci again; the prebuilt parts of classic-level may be missing for this machine.',
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function folder(dataDir: string): Finding {
  const check = 'data folder';
  const found = resolve(dataDir);
  try {
    makeDataFolder(found);
    return { check, verdict: 'ok', found: `${found} can be written` };
  } catch {
    return {
      check,
      verdict: 'problem',
      found: `${found} cannot be written`,
      remedy: 'Choose another folder with --data, or change its owner.',
    };
  }
}

async function disk(dataDir: string): Promise<Finding> {
  const check = 'disk';
  let folder = resolve(dataDir);
  while (!existsSync(folder)) folder = dirname(folder);
  const at = await statfs(folder);
  const free = at.bavail * at.bsize;
  const found = `${Math.floor(free / mebibytes)} MiB free`;
  if (free >= diskWanted) return { check, verdict: 'ok', found };
  return {
    check,
    verdict: 'warning',
    found,
    remedy: 'A minute of full load writes up to 2 GiB; free some space, or choose another folder with --data.',
  };
}

function memory(): Finding {
  const check = 'memory';
  const found = `${Math.floor(freemem() / mebibytes)} of ${Math.floor(totalmem() / mebibytes)} MiB free`;
  if (freemem() > 1024 * mebibytes) return { check, verdict: 'ok', found };
  return { check, verdict: 'warning', found, remedy: 'The services together need up to 1 GiB under full load.' };
}

async function port(number: number): Promise<Finding> {
  const check = 'HTTP port';
  const server = createServer();
  const isFree = await new Promise<boolean>((done) => {
    server.once('error', () => done(false));
    server.listen(number, '127.0.0.1', () => done(true));
  });
  if (isFree) {
    await new Promise((done) => server.close(done));
    return { check, verdict: 'ok', found: `${number} is free` };
  }
  return {
    check,
    verdict: 'warning',
    found: `${number} is taken`,
    remedy: 'Another medrex may be running on it; choose another port with --port.',
  };
}

function clock(): Finding {
  const year = new Date().getUTCFullYear();
  const found = new Date().toISOString();
  if (year >= 2024 && year < 2100) return { check: 'clock', verdict: 'ok', found };
  return {
    check: 'clock',
    verdict: 'problem',
    found,
    remedy: 'Set the clock: it decides which messages are refused as older than the dedupe window.',
  };
}
