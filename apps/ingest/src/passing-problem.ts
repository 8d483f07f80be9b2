import type { DraftedMessage } from './admit.ts';
import { problemsOf, type MessageResult } from './message-result.ts';
import { problem, type Problem } from './problem.ts';

/** Passing problems are ours (the vault, the log): a message that meets one is tried again, and what stands behind it waits for it. */
function isPassing(value: Problem): boolean {
  return value.status === 503;
}

/** Whether an intake topic must bring this message again before it goes on. */
export function isToBeTriedAgain(result: MessageResult): boolean {
  return problemsOf(result).some(isPassing);
}

/** A run up to the first message that meets a passing problem; the rest is not tried, so that nothing overtakes it. */
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
