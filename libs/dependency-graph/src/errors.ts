import { CodedError, type ErrorDescription } from '@medrex/coded-error';

export const dependencyGraphErrors = {
  SEQ_LIVE: {
    code: 'GRAPH_SEQ_LIVE',
    retryable: false,
    meaning: 'An operation was admitted to the dependency graph although its seq is already live there.',
    remedy: 'Admit each operation of the log once; skip operations that were read before.',
  },
} as const satisfies Record<string, ErrorDescription>;

export function seqLive(seq: number): CodedError {
  return new CodedError(dependencyGraphErrors.SEQ_LIVE, `operation ${seq}: it is live in the graph already`);
}
