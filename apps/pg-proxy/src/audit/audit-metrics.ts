import { defineMetrics, type Metrics } from '@medrex/telemetry';
import { CounterIncrements } from '../observe/counter-increments.ts';
import type { AuditLog } from './audit-log.ts';

/** Metrics of the audit log; all zero without one. */
export const auditMetrics = defineMetrics({
  auditWritten: {
    name: 'medrex_pg_proxy_audit_entries_total',
    kind: 'counter',
    help: 'Entries of the audit log written to disk.',
  },
  auditDropped: {
    name: 'medrex_pg_proxy_audit_dropped_total',
    kind: 'counter',
    help: 'Statements missing from the audit log because it could not be written.',
  },
  auditWaiting: {
    name: 'medrex_pg_proxy_audit_waiting',
    kind: 'gauge',
    help: 'Entries waiting for the disk.',
  },
  auditFailing: {
    name: 'medrex_pg_proxy_audit_failing',
    kind: 'gauge',
    help: '1 while the audit log cannot be written; statements are then refused or run unrecorded, as audit.whenFull says.',
  },
});

/** Updates them at each scrape. */
export function countAudit(metrics: Metrics, log: AuditLog | undefined): void {
  const { auditWritten, auditDropped, auditWaiting, auditFailing } = metrics.define(auditMetrics);
  const counts = new CounterIncrements();
  if (log === undefined) return;
  metrics.beforeScrape(() => {
    auditWritten.inc(counts.since('written', log.written));
    auditDropped.inc(counts.since('dropped', log.dropped));
    auditWaiting.set(log.waiting);
    auditFailing.set(log.isFailing ? 1 : 0);
  });
}
