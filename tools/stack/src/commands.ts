import { rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Configuration, movedPorts, readConfiguration } from './configuration.ts';
import type { Context, PartName, UpOptions } from './context.ts';
import { deployOn } from './fabric/fabric.ts';
import { freeOffset } from './free-offset.ts';
import { lockFolder } from './lock.ts';
import { foldersOutside } from './parts/postgres.ts';
import { Processes } from './processes/processes.ts';
import { StateFile } from './state.ts';
import { bringUp } from './up.ts';

const root = resolve(import.meta.dirname, '..', '..', '..');

export interface CommonFlags {
  readonly dir: string;
  readonly json: boolean;
}

export interface UpFlags extends CommonFlags {
  readonly only?: readonly PartName[];
  readonly ledger?: UpOptions['ledger'];
  readonly batchTimeout?: string;
  readonly blockSize?: string;
  readonly orgs?: string;
  readonly peers?: string;
  readonly mutualTls?: boolean;
  readonly stateDb?: UpOptions['stateDatabase'];
  readonly chaincode?: string;
  readonly offset?: number | 'auto';
}

export interface DownFlags extends CommonFlags {
  readonly clean: boolean;
}

export interface DeployFlags extends CommonFlags {
  readonly name: string;
  readonly address: string;
  readonly version: string;
  readonly policy?: string;
  readonly sequence?: number;
  readonly metaInf?: string;
}

export async function up(flags: UpFlags): Promise<void> {
  await withLock(flags, async (file, signal) => {
    const context = await contextOf(flags, file, signal);
    await bringUp(context, flags.only ?? partsOf(context.options.ledger));
    if (flags.json)
      console.log(JSON.stringify({ folder: flags.dir, env: file.state.env, processes: file.state.processes }));
    else context.say(`The stack is up. Its variables: npm run stack -- env. To stop it: npm run stack -- down`);
  });
}

export async function down(flags: DownFlags): Promise<void> {
  await withLock(flags, async (file) => {
    const processes = new Processes(file, join(flags.dir, 'logs'));
    const stopped: string[] = [];
    for (const name of [...processes.names()].reverse()) {
      if (!(await processes.stop(name))) continue;
      stopped.push(name);
      if (!flags.json) console.log(`${name}: stopped`);
    }
    file.state.env = {};
    if (Object.keys(file.state.options).length > 0) file.save();
    if (flags.clean)
      for (const folder of [flags.dir, ...foldersOutside(flags.dir)]) rmSync(folder, { recursive: true, force: true });
    if (flags.json) console.log(JSON.stringify({ stopped, isClean: flags.clean }));
    else if (stopped.length === 0) console.log('Nothing was running.');
  });
}

/** Prints shell assignments. */
export function env(flags: CommonFlags): void {
  const { state } = new StateFile(flags.dir);
  if (flags.json) console.log(JSON.stringify(state.env));
  else
    for (const [name, value] of Object.entries(state.env))
      console.log(`export ${name}='${value.replaceAll("'", `'\\''`)}'`);
}

export async function deploy(flags: DeployFlags): Promise<void> {
  await withLock(flags, async (file, signal) => {
    const { name, version, address, policy, sequence, metaInf } = flags;
    const definition = {
      name,
      version,
      address,
      ...(policy !== undefined && { policy }),
      ...(sequence !== undefined && { sequence }),
      ...(metaInf !== undefined && { directory: resolve(metaInf) }),
    };
    const deployed = await deployOn(await contextOf(flags, file, signal), definition);
    if (flags.json) console.log(JSON.stringify(deployed));
    else console.log(`${name}: sequence ${deployed.sequence}, package id ${deployed.packageId}`);
  });
}

/** Runs the work with the lock of this stack; Ctrl-C and SIGTERM abort it. */
async function withLock(
  { dir }: CommonFlags,
  work: (file: StateFile, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt).on('SIGHUP', interrupt);
  const unlock = lockFolder(dir);
  try {
    await work(new StateFile(dir), interruption.signal);
  } finally {
    unlock();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt).off('SIGHUP', interrupt);
  }
}

const partsOf = (ledger: UpOptions['ledger']): readonly PartName[] => [
  ...(ledger === 'devnet' ? [] : (['fabric'] as const)),
  'kafka',
  'redis',
  'postgres',
  ...(ledger === 'fabric' ? [] : (['devnet'] as const)),
];

async function contextOf(
  flags: Partial<UpFlags> & CommonFlags,
  file: StateFile,
  signal: AbortSignal,
): Promise<Context> {
  const configuration = readConfiguration(root);
  const options = await optionsOf(flags, file, configuration);
  return {
    root,
    folder: flags.dir,
    cache: join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'medrex-stack'),
    configuration: { ...configuration, block: blockOf(configuration.block, options.blockSize) },
    ports: movedPorts(configuration.ports, options.offset),
    options,
    processes: new Processes(file, join(flags.dir, 'logs')),
    file,
    signal,
    say: (line) => void (flags.json ? process.stderr : process.stdout).write(`${line}\n`),
  };
}

function blockOf(block: Configuration['block'], size: string): Configuration['block'] {
  if (size === '') return block;
  const [messages = '', preferredBytesMax = '', absoluteBytesMax = ''] = size.split(',');
  return { ...block, messagesMax: Number(messages), preferredBytesMax, absoluteBytesMax };
}

/** The options: from the flags, otherwise from the last `up`, otherwise the default. */
async function optionsOf(flags: Partial<UpFlags>, file: StateFile, configuration: Configuration): Promise<UpOptions> {
  const before = file.state.options;
  const options: UpOptions = {
    ledger: flags.ledger ?? before.ledger ?? 'fabric',
    batchTimeout: flags.batchTimeout ?? before.batchTimeout ?? configuration.block.batchTimeout,
    blockSize: flags.blockSize ?? before.blockSize ?? '',
    organizations: flags.orgs === undefined ? (before.organizations ?? 1) : Number(flags.orgs),
    peers: flags.peers === undefined ? (before.peers ?? 1) : Number(flags.peers),
    isTlsMutual: flags.mutualTls ?? before.isTlsMutual ?? false,
    stateDatabase: flags.stateDb ?? before.stateDatabase ?? 'goleveldb',
    chaincode: flags.chaincode ?? before.chaincode ?? 'default',
    offset: await offsetOf(flags.offset, before.offset, configuration),
  };
  file.state.options = options;
  return options;
}

/** `auto` keeps the offset of an existing stack, and finds a free one for a new stack. */
async function offsetOf(
  asked: UpFlags['offset'],
  before: number | undefined,
  { ports }: Configuration,
): Promise<number> {
  return asked === 'auto' ? (before ?? (await freeOffset(ports))) : (asked ?? before ?? 0);
}
