import { z } from 'zod';
import { secretSource } from './auth-config.ts';

/** What the proxy remembers about the statements that it runs. */
export const statistics = z.strictObject({
  isOn: z.boolean().default(true).describe('false: nothing is remembered of statements; some 2 µs each are saved'),
  queriesMax: z.int().min(100).max(100_000).default(2_000).describe('Statements (by fingerprint) that have figures'),
  slowMs: z
    .int()
    .min(0)
    .default(1_000)
    .describe(
      'A statement that takes longer is logged, without literals, once in 10 s, and 50 of all in that time; 0: none',
    ),
  folder: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Folder of this instance alone, where hours (for 13 months) and slow statements (for 30 days) outlive the process; without it they do not',
    ),
});

/** Who read or changed what. */
export const audit = z.strictObject({
  file: z
    .string()
    .min(1)
    .describe(
      'Name of the log: its segments are `<file>.000001` and on, its end is in `<file>.head`; of this instance alone',
    ),
  key: secretSource
    .optional()
    .describe('Seals the end of the log: without it whoever can write both files can shorten them unseen'),
  statements: z
    .enum(['data', 'all'])
    .default('data')
    .describe('data: what names tables, changes the schema or may change something; all: everything that is run'),
  personKeys: z
    .array(z.string().min(1))
    .default(['user', 'person', 'controller_user'])
    .describe('Keys of sqlcommenter that say who sits behind a shared login; the first that is there counts'),
  whenFull: z
    .enum(['refuse', 'drop'])
    .default('refuse')
    .describe(
      'While it cannot be written (disk full): refuse: no new transaction gets a backend (53100); drop: statements run, and the log says how many are missing',
    ),
  flushMs: z
    .int()
    .min(1)
    .max(60_000)
    .default(100)
    .describe('Entries are on the disk after so long; a crash loses what came since'),
  segmentBytes: z
    .int()
    .min(10_000)
    .default(67_108_864)
    .describe('A segment that is longer is sealed, and another one begun'),
  bufferBytes: z
    .int()
    .min(10_000)
    .default(8_388_608)
    .describe('Entries that wait for the disk; beyond, they are dropped and counted, whatever whenFull says'),
});
