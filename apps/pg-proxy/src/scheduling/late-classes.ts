import { type Pools } from '@medrex/pool';
import type { Backend } from '../session/backend/backend.ts';
import type { Client } from '../session/client/client.ts';
import type { Pooled } from '../session/client/client-options.ts';
import { Request } from '../session/client/request.ts';
import { isHeavier, type Classifier } from './classifier.ts';

/** What runs for less holds nobody up. */
const longMs = 50;

interface Looking {
  readonly pools: Pools<Client, Backend>;
  readonly classifier: Classifier;
  readonly nowMs: number;
}

/**
 * In a transaction the class of what runs becomes known when it runs: what runs for long is looked at, and counts as what it is; between its
 * statements it counts less, so that open cursors that nobody reads from hold up no other one.
 */
export function classifyLate(pools: Pools<Client, Backend>, classifier: Classifier, nowMs: number): void {
  for (const { client: pooled, handle } of pools.backends())
    if (pooled !== undefined && handle !== undefined)
      pooled.handle.contain(() => classifyOne(pooled, handle, { pools, classifier, nowMs }));
}

function classifyOne(pooled: Pooled, { expected }: Backend, { pools, classifier, nowMs }: Looking): void {
  const request = expected.headNote;
  if (expected.isEmpty) pools.rest(pooled, true, nowMs);
  if (!(request instanceof Request)) return;
  const { handle: client } = pooled;
  // Whoever has his backend for himself keeps it whatever he runs.
  if (pooled.isPinned || client.mode === 'session') return;
  if (nowMs - Math.max(request.backendAt, client.work.lastEndedAt) < longMs) return;
  pools.rest(pooled, false, nowMs);
  const workClass = classifier.classOfRequest(client, request);
  if (!isHeavier(workClass, 'interactive')) return;
  client.work.habit = workClass;
  if (isHeavier(workClass, pooled.workClass)) pools.reclass(pooled, workClass, nowMs);
}
