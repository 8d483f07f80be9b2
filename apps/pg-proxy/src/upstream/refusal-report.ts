import type { Report, WireFault } from '@medrex/pg-wire';
import type { Refusal, WaitNotice, WorkloadClass } from '@medrex/pool';

const secondsText = (ms: number): string => `${Math.ceil(ms / 100) / 10} s`;
/** When the client's turn is expected; empty if nobody has been served yet. */
const etaText = (ms: number | undefined, more = ''): string =>
  ms === undefined ? '' : `, expected after ${secondsText(ms)}${more}`;

/** Sent to clients of a database that is closed by DISABLE. */
export const notAccepting = (database: string): WireFault => ({
  sqlstate: '55000',
  message: `database "${database}" is not currently accepting connections`,
});

/** An upstream accepted a connection and sent nothing, or hung up. */
const noAnswer: Omit<Report, 'severity'> = {
  sqlstate: '08006',
  message: 'the database server did not finish the login',
};

/**
 * The shortest time after which to retry, in ms: no rung of the ladder is left sooner, and if nobody knows when a place is free, nobody
 * should ask sooner.
 */
const retryMinMs = 5_000;

/** Sent to a client that gets no backend. */
export function refusalReport(refusal: Refusal): Report {
  const severity = 'ERROR';
  switch (refusal.reason) {
    case 'upstream':
      return { ...((refusal.error ?? noAnswer) as Report), severity };
    case 'shed':
      return {
        severity,
        sqlstate: refusal.sqlstate,
        message: `overload: ${refusal.workClass} work is refused at the moment`,
        hint: `Try again in ${secondsText(Math.max(retryMinMs, refusal.etaMs ?? 0))} or later.`,
      };
    case 'paused':
      return { severity, sqlstate: refusal.sqlstate, message: 'the database has been paused for too long' };
    case 'queue_full':
      return {
        severity,
        sqlstate: refusal.sqlstate,
        message: 'too many clients are waiting for a connection to the database',
        detail: `Its place in the queue would be ${refusal.position}${etaText(refusal.etaMs)}.`,
        hint: `Try again in ${secondsText(refusal.etaMs ?? retryMinMs)} or later.`,
      };
    case 'timeout':
      return {
        severity,
        sqlstate: refusal.sqlstate,
        message: 'timed out waiting for a connection to the database',
        detail: `Waited ${secondsText(refusal.waitedMs)}; place ${refusal.position} in the queue${etaText(refusal.etaMs, ' more')}.`,
      };
  }
}

/** Sent while only cached answers are served, for a read that is not in the cache. */
export function cacheOnlyReport(workClass: WorkloadClass): Report {
  return {
    severity: 'ERROR',
    sqlstate: '53300',
    message: `overload: ${workClass} work is answered only from the cache, which does not have this answer`,
    hint: `Try again in ${secondsText(retryMinMs)} or later.`,
  };
}

const causes = {
  busy: 'all connections to the database are busy',
  paused: 'the database is paused',
  upstream: 'the database cannot be reached',
} as const;

/** Sent to a client that has waited for long. */
export function waitReport({ cause, position, waiting, waitedMs, etaMs }: WaitNotice): Report {
  return {
    severity: 'NOTICE',
    sqlstate: '00000',
    message: `waiting for a connection: ${causes[cause]}`,
    detail: `Waited ${secondsText(waitedMs)}; place ${position} of ${waiting}${etaText(etaMs)}.`,
  };
}
