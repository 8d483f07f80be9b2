import { join } from 'node:path';
import type { EventLog } from '@medrex/contracts';
import { EmbeddedEventLog } from '@medrex/embedded';
import { poolObserver, type Telemetry } from '@medrex/telemetry';
import type { OrdererConfig } from './config.ts';

/** Opens the event log chosen by MEDREX_LOG. @throws CodedError of the adapter, when topics are missing or not durable enough */
export async function openLog(config: OrdererConfig, { log, metrics }: Telemetry): Promise<EventLog> {
  if (config.MEDREX_LOG === 'kafka') {
    const { kafkaMetrics, openKafkaLog } = await import('@medrex/kafka');
    const onPool = poolObserver(metrics);
    return openKafkaLog(config, 'orderer-dag', { log, metrics: metrics.define(kafkaMetrics), onPool });
  }
  const channels = config.MEDREX_CHANNELS.length;
  return new EmbeddedEventLog({ root: join(config.MEDREX_DATA_DIR, 'log'), partitions: () => channels });
}
