import { kafkaVariables } from '@medrex/kafka/variables';
import { telemetryVariables } from '@medrex/telemetry';
import { z } from 'zod';

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

/** The environment of dependency-analyzer; `docs/reference/configuration.md` is generated from it. */
export const analyzerConfig = z.object({
  MEDREX_DATA_DIR: z.string().min(1).default('.medrex').describe('Folder of the embedded log'),
  MEDREX_CHANNELS: list
    .refine((channels) => channels.length > 0, 'must name at least one channel')
    .prefault('ehr')
    .describe('Channels, comma-separated; the position of a channel in the list is its partition in every topic'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Listen address of metrics and health'),
  PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(9471)
    .describe('Port of metrics and health; 0 picks a free one'),
  ...kafkaVariables,
  ...telemetryVariables,
  // A writer behind 100,000 readers has 100,000 edges; all are counted even when not listed.
  ANALYZER_EDGES_MAX: z.coerce
    .number()
    .int()
    .positive()
    .default(32)
    .describe('Maximum number of edges listed per operation'),
  // Twice the limit of orderer-dag, so that the analyzer never pauses first.
  ANALYZER_LIVE_OPERATIONS: z.coerce
    .number()
    .int()
    .positive()
    .default(100_000)
    .describe('Number of live operations above which reading the log pauses'),
});

/** The parsed environment. */
export type AnalyzerConfig = z.infer<typeof analyzerConfig>;
