import { z } from 'zod';
import { logLevels } from './log.ts';
import type { TelemetryOptions } from './telemetry.ts';

/** At full load a hundred traces a second. */
const standardRatio = 0.01;
const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** An empty variable counts as unset, as in OpenTelemetry. */
const unlessEmpty = <T extends z.ZodType>(schema: T) =>
  z.preprocess((text) => (text === '' ? undefined : text), schema);
const ratio = () => z.coerce.number().min(0).max(1).optional();

/**
 * Environment variables of telemetry, part of every process's configuration. They are OpenTelemetry's where possible; its libraries read
 * OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES and the headers, compression and certificates of the exporter themselves.
 */
export const telemetryVariables = {
  MEDREX_LOG_LEVEL: unlessEmpty(z.enum(logLevels).default('info')).describe('Lowest level that is logged'),
  MEDREX_OTLP_URL: unlessEmpty(z.url().optional()).describe(
    'Receiver of spans (OTLP over HTTP); default: OTEL_EXPORTER_OTLP_ENDPOINT; without either, no spans are sent',
  ),
  MEDREX_TRACE_RATIO: unlessEmpty(ratio()).describe(
    `Share of messages that are traced; default: by OTEL_TRACES_SAMPLER, or else ${standardRatio}`,
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: unlessEmpty(z.url().optional()).describe(
    'Base address of the receiver; /v1/traces is appended',
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: unlessEmpty(z.url().optional()).describe('Full address of the receiver of spans'),
  OTEL_EXPORTER_OTLP_PROTOCOL: unlessEmpty(
    z.enum(['http/json', 'http/protobuf'], 'only OTLP over HTTP is spoken (as JSON): give the HTTP port').optional(),
  ).describe('Spans are sent as http/json, which receivers of http/protobuf also accept'),
  OTEL_TRACES_EXPORTER: unlessEmpty(z.enum(['otlp', 'none']).optional()).describe('none: no spans are sent'),
  OTEL_TRACES_SAMPLER: unlessEmpty(z.enum(samplers).optional()).describe(
    'Which new traces are recorded; a trace that came with a message keeps its decision',
  ),
  OTEL_TRACES_SAMPLER_ARG: unlessEmpty(ratio()).describe('Share for traceidratio; default: 1'),
  OTEL_SDK_DISABLED: unlessEmpty(z.stringbool().default(false)).describe('true: no spans are made'),
} as const;

type Variables = z.infer<z.ZodObject<typeof telemetryVariables>>;

/** The options of `createTelemetry` from a process's configuration. */
export function telemetryOptions(service: string, config: Variables): TelemetryOptions {
  return {
    service,
    otlpUrl: receiverOf(config),
    traceRatio: config.MEDREX_TRACE_RATIO ?? ratioOf(config),
    logLevel: config.MEDREX_LOG_LEVEL,
  };
}

function receiverOf(config: Variables): string | undefined {
  if (config.OTEL_SDK_DISABLED || config.OTEL_TRACES_EXPORTER === 'none') return undefined;
  const base = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  return (
    config.MEDREX_OTLP_URL ??
    config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ??
    (base === undefined ? undefined : `${base.replace(/\/$/, '')}/v1/traces`)
  );
}

function ratioOf({ OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: share = 1 }: Variables): number {
  if (sampler === undefined) return standardRatio;
  if (sampler.endsWith('traceidratio')) return share;
  return sampler.endsWith('always_on') ? 1 : 0;
}
