export { ingestConfig, ingestVariables, type IngestConfig } from './config.ts';
export { ingestErrors, ingestStartErrors, type IngestErrorCode, type SenderErrorDescription } from './errors.ts';
export { openApi, type OpenApiFacts } from './http/openapi.ts';
export { ingestMetrics } from './metrics.ts';
export type { IngestPorts } from './ports.ts';
export { startIngest } from './start-ingest.ts';
export { postgresIsConfigured, storesVariables } from './stores-variables.ts';
