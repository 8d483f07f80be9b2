import { z } from 'zod';
import { milliseconds } from '../config/durations.ts';
import { secretSource } from '../config/auth-config.ts';

const names = z.array(z.string().min(1).max(127)).min(1);

const rule = z.strictObject({
  databases: names.optional().describe('Of these databases; of all when absent'),
  users: names.optional().describe('Asked by these users; by all when absent'),
  tables: names.optional().describe('Read from these tables alone, `schema.table` or `table`; from any when absent'),
  fingerprints: names.optional().describe('Statements with these fingerprints; all when absent'),
  ttlMs: milliseconds.optional().describe('In place of cache.ttlMs'),
});

const redis = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address of Redis'),
  port: z.int().min(1).max(65_535).default(6379).describe('Port of Redis'),
  tls: z.boolean().default(false).describe('Over TLS, with its name and certificate checked'),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe('File of the authorities that are trusted, PEM; those of the system when absent'),
  user: z.string().min(1).optional().describe('User of its access control list; its default user when absent'),
  password: secretSource.optional().describe('The secret of that user'),
  prefix: z
    .string()
    .min(1)
    .max(63)
    .default('medrex:cache')
    .describe('What keys begin with; instances with the same databases have the same'),
  answers: z
    .boolean()
    .default(false)
    .describe('Answers from tables lie in Redis, too, as they are; otherwise it carries only what has changed'),
  connectionsMax: z.int().positive().default(2).describe('Connections to it; one more listens'),
  callsMax: z.int().positive().default(256).describe('Calls that one connection carries at once'),
  waitingMax: z.int().positive().default(1_000).describe('Calls that may wait for their turn; more are refused'),
  connectTimeoutMs: milliseconds.default(2_000).describe('Longest time to connect'),
  callTimeoutMs: milliseconds.default(250).describe('Longest time of one call'),
});

/** The part of the configuration that says which answers are cached. */
export const cacheConfig = z.strictObject({
  rules: z
    .array(rule)
    .default([])
    .describe('Answers of SELECT that are kept: those that one of the rules fits as a whole; none without a rule'),
  metadata: z
    .boolean()
    .default(false)
    .describe('Keep answers about what is defined, from pg_catalog and information_schema'),
  bytesMax: z.int().positive().default(67_108_864).describe('What answers from tables may take together'),
  metadataBytesMax: z
    .int()
    .positive()
    .default(16_777_216)
    .describe('What answers from the catalogue may take together'),
  entryBytesMax: z.int().positive().default(262_144).describe('An answer that is larger is not kept'),
  ttlMs: milliseconds.default(300_000).describe('No answer is shown for longer'),
  hitRatioMin: z
    .number()
    .min(0)
    .max(1)
    .default(0.7)
    .describe('Below this share of hits a cache costs more than it saves, and is switched off for cache.offMs'),
  windowLookups: z.int().positive().default(1_000).describe('Lookups that are judged together'),
  offMs: milliseconds.default(60_000).describe('How long a cache stays off before it is tried again'),
  pollMs: milliseconds
    .default(5_000)
    .describe('How often it is looked whether somebody else has defined, changed or dropped something'),
  redis: redis
    .optional()
    .describe('What several instances before the same databases tell each other by; each is alone without it'),
  channel: z
    .string()
    .min(1)
    .max(63)
    .default('medrex_cache')
    .describe(
      'NOTIFY on this channel says what somebody else has changed: `schema.table`, `ddl`, or nothing for everything',
    ),
});

export type CacheConfig = z.infer<typeof cacheConfig>;
