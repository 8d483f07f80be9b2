import { setTimeout as delay } from 'node:timers/promises';
import type { MessageResult } from '../message-result.ts';
import { problem, type Problem } from '../problem.ts';

/** The results of a run, or a problem when they are not there within `limitMs`. */
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
  const detail = `The operations log did not answer within ${limitMs} ms. It is unknown whether the message was stored; it is safe to send it again with the same id.`;
  return problem('LOG_UNAVAILABLE', { detail, retryAfterS: 5 });
}
