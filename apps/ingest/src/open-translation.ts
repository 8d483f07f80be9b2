import { mintId, type IntakeContext, type IntakeContract, type PatientIdentifier } from '@medrex/contracts';
import type { ChannelState } from './channel-state.ts';
import type { IngestConfig } from './config.ts';
import type { IngestPorts } from './ports.ts';
import { loadContracts } from './translation/load-contracts.ts';
import { ContractTranslator, type Translator } from './translation/translator.ts';
import { SizedTranslator, TranslatorPool } from './translation/translator-pool.ts';

export interface OpenedTranslation {
  readonly translator: Translator;
  /** The worker threads for large messages, to be closed by the caller; undefined when all messages are translated on the main thread. */
  readonly pool: TranslatorPool | undefined;
  /** By name; the first one serves messages that name no contract. */
  readonly contracts: ReadonlyMap<string, IntakeContract>;
}

/** Loads the contracts of the configuration, on worker threads too. Contracts given as objects are used on the main thread only. */
export async function openTranslation(
  config: IngestConfig,
  ports: IngestPorts,
  { identityKey, directory }: Pick<ChannelState, 'identityKey' | 'directory'>,
  onUnexpected: (error: unknown) => void,
): Promise<OpenedTranslation> {
  const contracts =
    ports.contracts === undefined ? await loadContracts(config.MEDREX_INTAKE_CONTRACTS) : byName(ports.contracts);
  const context: IntakeContext = {
    mintId: (...parts) => mintId(identityKey, ...parts),
    patient: (identifiers: readonly PatientIdentifier[]) => directory.patient(identifiers),
    knownPatient: (identifiers: readonly PatientIdentifier[]) => directory.knownPatient(identifiers),
    tenant: directory.tenant,
  };
  const operationBytesMax = config.INGEST_OPERATION_BYTES_MAX;
  const translator = new ContractTranslator({ contracts, context, identityKey, operationBytesMax, onUnexpected });
  if (ports.contracts !== undefined || config.INGEST_OFFLOAD_THREADS === 0)
    return { translator, pool: undefined, contracts };
  const setUp = {
    contracts: config.MEDREX_INTAKE_CONTRACTS,
    identifierSystems: config.MEDREX_IDENTIFIER_SYSTEMS,
    identityKey,
    tenantSubjectKey: await ports.vault.tenantSubjectKey(),
    operationBytesMax,
  };
  const pool = new TranslatorPool({ threads: config.INGEST_OFFLOAD_THREADS, setUp, vault: ports.vault, onUnexpected });
  return { translator: new SizedTranslator(translator, pool, config.INGEST_OFFLOAD_BYTES), pool, contracts };
}

function byName(contracts: readonly IntakeContract[]): ReadonlyMap<string, IntakeContract> {
  return new Map(contracts.map((contract) => [contract.name, contract]));
}
