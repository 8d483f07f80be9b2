import { setTimeout as delay } from 'node:timers/promises';
import type { MessageResult } from '../message-result.ts';
import { problem, type Problem } from '../problem.ts';

/** Results of a run, or the problem when they take longer than a request may. */
export async function resultsInTime(
  results: Promise<readonly MessageResult[]>,
  limitMs: number,
): Promise<readonly MessageResult[] | { readonly problem: Problem }> {
  const timer = new AbortController();
  const late = delay(limitMs, undefined, { signal: timer.signal, ref: false }).then(
    () => ({ problem: notInTime(limitMs) }),
    () => [],
  );
  try {
    return await Promise.race([results, late]);
  } finally {
    timer.abort();
  }
}

function notInTime(limitMs: number): Problem {
  const detail = `The operations log did not answer within ${limitMs} ms. Whether the message was stored is not known yet; the same id makes sending it again safe.`;
  return problem('LOG_UNAVAILABLE', { detail, retryAfterS: 5 });
}
