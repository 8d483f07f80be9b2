import { z } from 'zod';
import { secretSource } from './auth-config.ts';

/** What the proxy remembers about the statements that it runs. */
export const statistics = z.strictObject({
  isOn: z.boolean().default(true).describe('false: keeps no figures of statements, which saves some 2 µs each'),
  queriesMax: z
    .int()
    .min(100)
    .max(100_000)
    .default(2_000)
    .describe('Maximum number of statements (by fingerprint) that have figures'),
  slowMs: z
    .int()
    .min(0)
    .default(1_000)
    .describe(
      'Statements that take longer are logged, without literals: each once in 10 s, and at most 50 in that time; 0: none',
    ),
  folder: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Folder, used by this instance only, that keeps hours (for 13 months) and slow statements (for 30 days) beyond the end of the process',
    ),
});

/** Who read or changed what. */
export const audit = z.strictObject({
  file: z
    .string()
    .min(1)
    .describe(
      'Name of the log, used by this instance only: its segments are `<file>.000001` and so on, its end is in `<file>.head`',
    ),
  key: secretSource
    .optional()
    .describe('Key that seals the end of the log; without it, whoever can write both files can shorten them unseen'),
  statements: z
    .enum(['data', 'all'])
    .default('data')
    .describe('data: statements that name tables, change the schema or may change something; all: every statement'),
  personKeys: z
    .array(z.string().min(1))
    .default(['user', 'person', 'controller_user'])
    .describe('sqlcommenter keys that name the person behind a shared login; the first one present counts'),
  whenFull: z
    .enum(['refuse', 'drop'])
    .default('refuse')
    .describe(
      'While the log cannot be written (disk full), refuse: no new transaction gets a backend (53100); drop: statements run, and the log later says how many entries are missing',
    ),
  flushMs: z
    .int()
    .min(1)
    .max(60_000)
    .default(100)
    .describe('Entries are on disk after this long; a crash loses at most those of this time'),
  segmentBytes: z
    .int()
    .min(10_000)
    .default(67_108_864)
    .describe('Size at which a segment is sealed and the next one begun'),
  bufferBytes: z
    .int()
    .min(10_000)
    .default(8_388_608)
    .describe('Size of the entries that may wait for the disk; more are dropped and counted, whatever whenFull says'),
});
