import { postgresVariables } from '@medrex/postgres/variables';
import { z } from 'zod';

/** Where status store and vault are: part of the configuration of ingest, and of the tools that open the vault. */
export const storesVariables = {
  MEDREX_STORES: z
    .enum(['embedded', 'postgres'])
    .default('embedded')
    .describe(
      'Where status store and vault are: files below MEDREX_DATA_DIR, or a PostgreSQL that several instances share',
    ),
  ...postgresVariables,
} as const;

type Variables = Pick<z.infer<z.ZodObject<typeof storesVariables>>, 'MEDREX_STORES' | 'MEDREX_POSTGRES_URL'>;

/** A check of the whole configuration, as `refine` takes it. */
export const storesAreNamed: [(values: Variables) => boolean, { path: string[]; message: string }] = [
  (values) => values.MEDREX_STORES === 'embedded' || values.MEDREX_POSTGRES_URL !== undefined,
  { path: ['MEDREX_POSTGRES_URL'], message: 'is needed with MEDREX_STORES=postgres' },
];
