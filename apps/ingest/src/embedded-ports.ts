import { topicDescription } from '@medrex/contracts';
import { EmbeddedEventLog, EmbeddedStatusStore, openEmbeddedVault } from '@medrex/embedded';
import { createTelemetry } from '@medrex/telemetry';
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
  const {
    MEDREX_DATA_DIR: folder,
    MEDREX_CHANNELS: channels,
    MEDREX_OTLP_URL: otlpUrl,
    MEDREX_TRACE_RATIO: traceRatio,
  } = config;
  const telemetry = createTelemetry({ service: 'ingest', otlpUrl, traceRatio });
  const place = { env: config.MEDREX_TENANT_KEY?.reveal(), file: config.MEDREX_TENANT_KEY_FILE };
  const { vault, notice } = await openEmbeddedVault(join(folder, 'vault'), place);
  // The sentence names a file, which log fields cannot: it is for the one who starts this by hand.
  if (notice !== undefined) process.stderr.write(`${notice}\n`);
  const log = new EmbeddedEventLog({
    root: join(folder, 'log'),
    partitions: (topic) => (topicDescription(topic)?.partitionedBy === 'key' ? 1 : channels.length),
  });
  const statuses = new EmbeddedStatusStore({ file: join(folder, 'status', 'status.sqlite') });
  const close = async (): Promise<void> => {
    await log.close();
    await statuses.close();
    await vault.close();
    await telemetry.close();
  };
  return { ports: { log, statuses, vault, telemetry }, close };
}
