export { proxyConfig, type ProxyConfig } from './config/proxy-config.ts';
export { pgProxyErrors } from './errors.ts';
export { pgProxyMetrics } from './metrics.ts';
export { trafficMetrics } from './observe/traffic-metrics.ts';
export { checkPgProxyConfig, startPgProxy, type PgProxyStart, type RunningPgProxy } from './start-pg-proxy.ts';
