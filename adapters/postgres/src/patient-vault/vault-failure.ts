import { isCodedError, type CodedError } from '@medrex/coded-error';
import { privacyError } from '@medrex/privacy';
import { DatabaseError } from 'pg';

/** The vault error for a failure of the database. Errors of the vault are returned unchanged. */
export function vaultFailure(message: string, error: unknown): CodedError {
  if (isCodedError(error) && !error.code.startsWith('POSTGRES_')) return error;
  const cause = error instanceof Error && error.cause instanceof DatabaseError ? error.cause : error;
  const isDamaged = cause instanceof DatabaseError && cause.code?.startsWith('XX') === true;
  const told = error instanceof Error ? error.message : 'unknown failure';
  return privacyError(isDamaged ? 'vaultUnreadable' : 'vaultUnavailable', `${message}: ${told}`, error);
}
