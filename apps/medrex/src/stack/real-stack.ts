import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../terminal/usage-error.ts';

/** The real stack that `npm run stack -- up` left running, as services find it. */
export interface RealStack {
  /** More of the services' environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What the ledger is, wherever a number of it is shown. */
  readonly ledger: string;
  /** The services' own folder. */
  readonly dataDir: string;
}

const remedy = 'Bring it up first: npm run stack -- up. Another folder is named by MEDREX_STACK_DIR.';

/** What of `state.json` is read here; `tools/stack` writes it. */
const stateFile = z.object({ env: z.record(z.string(), z.string()) });

/** Variables that a person may have set otherwise; theirs win over the stack's. */
const addresses = [
  'MEDREX_KAFKA_BROKERS',
  'MEDREX_POSTGRES_URL',
  'MEDREX_TENANT_KEY_FILE',
  'MEDREX_FABRIC_PROFILE',
] as const;

/** Folder of the stack: MEDREX_STACK_DIR, else .stack in the repository. */
export const stackFolder = (): string =>
  resolve(process.env['MEDREX_STACK_DIR'] ?? join(import.meta.dirname, '..', '..', '..', '..', '.stack'));

/** Kafka as the log, Fabric as the ledger, PostgreSQL as the stores. @throws UsageError when the stack is not up, or without one of them */
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
