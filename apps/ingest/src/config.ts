import { dedupeWindowMs, topicDescription, topics } from '@medrex/contracts';
import { kafkaVariables } from '@medrex/kafka/variables';
import { Secret } from '@medrex/privacy';
import { telemetryVariables } from '@medrex/telemetry';
import { z } from 'zod';
import { storesAreNamed, storesVariables } from './stores-variables.ts';

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
    .describe('Channels, comma-separated; the place of a channel in the list is its partition of every internal topic'),
  MEDREX_CHANNEL: z
    .string()
    .min(1)
    .optional()
    .describe('Channel that this process serves; the first of the list when absent'),
  MEDREX_INTAKE_CONTRACTS: list
    .prefault('@medrex/clinical#clinicalIntake')
    .describe(
      'Intake halves of contracts, comma-separated, each as module#export; the first is for messages that name none',
    ),
  MEDREX_IDENTIFIER_SYSTEMS: list
    .prefault('*')
    .describe('Identifier systems that name patients, comma-separated, the best first; * stands for every other'),
  MEDREX_TENANT_KEY: z
    .string()
    .min(1)
    .transform((text) => new Secret(text))
    .optional()
    .describe('Tenant key of the vault, 32 bytes in hex or base64, newest first; a file is made when neither is given'),
  MEDREX_TENANT_KEY_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('File that holds the tenant key, in place of MEDREX_TENANT_KEY'),
  MEDREX_CHAINCODE: z
    .string()
    .min(1)
    .default('medrex')
    .describe('Name of the chaincode that runs executeBatch: no call of per-transaction mode may name it'),
  MEDREX_CALL_KEY: z
    .string()
    .min(1)
    .transform((text) => new Secret(text))
    .optional()
    .describe(
      "Secret of per-transaction mode, 32 bytes in hex or base64, the same as orderer-dag's and never changed; a file of the data folder is made when neither is given",
    ),
  MEDREX_CALL_KEY_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('File that holds the secret of per-transaction mode, in place of MEDREX_CALL_KEY'),
  MEDREX_CALL_TEMPLATES: z
    .string()
    .min(1)
    .optional()
    .describe(
      'JSON file that names, for functions of chaincodes, the keys that a call touches, e.g. {"basic":{"transferAsset":[{"key":"{0}","mode":"readWrite"}]}}',
    ),
  MEDREX_CLUSTER: z
    .string()
    .min(1)
    .default('embedded')
    .describe('Name of the event log that the intake topics are in: part of the names of messages without an id'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Address to listen at; loopback unless set'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(9472).describe('Port to listen at; 0 for any free one'),
  ...storesVariables,
  ...kafkaVariables,
  ...telemetryVariables,
  INGEST_INTAKE: z.stringbool().default(true).describe('Whether the intake topics are read'),
  INGEST_RECEIPT_PARTITIONS: count
    .optional()
    .describe(
      'Partitions of the receipts topic; when absent 12 on Kafka, as medrex topics apply makes it, and 1 on the embedded log',
    ),
  // The largest Bundle of a Synthea patient is below 10 MiB.
  INGEST_REQUEST_BYTES_MAX: count.default(32 * 1024 * 1024).describe('Bytes of one request'),
  // About a second of work, and an answer of 3 MiB.
  INGEST_LINES_MAX: count.default(10_000).describe('Lines of one batch'),
  // A quarter of what AbsoluteMaxBytes leaves on a channel with default settings.
  INGEST_OPERATION_BYTES_MAX: count.default(2 * 1024 * 1024).describe('Source bytes of one operation, and of one line'),
  // Beyond it throughput gains less than 5 %.
  INGEST_ADVISED_LINES: count.default(500).describe('Lines of a batch that senders are advised to send'),
  // Parsing and sealing more than this holds up the process for over 10 ms.
  INGEST_OFFLOAD_BYTES: count
    .default(256 * 1024)
    .describe('Messages of this size or more are translated on another thread'),
  INGEST_OFFLOAD_THREADS: z.coerce
    .number()
    .int()
    .min(0)
    .max(16)
    .default(1)
    .describe('Such threads; 0 translates everything in the main one'),
  // Half of the span that a take-over of orderer-dag rebuilds in 5 s.
  INGEST_LIVE_MAX: count
    .default(50_000)
    .describe('Live operations at which nothing more is taken; lower classes stop earlier'),
  // Two seconds of full load while the log stands still.
  INGEST_QUEUE_MAX: count.default(20_000).describe('Operations that may wait to be appended'),
  INGEST_QUEUE_BYTES_MAX: count.default(256 * 1024 * 1024).describe('Bytes of operations that may wait to be appended'),
  // Eight requests of the largest size, or thousands of batches of the advised size.
  INGEST_REQUESTS_BYTES_MAX: count
    .default(256 * 1024 * 1024)
    .describe('Bytes of all requests that are being read and answered at one time'),
  // About 0.3 kB each; the rest is asked of the status store.
  INGEST_KNOWN_MAX: count.default(100_000).describe('Names of accepted operations kept in memory'),
  INGEST_DEDUPE_WINDOW_MS: milliseconds
    .default(dedupeWindowMs)
    .describe('A message older than this by its own time is refused: its repeat could not be recognised'),
  // A message that was looked at stands in the log within seconds; a stopped process may take longer.
  INGEST_PRUNE_MARGIN_MS: milliseconds
    .default(24 * 3_600_000)
    .describe('How much longer than the dedupe window the ledger keeps operation records'),
  INGEST_PRUNE_EVERY_MS: milliseconds
    .default(3_600_000)
    .describe('Time between two looks for operation records that are old enough to be deleted'),
  // The time-outs of senders are rarely shorter.
  INGEST_APPEND_WAIT_MS: milliseconds
    .default(10_000)
    .describe('Longest time a request waits for the operations log, then 503'),
  INGEST_OUTCOME_WAIT_MS: milliseconds
    .default(30_000)
    .describe('Longest time a FHIR request waits for its outcome, then 202'),
  INGEST_ROOM_WAIT_MS: milliseconds
    .default(10_000)
    .describe('Longest time a request with orders (CPOE) waits at the live limit, then 503 for those without room'),
  INGEST_LISTENERS_MAX: count.default(200).describe('Open streams of outcomes'),
  INGEST_STOP_GRACE_MS: milliseconds.default(10_000).describe('Longest time that a stop waits for what is in flight'),
});

/** The environment of ingest; `docs/reference/configuration.md` is generated from it. */
export const ingestConfig = ingestVariables
  .transform((values) => ({ ...values, MEDREX_CHANNEL: values.MEDREX_CHANNEL ?? values.MEDREX_CHANNELS[0] ?? 'ehr' }))
  .refine((values) => values.MEDREX_CHANNELS.includes(values.MEDREX_CHANNEL), {
    path: ['MEDREX_CHANNEL'],
    message: 'is none of MEDREX_CHANNELS',
  })
  .refine(...storesAreNamed);

/** The parsed environment. */
export type IngestConfig = z.infer<typeof ingestConfig>;

/** Partitions that receipts are spread over, by their source. */
export function receiptPartitions({ INGEST_RECEIPT_PARTITIONS: given, MEDREX_LOG }: IngestConfig): number {
  return given ?? (MEDREX_LOG === 'kafka' ? (topicDescription(topics.receipts)?.partitions ?? 1) : 1);
}

/** The partition of this process's channel in every internal topic. */
export function channelPartition({ MEDREX_CHANNELS, MEDREX_CHANNEL }: IngestConfig): number {
  return MEDREX_CHANNELS.indexOf(MEDREX_CHANNEL);
}
