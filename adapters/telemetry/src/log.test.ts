import { describe, expect, it } from '@jest/globals';
import { prettyLine } from './pretty-line.ts';
import { createTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts';

function logging(options: Partial<TelemetryOptions> = {}): { readonly telemetry: Telemetry; readonly lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    telemetry: createTelemetry({
      service: 'orderer-dag',
      traceRatio: 0,
      isPretty: false,
      writeLog: (line) => lines.push(line),
      ...options,
    }),
  };
}

describe('log', () => {
  it('writes one JSON object a line: time, level, service, sentence, fields', () => {
    const { telemetry, lines } = logging();
    telemetry.log.child({ channel: 'ehr' }).info({ operations: 12, elapsedMs: 3 }, 'plan made');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(JSON.parse(lines[0]!)).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      level: 'info',
      service: 'orderer-dag',
      channel: 'ehr',
      operations: 12,
      elapsedMs: 3,
      message: 'plan made',
    });
  });

  it('omits lines below its level, but counts them', async () => {
    const { telemetry, lines } = logging({ logLevel: 'warn' });
    telemetry.log.info({}, 'plan made');
    telemetry.log.warn({}, 'plan late');
    expect(lines).toHaveLength(1);
    const metrics = await telemetry.metrics.text();
    expect(metrics).toContain('medrex_log_lines_total{level="info"} 1');
    expect(metrics).toContain('medrex_log_lines_total{level="warn"} 1');
    expect(metrics).toContain('medrex_log_lines_total{level="error"} 0');
  });

  it('takes constant sentences and declared fields only: anything else does not compile', () => {
    const { telemetry, lines } = logging();
    const name = ['Ko', 'epp'].join('');
    // @ts-expect-error a sentence made from data
    telemetry.log.info({}, `patient ${name} admitted`);
    // @ts-expect-error a sentence that is data
    telemetry.log.info({}, name);
    // @ts-expect-error a field that the allow-list does not have
    telemetry.log.info({ family: name }, 'patient admitted');
    // @ts-expect-error a text where a number belongs
    telemetry.log.info({ operations: name }, 'patient admitted');
    expect(lines.slice(2).join('')).not.toContain(name);
  });
});

describe('prettyLine', () => {
  it('puts a line into words', () => {
    const json = JSON.stringify({
      level: 'warn',
      time: '2026-01-02T03:04:05.678Z',
      service: 'ingest',
      lag: 3,
      byClass: { cpoe: 1 },
      message: 'intake slow',
    });
    expect(prettyLine(json, false)).toBe(
      '03:04:05.678 warn  ingest              intake slow lag=3 byClass={"cpoe":1}\n',
    );
  });

  it('shows an error by code, message and first place', () => {
    const error = {
      name: 'Error',
      code: 'VAULT_UNAVAILABLE',
      message: 'no answer',
      stack: ['at a (b:1:1)', 'at c (d:1:1)'],
    };
    const json = JSON.stringify({
      level: 'error',
      time: '2026-01-02T03:04:05.678Z',
      service: 'ingest',
      error,
      message: 'intake stopped',
    });
    expect(prettyLine(json, false)).toBe(
      '03:04:05.678 error ingest              intake stopped [VAULT_UNAVAILABLE: no answer at a (b:1:1)]\n',
    );
  });
});
