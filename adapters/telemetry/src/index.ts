export type { Fields } from './allowed-fields.ts';
export { telemetryErrors } from './errors.ts';
export {
  observabilityRoutes,
  startHttpEndpoint,
  type EndpointPosts,
  type EndpointReply,
  type EndpointRoutes,
  type HttpEndpoint,
  type HttpEndpointOptions,
} from './http-endpoint.ts';
export { loggableError, type LoggableError } from './loggable-error.ts';
export { logLevels, type Log, type LogFields, type LogLevel } from './log.ts';
export {
  defineMetrics,
  describeMetrics,
  durationBuckets,
  type MetricDeclaration,
  type MetricDeclarations,
  type MetricDescription,
  type MetricKind,
} from './metric-declaration.ts';
export type { CounterHandle, GaugeHandle, HistogramHandle, MetricHandle, MetricHandles, Metrics } from './metrics.ts';
export { phiAllowList, type FieldName } from './phi-allow-list.ts';
export { poolMetrics, poolObserver } from './pool-metrics.ts';
export type { Span } from './span.ts';
export { telemetryMetrics } from './telemetry-metrics.ts';
export { telemetryOptions, telemetryVariables } from './telemetry-variables.ts';
export { createTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts';
export { isSampled, newTraceparent } from './traceparent.ts';
export type { FinishedSpan, SpanOptions, Tracing } from './tracing.ts';
