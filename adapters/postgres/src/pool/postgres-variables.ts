import { z } from 'zod';
import { addressText, isLoopback, parseAddress, type PostgresAddress } from './address.ts';
import { AuthorityFile } from './authority-file.ts';
import type { PostgresPoolOptions } from './postgres-pool.ts';
import { readSecret } from './read-secret.ts';

export type { PostgresPoolOptions };

const count = z.coerce.number().int().positive();
const unlessEmpty = <T extends z.ZodType>(schema: T) =>
  z.preprocess((text) => (text === '' ? undefined : text), schema);

const address = z.string().transform((text, context): PostgresAddress => {
  try {
    return parseAddress(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'is no URL' });
    return z.NEVER;
  }
});

/** The environment of a process that keeps something in PostgreSQL; part of its configuration. */
export const postgresVariables = {
  MEDREX_POSTGRES_URL: unlessEmpty(address.optional()).describe(
    'postgres://user@host:port/database; put the password into one of the next two variables',
  ),
  // A function does not print what it holds.
  MEDREX_POSTGRES_PASSWORD: unlessEmpty(
    z
      .string()
      .transform((text) => (): string => text)
      .optional(),
  ).describe('Password of that user'),
  MEDREX_POSTGRES_PASSWORD_FILE: unlessEmpty(z.string().optional()).describe(
    'File with the password, instead of MEDREX_POSTGRES_PASSWORD; read for each new connection',
  ),
  MEDREX_POSTGRES_TLS: unlessEmpty(z.enum(['auto', 'verify', 'off']).default('auto')).describe(
    'verify: TLS, with name and certificate of the server verified; off: no TLS; auto: verify unless the host is a loopback address',
  ),
  MEDREX_POSTGRES_CA_FILE: unlessEmpty(z.string().optional()).describe(
    'Certificate authority of the server (PEM), read for each new connection; default: the system’s authorities',
  ),
  MEDREX_POSTGRES_SCHEMA: unlessEmpty(
    z
      .string()
      .regex(/^[a-z_][a-z0-9_]{0,47}$/, 'must be lower-case letters, digits and _')
      .default('medrex'),
  ).describe('Schema of the tables; created if it does not exist and the user has the right'),
  // Two dozen ingest instances together stay below the 100 of a standard PostgreSQL.
  MEDREX_POSTGRES_CONNECTIONS_MAX: count
    .min(2)
    .default(4)
    .describe('Maximum number of connections of one process, for vault and statuses together'),
  // Every open request looks up a patient once: beyond this the database is too slow, and waiting makes it no faster.
  MEDREX_POSTGRES_WAITING_MAX: count
    .default(1_000)
    .describe('Maximum number of calls that wait for a connection; further calls are refused'),
  MEDREX_POSTGRES_CONNECT_TIMEOUT_MS: count.default(5_000).describe('Maximum time that a call waits for a connection'),
  MEDREX_POSTGRES_STATEMENT_TIMEOUT_MS: count.default(10_000).describe('Maximum time of one statement'),
} as const;

type Variables = z.infer<z.ZodObject<typeof postgresVariables>>;

/** What a pool takes, from a process's configuration; undefined when it names no database. @throws CodedError POSTGRES_SECRET_UNREADABLE. */
export function postgresPoolOptions(config: Variables): PostgresPoolOptions | undefined {
  const place = config.MEDREX_POSTGRES_URL;
  if (place === undefined) return undefined;
  const file = config.MEDREX_POSTGRES_PASSWORD_FILE;
  const caFile = config.MEDREX_POSTGRES_CA_FILE;
  const isEncrypted =
    config.MEDREX_POSTGRES_TLS === 'auto' ? !isLoopback(place) : config.MEDREX_POSTGRES_TLS === 'verify';
  return {
    address: place,
    shownAs: addressText(place),
    password:
      config.MEDREX_POSTGRES_PASSWORD ?? (file === undefined ? place.password : (): string => readSecret(file).trim()),
    tls: isEncrypted ? { authority: caFile === undefined ? undefined : new AuthorityFile(caFile) } : undefined,
    connectionsMax: config.MEDREX_POSTGRES_CONNECTIONS_MAX,
    waitingMax: config.MEDREX_POSTGRES_WAITING_MAX,
    connectTimeoutMs: config.MEDREX_POSTGRES_CONNECT_TIMEOUT_MS,
    statementTimeoutMs: config.MEDREX_POSTGRES_STATEMENT_TIMEOUT_MS,
  };
}
