import { irisVersions, isKnownIris } from '@medrex/sql';
import { z } from 'zod';
import { milliseconds } from './durations.ts';

const file = z.string().min(1);

/** What an upstream of kind `iris` has in addition to host and port. */
export const irisUpstream = z.strictObject({
  version: z
    .string()
    .refine(isKnownIris, `a version from ${irisVersions.oldest} on, such as 2025.1.2`)
    .describe(
      `Version of IRIS, such as 2025.1.2; the SQL sent depends on it. ${irisVersions.oldest} or newer; versions above ${irisVersions.newest} are treated as ${irisVersions.newest}`,
    ),
  schemas: z
    .record(z.string(), z.string().min(1))
    .default({ public: 'SQLUser' })
    .describe('IRIS schemas by the names that clients see; clients see no others'),
  licence: z
    .strictObject({
      connections: z
        .int()
        .min(1)
        .default(24)
        .describe(
          'Maximum number of connections of one user at once, of all instances that share them: the 26th from one address makes each of them cost a licence unit, and one is left for cancels',
        ),
      sharedBy: z
        .int()
        .min(1)
        .max(64)
        .default(1)
        .describe(
          'Number of instances that share these connections because they connect from one address: each has its part; with cache.redis they lend each other what they do not need',
        ),
    })
    .prefault({})
    .describe('What the IRIS licence allows'),
  jars: z
    .array(file)
    .min(1)
    .describe("Files of InterSystems' JDBC driver, which comes with IRIS, and its dependencies"),
  java: file.optional().describe('`java` of a JDK, version 17 or newer; the one on the PATH when absent'),
  heapMb: z.int().min(64).default(256).describe('Heap of the Java process, in MiB'),
  url: z
    .string()
    .startsWith('jdbc:')
    .default('jdbc:IRIS://{host}:{port}/{database}')
    .describe("The driver's URL; {database} is the namespace"),
  properties: z.record(z.string(), z.string()).default({}).describe('Connection properties of the driver; no secrets'),
  hazards: z
    .enum(['notice', 'refuse', 'ignore'])
    .default('notice')
    .describe(
      "What to do with statements that this version may answer wrongly, according to InterSystems' alerts. notice: a WARNING",
    ),
  keepNullOrder: z
    .boolean()
    .default(true)
    .describe(
      'Sorts NULLs, and texts that look like numbers, as PostgreSQL does. false: indexes can serve ORDER BY, and both come first in ascending order',
    ),
  skipped: z
    .array(z.string())
    .default([])
    .describe(
      'Kinds of statements that succeed without being run, by their names in the grammar, such as CreatePolicyStmt',
    ),
  normalised: z
    .array(z.string())
    .default([])
    .describe('Columns of unit vectors, as schema.table.column, for which `<->` orders like `<=>`'),
  lockTimeoutMs: milliseconds
    .default(10_000)
    .describe(
      'How long IRIS waits for a lock by default: LockTimeout in its configuration. Restored after a lock_timeout or NOWAIT',
    ),
  tablesMs: z
    .int()
    .positive()
    .default(60_000)
    .describe('How often definitions of tables are read again; changes through this proxy are seen at once'),
});

export type IrisUpstreamConfig = z.infer<typeof irisUpstream>;
