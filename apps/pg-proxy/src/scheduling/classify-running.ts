import { type Pools } from '@medrex/pool';
import type { Backend } from '../session/backend/backend.ts';
import type { Client } from '../session/client/client.ts';
import type { Pooled } from '../session/client/client-options.ts';
import { Request } from '../session/client/request.ts';
import { isHeavier, type Classifier } from './classifier.ts';

/** A statement that runs for less than this blocks nobody, in ms. */
const longMs = 50;

interface Context {
  readonly pools: Pools<Client, Backend>;
  readonly classifier: Classifier;
  readonly nowMs: number;
}

/**
 * Within a transaction the class of a statement becomes known only when it runs. A statement that runs for long is then counted under its
 * own class. Between statements the transaction counts less, so that open cursors from which nobody reads do not block others.
 */
export function classifyRunning(pools: Pools<Client, Backend>, classifier: Classifier, nowMs: number): void {
  for (const { client: pooled, handle } of pools.backends())
    if (pooled !== undefined && handle !== undefined)
      pooled.handle.contain(() => classifyOne(pooled, handle, { pools, classifier, nowMs }));
}

function classifyOne(pooled: Pooled, { expected }: Backend, { pools, classifier, nowMs }: Context): void {
  const request = expected.headNote;
  if (expected.isEmpty) pools.setIdleInTransaction(pooled, true, nowMs);
  if (!(request instanceof Request)) return;
  const { handle: client } = pooled;
  // A client with a backend to itself keeps it, whatever it runs.
  if (pooled.isPinned || client.mode === 'session') return;
  if (nowMs - Math.max(request.backendAt, client.work.lastEndedAt) < longMs) return;
  pools.setIdleInTransaction(pooled, false, nowMs);
  const workClass = classifier.classOfRequest(client, request);
  if (!isHeavier(workClass, 'interactive')) return;
  client.work.lastClass = workClass;
  if (isHeavier(workClass, pooled.workClass)) pools.changeClass(pooled, workClass, nowMs);
}
