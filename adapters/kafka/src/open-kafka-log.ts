import type { ObservedPool } from '@medrex/contracts';
import { connectionOf } from './connection-of.ts';
import type { KafkaLine } from './cluster.ts';
import { KafkaEventLog } from './event-log.ts';
import type { kafkaMetrics } from './metrics.ts';
import type { KafkaObserver } from './observer.ts';
import { assertDurable } from './topics/assert-durable.ts';
import type { KafkaConfig } from './variables.ts';

/** A metric of any kind of the process's telemetry. */
interface Handle {
  readonly inc?: (amount?: number) => void;
  readonly set?: (value: number) => void;
  readonly observe?: (value: number) => void;
}

/** The telemetry that is used; `@medrex/telemetry` implements it. All messages below are constants. */
export interface KafkaTelemetry {
  readonly onPool?: (pool: ObservedPool) => void;
  readonly metrics: { readonly [Name in keyof typeof kafkaMetrics]: Handle };
  readonly log: {
    readonly debug: (fields: { readonly kind: string }, sentence: never) => void;
    readonly info: (fields: { readonly topic: string; readonly partitions: number }, sentence: never) => void;
    readonly warn: (
      fields: { readonly topic: string; readonly code?: string } | { readonly error: unknown },
      sentence: never,
    ) => void;
  };
}

/**
 * Opens the log of a process with `MEDREX_LOG=kafka`, once its topics exist and are durable enough.
 * @param process its name, used as client id on the brokers
 * @throws CodedError KAFKA_CONFIG, KAFKA_UNAVAILABLE, KAFKA_WEAK_TOPICS
 */
export async function openKafkaLog(
  config: KafkaConfig,
  process: string,
  telemetry?: KafkaTelemetry,
): Promise<KafkaEventLog> {
  const connection = connectionOf(config, `medrex-${process}`);
  if (connection.http !== undefined) telemetry?.onPool?.(connection.http);
  if (connection.tls !== undefined && telemetry !== undefined) {
    connection.tls.onRefused = (error) =>
      telemetry.log.warn({ error }, 'changed files of TLS cannot be used; those before them stay' as never);
  }
  const observer = telemetry === undefined ? {} : observing(telemetry);
  const settings = { ...connection, ...(observer.onLine !== undefined && { onLine: observer.onLine }) };
  await assertDurable(settings, config.MEDREX_KAFKA_PREFIX, config.MEDREX_KAFKA_DURABILITY);
  return new KafkaEventLog({
    connection: settings,
    observer,
    prefix: config.MEDREX_KAFKA_PREFIX,
    stallMs: config.MEDREX_KAFKA_STALL_MS,
    times: { sessionMs: config.MEDREX_KAFKA_SESSION_MS, rebalanceMs: Math.max(10_000, config.MEDREX_KAFKA_SESSION_MS) },
  });
}

/** Metrics, and a few log lines. Lines of kafkajs have level debug, because it logs many retried errors. */
function observing({ metrics, log }: KafkaTelemetry): KafkaObserver {
  const assigned = new Map<string, number>();
  return {
    onLine: ({ level, namespace }: KafkaLine) =>
      log.debug({ kind: `kafkajs-${namespace.toLowerCase()}-${level}` }, 'kafkajs says something' as never),
    appended: ({ records, bytes, elapsedMs }) => {
      metrics.appendSeconds.observe?.(elapsedMs / 1000);
      metrics.appendedRecords.inc?.(records);
      metrics.appendedBytes.inc?.(bytes);
    },
    appendFailed: ({ topic, failure: code }) => {
      metrics.appendFailures.inc?.();
      log.warn({ topic, code }, 'append failed; the same records go again by a new producer' as never);
    },
    readFailed: ({ topic, failure: code }) => {
      metrics.readFailures.inc?.();
      log.warn({ topic, code }, 'reading failed and continues with a new connection' as never);
    },
    assigned: ({ topic, partitions }) => {
      metrics.assignments.inc?.();
      assigned.set(topic, partitions);
      metrics.assignedPartitions.set?.([...assigned.values()].reduce((sum, one) => sum + one, 0));
      log.info({ topic, partitions }, 'partitions were reassigned' as never);
    },
    stalled: ({ topic }) => {
      metrics.stalls.inc?.();
      log.warn(
        { topic },
        'a partition delivers nothing although it has new records; its reader gets a new connection' as never,
      );
    },
    stalledNow: (partitions) => metrics.stalledPartitions.set?.(partitions),
  };
}
