import { isCodedError, type CodedError } from '@medrex/coded-error';
import { privacyError } from '@medrex/privacy';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long to wait for a lock of another process before the vault counts as unavailable, ms. */
const lockMaxMs = 5_000;
const pauseMs = 10;

/** Primary result codes of https://www.sqlite.org/rescode.html */
const busyCodes: readonly number[] = [5, 6];
const damagedCodes: readonly number[] = [11, 26];

function primaryCode(error: unknown): number | undefined {
  const code = typeof error === 'object' && error !== null && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : undefined;
}

function isOneOf(error: unknown, codes: readonly number[]): boolean {
  const code = primaryCode(error);
  return code !== undefined && codes.includes(code);
}

/** The vault error for a failure of SQLite or the file system. Coded errors are returned unchanged. */
export function vaultFailure(message: string, error: unknown): CodedError {
  if (isCodedError(error)) return error;
  return privacyError(isOneOf(error, damagedCodes) ? 'vaultUnreadable' : 'vaultUnavailable', message, error);
}

/** Retries while another process holds the lock, without blocking this thread in between. */
export async function untilUnlocked<T>(attempt: () => T, waitMaxMs = lockMaxMs): Promise<T> {
  const endMs = Date.now() + waitMaxMs;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isOneOf(error, busyCodes) || Date.now() >= endMs) throw error;
      await sleep(pauseMs);
    }
  }
}
