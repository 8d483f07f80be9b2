import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** Errors of the JDBC bridge; those of the server are SqlFailure. */
export const irisErrors = {
  IRIS_BRIDGE_UNUSABLE: {
    code: 'IRIS_BRIDGE_UNUSABLE',
    retryable: true,
    meaning: 'The Java process that holds the connections to IRIS could not be started, or has ended.',
    remedy:
      'Install a JDK (17 or newer) and name it in `upstreams.<name>.jdbc.java` where it is not on the PATH; look at what it printed. It is started again by itself.',
  },
} as const satisfies Record<string, ErrorDescription>;

/** An error of the adapter by its code. @param message what failed; without secrets and SQL */
export function irisError(
  code: keyof typeof irisErrors,
  message: string,
  options?: { readonly cause?: unknown },
): CodedError {
  return new CodedError(irisErrors[code], message, options);
}
