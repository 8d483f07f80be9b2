import { isCodedError, type CodedError } from '@medrex/coded-error';
import { privacyError } from '@medrex/privacy';
import { DatabaseError } from 'pg';

/** What a failure of the database means for who asked the vault. The vault's own answers stay what they are. */
export function vaultFailure(message: string, error: unknown): CodedError {
  if (isCodedError(error) && !error.code.startsWith('POSTGRES_')) return error;
  const cause = error instanceof Error && error.cause instanceof DatabaseError ? error.cause : error;
  const isDamaged = cause instanceof DatabaseError && cause.code?.startsWith('XX') === true;
  const told = error instanceof Error ? error.message : 'unknown failure';
  return privacyError(isDamaged ? 'vaultUnreadable' : 'vaultUnavailable', `${message}: ${told}`, error);
}
