import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** Errors of metric declarations and the HTTP endpoint; docs/errors.md lists them. */
export const telemetryErrors = {
  metricInvalid: {
    code: 'METRIC_INVALID',
    retryable: false,
    meaning: 'A metric was declared twice, under a bad name, or with too many label values.',
    remedy: 'Correct the declaration in the metrics.ts of the process.',
  },
  metricMisused: {
    code: 'METRIC_MISUSED',
    retryable: false,
    meaning:
      'A metric got a label value that its declaration does not list, or a value that is not a number. It is thrown only in tests; in production, it is counted.',
    remedy:
      'Add the value to the declaration, or use a listed one. Keys, identifiers and transaction ids are never label values.',
  },
  otlpUrlInvalid: {
    code: 'OTLP_URL_INVALID',
    retryable: false,
    meaning: 'The address for traces is not an http(s) URL.',
    remedy: 'Give the base address of an OTLP/HTTP receiver, e.g. http://localhost:4318.',
  },
  endpointUnavailable: {
    code: 'HTTP_ENDPOINT_UNAVAILABLE',
    retryable: false,
    meaning: 'The endpoint for metrics and health could not be opened.',
    remedy: 'Choose a free port, or 0 for any.',
  },
} as const satisfies Record<string, ErrorDescription>;

/** An error of this package. */
export function telemetryError(name: keyof typeof telemetryErrors, message: string, cause?: unknown): CodedError {
  return new CodedError(telemetryErrors[name], message, cause === undefined ? undefined : { cause });
}
