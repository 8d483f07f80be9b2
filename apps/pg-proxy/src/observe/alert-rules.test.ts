import { describe, expect, it } from '@jest/globals';
import { describeMetrics } from '@medrex/telemetry';
import { readFileSync } from 'node:fs';
import { auditMetrics } from '../audit/audit-metrics.ts';
import { pgProxyMetrics } from '../metrics.ts';
import { trafficMetrics } from './traffic-metrics.ts';

const rules = readFileSync(new URL('../../../../deploy/prometheus/pg-proxy.rules.yaml', import.meta.url), 'utf8');
const declared = describeMetrics({ ...pgProxyMetrics, ...trafficMetrics(['a']), ...auditMetrics });

describe('the alert rules', () => {
  it('use existing metrics and labels', () => {
    const used = [...rules.matchAll(/medrex_[a-z_]+(?:\{([a-z]+)(?==~?"([^"]*)"))?/g)];
    expect(used.length).toBeGreaterThan(8);
    for (const [text, label, values] of used) {
      const name = text.replace(/\{.*/, '').replace(/_(?:bucket|count|sum)$/, '');
      const metric = declared.find((one) => one.name === name);
      expect([name, metric?.name]).toEqual([name, name]);
      if (label === undefined) continue;
      const known = metric?.labels
        .find((one) => one.startsWith(`${label}: `))
        ?.slice(label.length + 2)
        .split(', ');
      expect(known).toEqual(expect.arrayContaining(values?.split('|') ?? []));
    }
  });
});
