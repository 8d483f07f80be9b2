export { proxyConfig, type ProxyConfig } from './config/proxy-config.ts';
export { auditMetrics } from './audit/audit-metrics.ts';
export { verifyAudit, type AuditFault, type AuditReport } from './audit/verify.ts';
export { pgProxyErrors } from './errors.ts';
export { pgProxyMetrics } from './metrics.ts';
export { trafficMetrics } from './observe/traffic-metrics.ts';
export { checkPgProxyConfig, startPgProxy, type PgProxyStart, type RunningPgProxy } from './start-pg-proxy.ts';
