import type { DraftedMessage } from './admit.ts';
import { problemsOf, type MessageResult } from './message-result.ts';
import { problem, type Problem } from './problem.ts';

/**
 * Whether a problem is transient and on our side (the vault, the log). The message is then retried, and all later ones
 * wait.
 */
function isTransient(value: Problem): boolean {
  return value.status === 503;
}

/** Whether this message of an intake topic must be retried before any later one. */
export function mustBeRetried(result: MessageResult): boolean {
  return problemsOf(result).some(isTransient);
}

/** The run up to the first message with a transient problem; the rest is not tried, to keep the order. */
export function upToTransientProblem(run: readonly DraftedMessage[]): readonly DraftedMessage[] {
  const end = run.findIndex(({ problem: messageProblem, items }) => {
    return (
      (messageProblem !== undefined && isTransient(messageProblem)) ||
      items.some((item) => item.kind === 'refused' && isTransient(item.problem))
    );
  });
  if (end < 0) return run;
  return [
    ...run.slice(0, end),
    ...run.slice(end).map(({ message, problem: messageProblem }) => ({
      message,
      items: [],
      problem: messageProblem ?? problem('NOT_TRIED'),
    })),
  ];
}
