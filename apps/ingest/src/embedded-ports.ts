import { topicDescription, topics, type EventLog } from '@medrex/contracts';
import {
  EmbeddedEventLog,
  EmbeddedStatusStore,
  openEmbeddedVault,
  type EmbeddedPatientVault,
  type TenantKeyPlace,
} from '@medrex/embedded';
import { createTelemetry, telemetryOptions } from '@medrex/telemetry';
import { join } from 'node:path';
import type { IngestConfig } from './config.ts';
import type { IngestPorts } from './ports.ts';

/** Ports, and how to close them. */
export interface ClosingPorts {
  readonly ports: IngestPorts;
  close(): Promise<void>;
}

/** The embedded default: event log, status store and vault in files below MEDREX_DATA_DIR. @throws what opening them throws. */
export async function embeddedPorts(config: IngestConfig): Promise<ClosingPorts> {
  const { MEDREX_DATA_DIR: folder, MEDREX_CHANNELS: channels } = config;
  const telemetry = createTelemetry(telemetryOptions('ingest', config));
  const place = { env: config.MEDREX_TENANT_KEY?.reveal(), file: config.MEDREX_TENANT_KEY_FILE };
  const log = new EmbeddedEventLog({
    root: join(folder, 'log'),
    partitions: (topic) => (topicDescription(topic)?.partitionedBy === 'key' ? 1 : channels.length),
  });
  const vault = await openVault(join(folder, 'vault'), place, log, channels.length);
  const statuses = new EmbeddedStatusStore({ file: join(folder, 'status', 'status.sqlite') });
  const close = async (): Promise<void> => {
    await log.close();
    await statuses.close();
    await vault.close();
    await telemetry.close();
  };
  return { ports: { log, statuses, vault, telemetry }, close };
}

/** Operations name patients by the pseudonyms of a vault: where there are some, a new vault would name everybody anew. */
async function openVault(
  folder: string,
  place: TenantKeyPlace,
  log: EventLog,
  partitions: number,
): Promise<EmbeddedPatientVault> {
  try {
    const { vault, notice } = await openEmbeddedVault(folder, place, !(await hasOperations(log, partitions)));
    // The sentence names a file, which log fields cannot: it is for the one who starts this by hand.
    if (notice !== undefined) process.stderr.write(`${notice}\n`);
    return vault;
  } catch (error) {
    await log.close();
    throw error;
  }
}

async function hasOperations(log: EventLog, partitions: number): Promise<boolean> {
  for (let partition = 0; partition < partitions; partition += 1)
    if ((await log.bounds(topics.operations, partition)).end > 0) return true;
  return false;
}
