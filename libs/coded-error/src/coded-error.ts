/** One row of the generated error reference. */
export interface ErrorDescription {
  readonly code: string;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  readonly meaning: string;
  /** What the reader should do. */
  readonly remedy: string;
}

/**
 * A broken promise with a code and a verdict. Expected outcomes (a conflict, a rejection) are values, not errors.
 * Each package declares its errors once, in `errors.ts`, as a table of descriptions, and throws by code.
 */
export class CodedError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly remedy: string;

  /** @param message what happened to what: `peer0.org1 refused endorsement of tx 9f...: timeout`. */
  constructor(description: ErrorDescription, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'CodedError';
    this.code = description.code;
    this.retryable = description.retryable;
    this.remedy = description.remedy;
  }
}

/** True for a CodedError of any copy of this package, of one code when given. */
export function isCodedError(error: unknown, code?: string): error is CodedError {
  return (
    error instanceof Error &&
    'code' in error &&
    'retryable' in error &&
    'remedy' in error &&
    (code === undefined || error.code === code)
  );
}
