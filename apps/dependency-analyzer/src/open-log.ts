import { join } from 'node:path';
import type { EventLog } from '@medrex/contracts';
import { EmbeddedEventLog } from '@medrex/embedded';
import { poolObserver, type Telemetry } from '@medrex/telemetry';
import type { AnalyzerConfig } from './config.ts';

/** The event log that MEDREX_LOG names. @throws CodedError of the adapter, when its topics are not there or promise too little */
export async function openLog(config: AnalyzerConfig, { log, metrics }: Telemetry): Promise<EventLog> {
  if (config.MEDREX_LOG === 'kafka') {
    const { kafkaMetrics, openKafkaLog } = await import('@medrex/kafka');
    const onPool = poolObserver(metrics);
    return openKafkaLog(config, 'dependency-analyzer', { log, metrics: metrics.define(kafkaMetrics), onPool });
  }
  return new EmbeddedEventLog({ root: join(config.MEDREX_DATA_DIR, 'log') });
}
