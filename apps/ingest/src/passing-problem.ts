import type { DraftedMessage } from './admit.ts';
import { problemsOf, type MessageResult } from './message-result.ts';
import { problem, type Problem } from './problem.ts';

/** Whether a problem is transient and ours (the vault, the log); then the message is retried, and all behind it wait. */
function isPassing(value: Problem): boolean {
  return value.status === 503;
}

/** Whether this message of an intake topic must be retried before any later one. */
export function isToBeTriedAgain(result: MessageResult): boolean {
  return problemsOf(result).some(isPassing);
}

/** The run up to the first message with a transient problem; the rest is not tried, to keep the order. */
export function cutAtPassingProblem(run: readonly DraftedMessage[]): readonly DraftedMessage[] {
  const end = run.findIndex(({ problem: whole, items }) => {
    return (
      (whole !== undefined && isPassing(whole)) ||
      items.some((item) => item.kind === 'refused' && isPassing(item.problem))
    );
  });
  if (end < 0) return run;
  return [
    ...run.slice(0, end),
    ...run
      .slice(end)
      .map(({ message, problem: whole }) => ({ message, items: [], problem: whole ?? problem('NOT_TRIED') })),
  ];
}
