import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** What Redis can break for who uses it. Nothing that is kept there is the only copy: callers go on without it. */
export const redisErrors = {
  REDIS_UNAVAILABLE: {
    code: 'REDIS_UNAVAILABLE',
    retryable: true,
    meaning: 'Redis is not reachable, or did not answer in time.',
    remedy: 'Look at Redis and at the way to it. Whoever asked goes on without it, and it is tried again by itself.',
  },
  REDIS_POOL_FULL: {
    code: 'REDIS_POOL_FULL',
    retryable: true,
    meaning: 'As many calls as may wait for a connection to Redis are waiting already.',
    remedy: 'Look at medrex_pool_waiting and at how long Redis takes; give the pool more connections if that helps.',
  },
  REDIS_CLOSED: {
    code: 'REDIS_CLOSED',
    retryable: false,
    meaning: 'The pool of connections to Redis was used after it had been closed.',
    remedy: 'A service that stops must stop its own work before its pools.',
  },
} as const satisfies Record<string, ErrorDescription>;

/** An error of this package. @param message what happened to what; never a key, a value or a password. */
export function redisError(
  code: keyof typeof redisErrors,
  message: string,
  options?: { readonly cause?: unknown },
): CodedError {
  return new CodedError(redisErrors[code], message, options);
}
