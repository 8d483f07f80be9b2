import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../terminal/usage-error.ts';

/** The real stack started by `npm run stack -- up`, as seen by the services. */
export interface RealStack {
  /** Additional environment variables of the services. */
  readonly env: Readonly<Record<string, string>>;
  /** Label of the ledger, shown with every number measured on it. */
  readonly ledger: string;
  /** Data folder of the services. */
  readonly dataDir: string;
}

const remedy = 'Start it first with npm run stack -- up, or set MEDREX_STACK_DIR to its folder.';

/** The part of `state.json`, written by `tools/stack`, that is read here. */
const stateFile = z.object({ env: z.record(z.string(), z.string()) });

/** Variables for which a value of the caller takes precedence over that of the stack. */
const addresses = [
  'MEDREX_KAFKA_BROKERS',
  'MEDREX_POSTGRES_URL',
  'MEDREX_TENANT_KEY_FILE',
  'MEDREX_FABRIC_PROFILE',
] as const;

/** Folder of the stack: MEDREX_STACK_DIR, otherwise .stack in the repository. */
export const stackFolder = (): string =>
  resolve(process.env['MEDREX_STACK_DIR'] ?? join(import.meta.dirname, '..', '..', '..', '..', '.stack'));

/** Reads the stack: Kafka as log, Fabric as ledger, PostgreSQL for the stores. @throws UsageError when it is not up or lacks one of them */
export function realStack(folder: string = stackFolder()): RealStack {
  const file = join(folder, 'state.json');
  if (!existsSync(file)) throw new UsageError(`there is no stack in ${folder}`, remedy);
  const { env: found } = stateFile.parse(JSON.parse(readFileSync(file, 'utf8')));
  const development = found['MEDREX_TEST_DEVNET'];
  const isModel = found['MEDREX_FABRIC_PROFILE'] === undefined && development !== undefined;
  const own: Readonly<Record<string, string>> = isModel ? { ...found, MEDREX_FABRIC_PROFILE: development } : found;
  const named = addresses.map((name) => [name, process.env[name] ?? own[name]] as const);
  const missing = named.flatMap(([name, value]) => (value === undefined ? [name] : []));
  if (missing.length > 0) throw new UsageError(`the stack in ${folder} has no ${missing.join(', no ')}`, remedy);
  return {
    env: {
      ...Object.fromEntries(named.map(([name, value]) => [name, value ?? ''])),
      MEDREX_LOG: 'kafka',
      MEDREX_LEDGER: 'fabric',
      MEDREX_STORES: 'postgres',
      // One broker, on this machine.
      MEDREX_KAFKA_DURABILITY: process.env['MEDREX_KAFKA_DURABILITY'] ?? 'one-broker',
      MEDREX_CLUSTER: process.env['MEDREX_CLUSTER'] ?? 'stack',
    },
    ledger: isModel
      ? 'development network, a model of Fabric; no number here is one of a Fabric network'
      : `Fabric, ${process.env['MEDREX_FABRIC_PROFILE'] ?? found['MEDREX_FABRIC_PROFILE']}`,
    dataDir: join(folder, 'services'),
  };
}
