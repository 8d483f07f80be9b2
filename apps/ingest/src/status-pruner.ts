import type { StatusStore } from '@medrex/contracts';

const hourMs = 3_600_000;

/** Forgets statuses that were settled before the dedupe window, once an hour. @returns how to stop it. */
export function pruneStatuses(
  statuses: Pick<StatusStore, 'prune'>,
  windowMs: number,
  nowMs: () => number,
  onFailure: (error: unknown) => void,
): () => void {
  const timer = setInterval(() => void statuses.prune(nowMs() - windowMs).catch(onFailure), hourMs);
  timer.unref();
  return () => clearInterval(timer);
}
