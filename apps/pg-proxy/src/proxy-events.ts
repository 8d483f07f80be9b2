import type { Telemetry } from '@medrex/telemetry';
import { pgProxyError } from './errors.ts';
import type { PgProxyMetrics } from './metrics.ts';
import type { Observability } from './observe/observability.ts';
import type { ProxyEvents } from './proxy.ts';
import { QueryRefused } from './upstream/query-connection.ts';

/** Records the proxy's events in the log and the metrics. */
export function proxyEvents(metrics: PgProxyMetrics, log: Telemetry['log'], observability: Observability): ProxyEvents {
  return {
    refused: ({ sqlstate, reason }, address) => {
      metrics.loginsRefused.inc();
      // Somebody may be guessing passwords; and a client that ran out of time (57014) was not told anything.
      const level = sqlstate.startsWith('28') || sqlstate === '57014' ? 'warn' : 'debug';
      log[level]({ sqlstate, address, reason }, 'a connection was refused before its login was complete');
    },
    connected: (database, ms, roundTripMs) => observability.connected(database, ms, roundTripMs),
    loginFailed: ({ sqlstate, message }, { host, port }) => {
      const error = pgProxyError('PG_PROXY_UPSTREAM', message);
      log.warn({ sqlstate, address: `${host}:${port}`, error }, 'a backend could not be opened');
    },
    lookupFailed: (error) => {
      metrics.lookupsFailed.inc();
      const sqlstate = error.cause instanceof QueryRefused ? error.cause.sqlstate : undefined;
      log.warn({ sqlstate, error }, 'a user could not be looked up');
    },
    serverMoved: (count) =>
      log.warn({ count }, 'the name of a server resolves to another address; its backends are replaced'),
    rungChanged: ({ level }) => {
      const state = `rung${level}`;
      if (level === 0) log.info({ state }, 'load and memory are normal again');
      else log.warn({ state }, 'load or memory has moved the proxy on the overload ladder');
    },
    internalError: (error) => {
      metrics.internalErrors.inc();
      log.error({ error }, 'an internal error has ended one connection');
    },
    protocolViolation: () => log.error({}, 'a backend broke the protocol and was closed'),
  };
}
