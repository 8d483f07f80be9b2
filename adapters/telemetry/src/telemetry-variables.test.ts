import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { telemetryOptions, telemetryVariables } from './telemetry-variables.ts';

const read = (env: Readonly<Record<string, string>>) =>
  telemetryOptions('ingest', z.object(telemetryVariables).parse(env));

describe('the variables of telemetry', () => {
  it('default to sending nothing, and to tracing a hundredth', () => {
    const nothing = { service: 'ingest', otlpUrl: undefined, traceRatio: 0.01, logLevel: 'info' };
    expect(read({})).toEqual(nothing);
    expect(
      read({ MEDREX_OTLP_URL: '', MEDREX_TRACE_RATIO: '', OTEL_TRACES_SAMPLER: '', MEDREX_LOG_LEVEL: '' }),
    ).toEqual(nothing);
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, 'http://c:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c/otlp/' }, 'https://c/otlp/v1/traces'],
    [
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/x', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://d' },
      'http://c:4318/x',
    ],
    [{ MEDREX_OTLP_URL: 'http://e:1', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://d' }, 'http://e:1'],
    [{ MEDREX_OTLP_URL: 'http://e:1', OTEL_TRACES_EXPORTER: 'none' }, undefined],
    [{ MEDREX_OTLP_URL: 'http://e:1', OTEL_SDK_DISABLED: 'true' }, undefined],
  ])('set the receiver: %j', (env, otlpUrl) => {
    expect(read(env as Readonly<Record<string, string>>).otlpUrl).toBe(otlpUrl);
  });

  it.each([
    [{ OTEL_TRACES_SAMPLER: 'always_on' }, 1],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, 0],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }, 0.25],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio' }, 1],
    [{ MEDREX_TRACE_RATIO: '0.5', OTEL_TRACES_SAMPLER: 'always_on' }, 0.5],
  ])('set the share of traces: %j', (env, ratio) => {
    expect(read(env as Readonly<Record<string, string>>).traceRatio).toBe(ratio);
  });

  it('refuse unsupported values, naming the variable', () => {
    expect(() => read({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toThrow(/OTEL_EXPORTER_OTLP_PROTOCOL/);
    expect(() => read({ OTEL_TRACES_SAMPLER: 'jaeger_remote' })).toThrow(/OTEL_TRACES_SAMPLER/);
    expect(() => read({ MEDREX_LOG_LEVEL: 'loud' })).toThrow(/MEDREX_LOG_LEVEL/);
  });
});
