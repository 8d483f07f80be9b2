import { postgresVariables } from '@medrex/postgres/variables';
import { z } from 'zod';

/** Variables of the status store and the vault, for ingest and for tools that open the vault. */
export const storesVariables = {
  MEDREX_STORES: z
    .enum(['embedded', 'postgres'])
    .default('embedded')
    .describe(
      'Location of status store and vault: files below MEDREX_DATA_DIR, or a PostgreSQL database that several instances share',
    ),
  ...postgresVariables,
} as const;

type Variables = Pick<z.infer<z.ZodObject<typeof storesVariables>>, 'MEDREX_STORES' | 'MEDREX_POSTGRES_URL'>;

/** Arguments of zod's `refine` for a configuration with these variables. */
export const postgresIsConfigured: [(values: Variables) => boolean, { path: string[]; message: string }] = [
  (values) => values.MEDREX_STORES === 'embedded' || values.MEDREX_POSTGRES_URL !== undefined,
  { path: ['MEDREX_POSTGRES_URL'], message: 'is required with MEDREX_STORES=postgres' },
];
