import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** What the transport refuses. */
export const nestErrors = {
  HANDLER_INVALID: {
    code: 'HANDLER_INVALID',
    retryable: false,
    meaning: 'A controller method listens to a topic without saying for which group, or as a request handler.',
    remedy: 'Declare it by @OnRuns(topic, { group }).',
  },
  NOTHING_TO_UNWRAP: {
    code: 'NOTHING_TO_UNWRAP',
    retryable: false,
    meaning: 'The client below the transport was asked for.',
    remedy: 'Inject the EventLog instead.',
  },
} satisfies Record<string, ErrorDescription>;

export function nestError(code: keyof typeof nestErrors, message: string): CodedError {
  return new CodedError(nestErrors[code], message);
}
