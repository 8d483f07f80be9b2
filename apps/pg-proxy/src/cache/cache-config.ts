import { z } from 'zod';
import { milliseconds } from '../config/durations.ts';
import { secretSource } from '../config/auth-config.ts';

const names = z.array(z.string().min(1).max(127)).min(1);

const rule = z.strictObject({
  databases: names.optional().describe('Only in these databases; in all when absent'),
  users: names.optional().describe('Only for these users; for all when absent'),
  tables: names
    .optional()
    .describe('Only answers read from nothing but these tables, `schema.table` or `table`; from any when absent'),
  fingerprints: names.optional().describe('Only statements with these fingerprints; all when absent'),
  ttlMs: milliseconds.optional().describe('Instead of cache.ttlMs'),
});

const redis = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address of Redis'),
  port: z.int().min(1).max(65_535).default(6379).describe('Port of Redis'),
  tls: z.boolean().default(false).describe('Connects over TLS, and checks name and certificate'),
  ca: z.string().min(1).optional().describe("File with the trusted authorities, PEM; the system's when absent"),
  user: z.string().min(1).optional().describe('User in its access control list; the default user when absent'),
  password: secretSource.optional().describe("That user's password"),
  prefix: z
    .string()
    .min(1)
    .max(63)
    .default('medrex:cache')
    .describe('Prefix of all keys; the same for all instances with the same databases'),
  answers: z
    .boolean()
    .default(false)
    .describe('Keeps answers from tables in Redis, too, unencrypted; otherwise Redis only carries what has changed'),
  connectionsMax: z.int().positive().default(2).describe('Connections for calls; one more listens'),
  callsMax: z.int().positive().default(256).describe('Maximum number of calls that one connection carries at once'),
  waitingMax: z
    .int()
    .positive()
    .default(1_000)
    .describe('Maximum number of calls that may wait for their turn; more are refused'),
  connectTimeoutMs: milliseconds.default(2_000).describe('Longest time to connect'),
  callTimeoutMs: milliseconds.default(250).describe('Longest time for one call'),
});

/** The part of the configuration that says which answers are cached. */
export const cacheConfig = z.strictObject({
  rules: z
    .array(rule)
    .default([])
    .describe('Which answers to SELECT are kept: those that match everything in one of the rules; none without a rule'),
  metadata: z
    .boolean()
    .default(false)
    .describe('Keeps answers about definitions, from pg_catalog and information_schema'),
  bytesMax: z.int().positive().default(67_108_864).describe('Maximum memory for answers from tables'),
  metadataBytesMax: z.int().positive().default(16_777_216).describe('Maximum memory for answers from the catalogue'),
  entryBytesMax: z.int().positive().default(262_144).describe('Larger answers are not kept'),
  ttlMs: milliseconds.default(300_000).describe('How long an answer may be shown'),
  hitRatioMin: z
    .number()
    .min(0)
    .max(1)
    .default(0.7)
    .describe('Below this share of hits, a cache costs more than it saves and is turned off for cache.offMs'),
  windowLookups: z.int().positive().default(1_000).describe('Number of lookups over which that share is measured'),
  offMs: milliseconds.default(60_000).describe('How long a cache stays off before it is tried again'),
  pollMs: milliseconds
    .default(5_000)
    .describe('How often the proxy checks whether somebody else has defined, changed or dropped something'),
  redis: redis
    .optional()
    .describe(
      'Redis, by which several instances in front of the same databases tell each other of changes; an instance without it is alone',
    ),
  channel: z
    .string()
    .min(1)
    .max(63)
    .default('medrex_cache')
    .describe(
      'Channel on which NOTIFY says what somebody else has changed: `schema.table`, `ddl`, or empty for everything',
    ),
});

export type CacheConfig = z.infer<typeof cacheConfig>;
