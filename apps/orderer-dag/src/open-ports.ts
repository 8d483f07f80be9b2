import { join } from 'node:path';
import { CodedError } from '@medrex/coded-error';
import type { EventLog } from '@medrex/contracts';
import { EmbeddedLedger, openCallSecret } from '@medrex/embedded';
import { batchChaincode, type Contract } from '@medrex/execute-batch';
import {
  networkLatencies,
  noLatencies,
  type BlockCutterLimits,
  type BlockStream,
  type Chaincode,
  type Ledger,
} from '@medrex/ledger';
import type { Telemetry } from '@medrex/telemetry';
import type { OrdererConfig } from './config.ts';
import { ordererErrors } from './errors.ts';
import { openLog } from './open-log.ts';
import type { OrdererMetrics } from './telemetry-observer.ts';

/** The ledger of each channel. */
export interface OpenedLedgers {
  /** By channel. */
  readonly ledgers: ReadonlyMap<string, Ledger & BlockStream>;
  /** True for the model of Fabric in this process, which offers the model gateway. */
  readonly isModel: boolean;
  /** Block cutting limits of each channel, as far as known. */
  readonly cutters?: ReadonlyMap<string, Partial<BlockCutterLimits>>;
  close(): Promise<void>;
}

/** Ports of orderer-dag: the log, and the ledger of each channel. */
export interface OrdererPorts extends OpenedLedgers {
  readonly log: EventLog;
  /** Secret of per-transaction mode, 32 bytes; without it the mode is off. */
  readonly callSecret?: Uint8Array;
}

/** Opens the event log chosen by MEDREX_LOG and the ledger chosen by MEDREX_LEDGER; by default both are files below MEDREX_DATA_DIR, for one process at a time. */
export async function openPorts(
  config: OrdererConfig,
  telemetry: Telemetry,
  metrics: OrdererMetrics,
): Promise<OrdererPorts> {
  const callSecret = openCallSecret(config.MEDREX_DATA_DIR, {
    env: config.MEDREX_CALL_KEY?.reveal(),
    file: config.MEDREX_CALL_KEY_FILE,
  });
  const log = await openLog(config, telemetry);
  const opened = await openLedgers(config, telemetry, metrics);
  const close = async (): Promise<void> => {
    await log.close();
    await opened.close();
  };
  return { ...opened, log, callSecret, close };
}

/** Opens the ledgers. The Fabric client is loaded only when it is used. */
async function openLedgers(
  config: OrdererConfig,
  telemetry: Telemetry,
  metrics: OrdererMetrics,
): Promise<OpenedLedgers> {
  if (config.MEDREX_LEDGER !== 'fabric') return embeddedLedgers(config);
  const { fabricLedgers } = await import('./fabric-ledgers.ts');
  return fabricLedgers(config, telemetry, metrics);
}

async function embeddedLedgers(config: OrdererConfig): Promise<OpenedLedgers> {
  const contracts = await Promise.all(config.MEDREX_CONTRACTS.map(contractOf));
  const plain = await Promise.all(config.MEDREX_PLAIN_CHAINCODES.map(plainChaincodeOf));
  const ledgers = new Map<string, EmbeddedLedger>();
  for (const channel of config.MEDREX_CHANNELS) {
    ledgers.set(channel, await openLedger(config, channel, contracts, plain));
  }
  const close = async (): Promise<void> => {
    for (const ledger of ledgers.values()) await ledger.close();
  };
  return { ledgers, isModel: true, close };
}

function openLedger(
  config: OrdererConfig,
  channel: string,
  contracts: readonly Contract[],
  plain: readonly Chaincode[],
): Promise<EmbeddedLedger> {
  const { MEDREX_CHAINCODE: name, MEDREX_CHAINCODE_VERSION: version } = config;
  return EmbeddedLedger.open({
    directory: join(config.MEDREX_DATA_DIR, 'ledger', channel),
    channel,
    chaincodes: [batchChaincode({ name, version, contracts }), ...plain],
    cutter: { batchTimeoutMs: config.LEDGER_BATCH_TIMEOUT_MS, maxMessageCount: config.LEDGER_MAX_MESSAGE_COUNT },
    latencies: config.LEDGER_LATENCIES === 'network' ? networkLatencies : noLatencies,
  });
}

/** Loads `module#export`. @throws CodedError CONTRACT_MODULE */
async function contractOf(name: string): Promise<Contract> {
  const contract = await exportOf('MEDREX_CONTRACTS', name);
  if (!isContract(contract)) throw wrong('MEDREX_CONTRACTS', name, 'is not a contract');
  return contract;
}

/** Loads a foreign chaincode given as `module#export`. @throws CodedError CONTRACT_MODULE */
async function plainChaincodeOf(name: string): Promise<Chaincode> {
  const exported = await exportOf('MEDREX_PLAIN_CHAINCODES', name);
  const chaincode: unknown = typeof exported === 'function' ? (exported as () => unknown)() : exported;
  if (!isChaincode(chaincode)) throw wrong('MEDREX_PLAIN_CHAINCODES', name, 'is not a chaincode');
  return chaincode;
}

async function exportOf(variable: string, name: string): Promise<unknown> {
  const [module = '', exported = ''] = name.split('#', 2);
  try {
    return ((await import(module)) as Readonly<Record<string, unknown>>)[exported];
  } catch (cause) {
    throw wrong(variable, name, 'cannot be loaded', cause);
  }
}

const wrong = (variable: string, name: string, why: string, cause?: unknown): CodedError =>
  new CodedError(ordererErrors.CONTRACT_MODULE, `${variable}: ${name} ${why}`, { cause });

function isContract(value: unknown): value is Contract {
  if (typeof value !== 'object' || value === null) return false;
  const { name, templateVersions, apply } = value as Partial<Record<keyof Contract, unknown>>;
  return typeof name === 'string' && Array.isArray(templateVersions) && typeof apply === 'function';
}

function isChaincode(value: unknown): value is Chaincode {
  if (typeof value !== 'object' || value === null) return false;
  const { name, version, invoke } = value as Partial<Record<keyof Chaincode, unknown>>;
  return typeof name === 'string' && typeof version === 'string' && typeof invoke === 'function';
}
