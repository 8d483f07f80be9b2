import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** Errors of the Redis adapter. Redis never holds the only copy of anything, so callers can go on without it. */
export const redisErrors = {
  REDIS_UNAVAILABLE: {
    code: 'REDIS_UNAVAILABLE',
    retryable: true,
    meaning: 'Redis is not reachable, or did not answer in time.',
    remedy: 'Check Redis and the network to it. The service goes on without it, and reconnects by itself.',
  },
  REDIS_POOL_FULL: {
    code: 'REDIS_POOL_FULL',
    retryable: true,
    meaning: 'The maximum number of calls is already waiting for a connection to Redis.',
    remedy: 'Check medrex_pool_waiting and the latency of Redis; give the pool more connections if that helps.',
  },
  REDIS_CLOSED: {
    code: 'REDIS_CLOSED',
    retryable: false,
    meaning: 'The pool of connections to Redis was used after it had been closed.',
    remedy: 'Report it: a service that stops must end its work before it closes its pools.',
  },
} as const satisfies Record<string, ErrorDescription>;

/** An error of this package. @param message what failed; never a key, a value or a password */
export function redisError(
  code: keyof typeof redisErrors,
  message: string,
  options?: { readonly cause?: unknown },
): CodedError {
  return new CodedError(redisErrors[code], message, options);
}
