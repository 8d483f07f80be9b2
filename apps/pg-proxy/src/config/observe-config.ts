import { z } from 'zod';

/** What the proxy remembers of what it runs. */
export const statistics = z.strictObject({
  isOn: z.boolean().default(true).describe('false: nothing is remembered of statements; some 2 µs each are saved'),
  queriesMax: z.int().min(100).max(100_000).default(2_000).describe('Statements (by fingerprint) that have figures'),
  slowMs: z
    .int()
    .min(0)
    .default(1_000)
    .describe('A statement that takes longer is logged, without literals, once in 10 s; 0: none'),
  folder: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Folder of this instance alone, where hours (for 13 months) and slow statements (for 30 days) outlive the process; without it they do not',
    ),
});
