import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** What the transport refuses. */
export const nestErrors = {
  HANDLER_INVALID: {
    code: 'HANDLER_INVALID',
    retryable: false,
    meaning:
      'A controller method listens to a topic without saying for which group, as a request handler, or beside another method.',
    remedy: 'Declare one method per topic, by @OnRuns(topic, { group }).',
  },
  NOTHING_TO_UNWRAP: {
    code: 'NOTHING_TO_UNWRAP',
    retryable: false,
    meaning: 'The client below the transport was asked for.',
    remedy: 'Inject the EventLog instead.',
  },
  SERVICE_CLOSE_TIMEOUT: {
    code: 'SERVICE_CLOSE_TIMEOUT',
    retryable: false,
    meaning: 'A service that was told to stop had not finished what it had in hand in time; it was ended.',
    remedy: 'Nothing is lost: what was not acknowledged comes again. Look at what its last log lines were waiting for.',
  },
} satisfies Record<string, ErrorDescription>;

export function nestError(code: keyof typeof nestErrors, message: string): CodedError {
  return new CodedError(nestErrors[code], message);
}
