import type { WireFault } from '@medrex/pg-wire';
import type { ScopedSettings } from '../../config/scoped-settings.ts';
import { timeoutOf } from '../../config/session-settings.ts';
import type { Backend } from '../backend/backend.ts';
import type { Client } from './client.ts';
import { Request } from './request.ts';

/** Clients that hold a backend, checked often, and all clients, checked from time to time. */
export interface TimeoutsOptions {
  readonly busy: () => Iterable<Client>;
  readonly all: ReadonlySet<Client>;
  readonly cancel: (backend: Backend) => void;
}

/** The state in which a client with a backend was last seen, and since when. */
interface ClientState {
  backend: Backend;
  /** Counts of the answers and transactions that had ended. */
  answers: number;
  transactions: number;
  isAsked: boolean;
  sinceMs: number;
  transactionSinceMs: number;
  /** When its statement was cancelled. */
  cancelledAtMs: number | undefined;
}

/** A client whose statement does not end this long after its cancel is disconnected, in ms. */
const afterCancelMs = 10_000;
/** How often idle clients are checked, in ms. */
const idleCheckMs = 1_000;

const faults = {
  transaction: { sqlstate: '25P04', message: 'terminating connection due to transaction timeout' },
  transactionIdle: { sqlstate: '25P03', message: 'terminating connection due to idle-in-transaction timeout' },
  clientIdle: { sqlstate: '57P05', message: 'terminating connection due to idle-session timeout' },
  query: { sqlstate: '57014', message: 'terminating connection due to query timeout' },
} as const satisfies Record<string, WireFault>;

/**
 * Ends what takes longer than its settings allow. It checks at intervals instead of starting a timer for each statement, so the data path
 * does nothing for it; a timeout is late by at most one interval.
 */
export class Timeouts {
  readonly #options: TimeoutsOptions;
  readonly #states = new WeakMap<Client, ClientState>();
  #idleCheckedAtMs = 0;

  constructor(options: TimeoutsOptions) {
    this.#options = options;
  }

  tick(nowMs: number): void {
    for (const client of this.#options.busy()) client.contain(() => this.#check(client, nowMs));
    if (nowMs - this.#idleCheckedAtMs < idleCheckMs) return;
    this.#idleCheckedAtMs = nowMs;
    for (const client of this.#options.all)
      client.contain(() => {
        if (isIdleTooLong(client, nowMs) && client.isIdle) client.end(faults.clientIdle);
      });
  }

  #check(client: Client, nowMs: number): void {
    const { backend, scoped } = client;
    if (backend === undefined) return;
    const seen = this.#updateState(client, backend, nowMs);
    const { isInside } = backend;
    if (seen.isAsked) this.#checkStatement(client, backend, seen, nowMs);
    else if (isInside && isPast(scoped.transactionIdleTimeoutMs, seen.sinceMs, nowMs))
      return client.end(faults.transactionIdle);
    if (isInside && isPast(scoped.transactionTimeoutMs, seen.transactionSinceMs, nowMs)) client.end(faults.transaction);
  }

  #checkStatement(client: Client, backend: Backend, seen: ClientState, nowMs: number): void {
    if (seen.cancelledAtMs !== undefined) {
      if (nowMs - seen.cancelledAtMs >= afterCancelMs) client.end(faults.query);
      return;
    }
    if (!isPast(queryTimeoutOf(backend, client.scoped), seen.sinceMs, nowMs)) return;
    seen.cancelledAtMs = nowMs;
    backend.cancelReason = 'canceling statement due to query timeout';
    this.#options.cancel(backend);
  }

  #updateState(client: Client, backend: Backend, nowMs: number): ClientState {
    const known = this.#states.get(client);
    const seen = known?.backend === backend ? known : newState(backend, nowMs);
    this.#states.set(client, seen);
    const isAsked = !backend.expected.isEmpty;
    if (seen.answers !== backend.answers || seen.isAsked !== isAsked) {
      Object.assign(seen, { answers: backend.answers, isAsked, sinceMs: nowMs, cancelledAtMs: undefined });
    }
    if (seen.transactions !== backend.transactions || !backend.isInside)
      Object.assign(seen, { transactions: backend.transactions, transactionSinceMs: nowMs });
    return seen;
  }
}

function newState(backend: Backend, nowMs: number): ClientState {
  return {
    backend,
    answers: backend.answers,
    transactions: backend.transactions,
    isAsked: !backend.expected.isEmpty,
    sinceMs: nowMs,
    transactionSinceMs: nowMs,
    cancelledAtMs: undefined,
  };
}

/** The server enforces a session's own timeout while the client holds a backend; without one, the proxy does. */
function isIdleTooLong(client: Client, nowMs: number): boolean {
  if (isPast(client.scoped.clientIdleTimeoutMs, client.lastMessageAtMs, nowMs)) return true;
  return (
    client.backend === undefined &&
    isPast(timeoutOf(client.settings, 'idle_session_timeout'), client.lastMessageAtMs, nowMs)
  );
}

/** The timeout of the running statement: its own, if it has one. */
function queryTimeoutOf(backend: Backend, scoped: ScopedSettings): number {
  const note = backend.expected.headNote;
  return (note instanceof Request ? note.hints.queryTimeoutMs : undefined) ?? scoped.queryTimeoutMs;
}

function isPast(timeoutMs: number, sinceMs: number, nowMs: number): boolean {
  return timeoutMs > 0 && nowMs - sinceMs >= timeoutMs;
}
