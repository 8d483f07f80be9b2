import { dedupeWindowMs, topicDescription, topics } from '@medrex/contracts';
import { kafkaVariables } from '@medrex/kafka/variables';
import { Secret } from '@medrex/privacy';
import { telemetryVariables } from '@medrex/telemetry';
import { z } from 'zod';
import { postgresIsConfigured, storesVariables } from './stores-variables.ts';

const count = z.coerce.number().int().positive();
const milliseconds = z.coerce.number().int().positive();
const list = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  )
  .refine((parts) => parts.length > 0, 'names nothing');

/** The variables by name; `docs/reference/configuration.md` is generated from them. */
export const ingestVariables = z.object({
  MEDREX_DATA_DIR: z.string().min(1).default('.medrex').describe('Folder of the embedded log, status store and vault'),
  MEDREX_CHANNELS: list
    .prefault('ehr')
    .describe(
      'Channels, comma-separated; the position of a channel in the list is its partition in every internal topic',
    ),
  MEDREX_CHANNEL: z
    .string()
    .min(1)
    .optional()
    .describe('Channel that this process serves; by default the first of MEDREX_CHANNELS'),
  MEDREX_INTAKE_CONTRACTS: list
    .prefault('@medrex/clinical#clinicalIntake')
    .describe(
      'Intake halves of contracts, comma-separated, each as module#export; the first serves messages that name no contract',
    ),
  MEDREX_IDENTIFIER_SYSTEMS: list
    .prefault('*')
    .describe(
      'Identifier systems that identify patients, comma-separated, the preferred first; * stands for all others',
    ),
  MEDREX_TENANT_KEY: z
    .string()
    .min(1)
    .transform((text) => new Secret(text))
    .optional()
    .describe(
      'Tenant keys of the vault, each 32 bytes in hex or base64, newest first; without this and MEDREX_TENANT_KEY_FILE a key file is created',
    ),
  MEDREX_TENANT_KEY_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('File with the tenant keys, instead of MEDREX_TENANT_KEY'),
  MEDREX_CHAINCODE: z
    .string()
    .min(1)
    .default('medrex')
    .describe('Name of the chaincode that runs executeBatch; calls of per-transaction mode may not name it'),
  MEDREX_CALL_KEY: z
    .string()
    .min(1)
    .transform((text) => new Secret(text))
    .optional()
    .describe(
      'Secret of per-transaction mode, 32 bytes in hex or base64; must equal that of orderer-dag and never change. Without this and MEDREX_CALL_KEY_FILE a key file is created in the data folder',
    ),
  MEDREX_CALL_KEY_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('File with the secret of per-transaction mode, instead of MEDREX_CALL_KEY'),
  MEDREX_CALL_TEMPLATES: z
    .string()
    .min(1)
    .optional()
    .describe(
      'JSON file of key templates: the keys that calls of each chaincode function touch, e.g. {"basic":{"transferAsset":[{"key":"{0}","mode":"readWrite"}]}}',
    ),
  MEDREX_CLUSTER: z
    .string()
    .min(1)
    .default('embedded')
    .describe('Name of the event log of the intake topics; it becomes part of the derived ids of messages without one'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Listen address; loopback by default'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(9472).describe('Listen port; 0 picks a free one'),
  ...storesVariables,
  ...kafkaVariables,
  ...telemetryVariables,
  INGEST_INTAKE: z.stringbool().default(true).describe('Whether the intake topics are read'),
  INGEST_RECEIPT_PARTITIONS: count
    .optional()
    .describe(
      'Partitions of the receipts topic; by default 12 on Kafka, as created by `medrex topics`, and 1 on the embedded log',
    ),
  // The largest Bundle of a Synthea patient is below 10 MiB.
  INGEST_REQUEST_BYTES_MAX: count.default(32 * 1024 * 1024).describe('Maximum bytes of one request'),
  // About a second of work, and an answer of 3 MiB.
  INGEST_LINES_MAX: count.default(10_000).describe('Maximum lines of one batch'),
  // A quarter of what AbsoluteMaxBytes leaves on a channel with default settings.
  INGEST_OPERATION_BYTES_MAX: count
    .default(2 * 1024 * 1024)
    .describe('Maximum source bytes of one operation, and of one line'),
  // Beyond it throughput gains less than 5 %.
  INGEST_ADVISED_LINES: count.default(500).describe('Lines per batch that senders are advised to send'),
  // Parsing and sealing more than this blocks the event loop for over 10 ms.
  INGEST_OFFLOAD_BYTES: count
    .default(256 * 1024)
    .describe('Messages of at least this many bytes are translated on a worker thread'),
  INGEST_OFFLOAD_THREADS: z.coerce
    .number()
    .int()
    .min(0)
    .max(16)
    .default(1)
    .describe('Number of worker threads; 0 translates everything on the main thread'),
  // Half of what a take-over of orderer-dag rebuilds in 5 s.
  INGEST_LIVE_MAX: count
    .default(50_000)
    .describe('Live operations from which no more are accepted; lower classes are shed earlier'),
  // Two seconds of full load while the log stands still.
  INGEST_QUEUE_MAX: count.default(20_000).describe('Maximum operations waiting to be appended'),
  INGEST_QUEUE_BYTES_MAX: count
    .default(256 * 1024 * 1024)
    .describe('Maximum bytes of operations waiting to be appended'),
  // Eight requests of the largest size, or thousands of batches of the advised size.
  INGEST_REQUESTS_BYTES_MAX: count.default(256 * 1024 * 1024).describe('Maximum bytes of all requests in progress'),
  // About 0.3 kB each; older names are looked up in the status store.
  INGEST_KNOWN_MAX: count.default(100_000).describe('Maximum names of accepted operations kept in memory'),
  INGEST_DEDUPE_WINDOW_MS: milliseconds
    .default(dedupeWindowMs)
    .describe(
      'Dedupe window: a message older than this by its own time is refused, since repeats can no longer be recognised',
    ),
  // A message that passed the age check is in the log within seconds; a suspended process may take longer.
  INGEST_PRUNE_MARGIN_MS: milliseconds
    .default(24 * 3_600_000)
    .describe('Time beyond the dedupe window for which the ledger keeps operation records'),
  INGEST_PRUNE_EVERY_MS: milliseconds
    .default(3_600_000)
    .describe('Interval at which expired operation records are deleted'),
  // Senders rarely have shorter timeouts.
  INGEST_APPEND_WAIT_MS: milliseconds
    .default(10_000)
    .describe('Time that a request waits for the operations log before it is answered 503'),
  INGEST_OUTCOME_WAIT_MS: milliseconds
    .default(30_000)
    .describe('Time that a FHIR request waits for its outcome before it is answered 202'),
  INGEST_ROOM_WAIT_MS: milliseconds
    .default(10_000)
    .describe('Time that orders (CPOE) wait at the live limit before they are answered 503'),
  INGEST_LISTENERS_MAX: count.default(200).describe('Maximum open streams of outcomes'),
  INGEST_STOP_GRACE_MS: milliseconds.default(10_000).describe('Time that a stop waits for requests in flight'),
});

/** The environment of ingest; `docs/reference/configuration.md` is generated from it. */
export const ingestConfig = ingestVariables
  .transform((values) => ({ ...values, MEDREX_CHANNEL: values.MEDREX_CHANNEL ?? values.MEDREX_CHANNELS[0] ?? 'ehr' }))
  .refine((values) => values.MEDREX_CHANNELS.includes(values.MEDREX_CHANNEL), {
    path: ['MEDREX_CHANNEL'],
    message: 'must be one of MEDREX_CHANNELS',
  })
  .refine(...postgresIsConfigured);

/** The parsed environment. */
export type IngestConfig = z.infer<typeof ingestConfig>;

/** Number of partitions of the receipts topic; receipts are partitioned by source. */
export function receiptPartitions({ INGEST_RECEIPT_PARTITIONS: given, MEDREX_LOG }: IngestConfig): number {
  return given ?? (MEDREX_LOG === 'kafka' ? (topicDescription(topics.receipts)?.partitions ?? 1) : 1);
}

/** The partition of this process's channel in every internal topic. */
export function channelPartition({ MEDREX_CHANNELS, MEDREX_CHANNEL }: IngestConfig): number {
  return MEDREX_CHANNELS.indexOf(MEDREX_CHANNEL);
}
