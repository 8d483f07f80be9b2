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
      `Of that IRIS, such as 2025.1.2; what is sent there depends on it. From ${irisVersions.oldest} on; one newer than ${irisVersions.newest} is taken for that`,
    ),
  schemas: z
    .record(z.string(), z.string().min(1))
    .default({ public: 'SQLUser' })
    .describe("Schemas of IRIS by PostgreSQL's names; clients see these, and no other"),
  licence: z
    .strictObject({
      connections: z
        .int()
        .min(1)
        .default(24)
        .describe(
          'Connections of one user at once, of all instances that share them: the 26th from one address makes each of them cost a licence unit, and one is for cancels',
        ),
      sharedBy: z
        .int()
        .min(1)
        .max(64)
        .default(1)
        .describe(
          'Instances that share those connections, because they connect from one address: each has its part of them; with cache.redis they lend each other what they do not need',
        ),
    })
    .prefault({})
    .describe('What the licence of that IRIS allows'),
  jars: z.array(file).min(1).describe("Files of InterSystems' JDBC driver, which comes with IRIS, and what it needs"),
  java: file.optional().describe('`java` of a JDK from 17 on; the one on the PATH when absent'),
  heapMb: z.int().min(64).default(256).describe('Memory of the Java process'),
  url: z
    .string()
    .startsWith('jdbc:')
    .default('jdbc:IRIS://{host}:{port}/{database}')
    .describe('How the driver calls it; the database is a namespace'),
  properties: z
    .record(z.string(), z.string())
    .default({})
    .describe("Properties of the driver's connections; no secrets"),
  hazards: z
    .enum(['notice', 'refuse', 'ignore'])
    .default('notice')
    .describe('Statements that this version may answer wrongly, by what InterSystems has published'),
  keepNullOrder: z
    .boolean()
    .default(true)
    .describe(
      'NULLs, and texts that are numbers, sort as in PostgreSQL; false lets indexes serve ORDER BY, and both come first upwards',
    ),
  skipped: z
    .array(z.string())
    .default([])
    .describe('Statements that succeed without being done, by their kind in the grammar, such as CreatePolicyStmt'),
  normalised: z
    .array(z.string())
    .default([])
    .describe('Columns of unit vectors, as schema.table.column: there `<->` orders as `<=>` does'),
  lockTimeoutMs: milliseconds
    .default(10_000)
    .describe(
      'How long a process of that IRIS waits for a lock where nobody says more: LockTimeout in its configuration. To this it goes back behind a lock_timeout or NOWAIT',
    ),
  tablesMs: z
    .int()
    .positive()
    .default(60_000)
    .describe('After this long the tables are looked at again; what this proxy changes itself is seen at once'),
});

export type IrisUpstreamConfig = z.infer<typeof irisUpstream>;
