import { topics, type EventLog } from '@medrex/contracts';
import { openCallSecret } from '@medrex/embedded';
import { createTelemetry, telemetryOptions, type Telemetry } from '@medrex/telemetry';
import type { IngestConfig } from './config.ts';
import { openLog } from './open-log.ts';
import type { IngestPorts } from './ports.ts';
import { openStores, type OpenedStores } from './stores.ts';

/** Ports, and how to close them. */
export interface ClosingPorts {
  readonly ports: IngestPorts;
  close(): Promise<void>;
}

/** Opens the event log chosen by MEDREX_LOG, and the status store and vault chosen by MEDREX_STORES; by default files below MEDREX_DATA_DIR. @throws their errors */
export async function embeddedPorts(config: IngestConfig): Promise<ClosingPorts> {
  const telemetry = createTelemetry(telemetryOptions('ingest', config));
  const callSecret = openCallSecret(config.MEDREX_DATA_DIR, {
    env: config.MEDREX_CALL_KEY?.reveal(),
    file: config.MEDREX_CALL_KEY_FILE,
  });
  const log = await openLog(config, telemetry);
  const stores = await openBeside(log, config, telemetry);
  const { statuses, vault } = stores;
  const close = async (): Promise<void> => {
    await log.close();
    await stores.close();
    await telemetry.close();
  };
  return { ports: { log, statuses, vault, telemetry, callSecret }, close };
}

/** Refuses to create a vault when operations exist: they use pseudonyms of the old vault, and a new one would assign others. */
async function openBeside(log: EventLog, config: IngestConfig, telemetry: Telemetry): Promise<OpenedStores> {
  try {
    const mayMakeVault = !(await hasOperations(log, config.MEDREX_CHANNELS.length));
    return await openStores(config, telemetry, mayMakeVault);
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
