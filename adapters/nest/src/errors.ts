import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** Errors of the transport. */
export const nestErrors = {
  HANDLER_INVALID: {
    code: 'HANDLER_INVALID',
    retryable: false,
    meaning:
      'A controller method listens to a topic without a group, as a request handler, or in addition to another method.',
    remedy: 'Declare one method per topic, by @OnRuns(topic, { group }).',
  },
  NOTHING_TO_UNWRAP: {
    code: 'NOTHING_TO_UNWRAP',
    retryable: false,
    meaning: 'Code asked for the client below the transport.',
    remedy: 'Inject the EventLog instead.',
  },
  SERVICE_CLOSE_TIMEOUT: {
    code: 'SERVICE_CLOSE_TIMEOUT',
    retryable: false,
    meaning: 'A stopping service had not finished its work in time and was terminated.',
    remedy:
      'Nothing is lost: unacknowledged records come again. Look at what the service was waiting for in its last log lines.',
  },
} satisfies Record<string, ErrorDescription>;

export function nestError(code: keyof typeof nestErrors, message: string): CodedError {
  return new CodedError(nestErrors[code], message);
}
